"""Where the person writes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.gui.kit import figures
from helix_app.gui.kit.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

MOST_LINES = 8
LONG_PASTE = 8000  # characters; a longer paste becomes an attachment instead of text to lay out


class ComposerText(QPlainTextEdit):
    """The text field: Enter sends, Shift+Enter begins a new line, it grows to eight lines.

    Signals:
        submitted: Enter was pressed.
        stopped: Escape was pressed.
        pasted_long: a paste too long to edit comfortably.
        focus_changed: it got or lost the cursor.
        paged: Page Up (-1) or Page Down (1), meant for the conversation.
    """

    submitted = Signal()
    stopped = Signal()
    pasted_long = Signal(str)
    focus_changed = Signal(bool)
    paged = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerText")
        self.setFont(theme.fonts.chat)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setAccessibleName(self.tr("Message"))
        self.textChanged.connect(self.on_text_changed)
        self.on_text_changed()

    def on_text_changed(self) -> None:
        """Grow or shrink with the text."""
        lines = min(MOST_LINES, max(1, round(self.document().size().height())))
        spacing = QFontMetrics(self.font()).lineSpacing()
        self.setFixedHeight(lines * spacing + 4)
        full = self.document().size().height() > MOST_LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if full else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.on_text_changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            self.submitted.emit()
        elif enter:
            self.insertPlainText("\n")
            self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Escape:
            self.stopped.emit()
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.paged.emit(-1 if event.key() == Qt.Key.Key_PageUp else 1)
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text) > LONG_PASTE:
            self.pasted_long.emit(text)
        elif text:
            self.insertPlainText(text)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)


class _Chip(QFrame):
    """A long paste: its size, its beginning, and a button to drop it."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.text = text
        start = " ".join(text[:200].split())[:32]
        label = QLabel(
            self.tr("Pasted text, {n} characters: “{start}…”").format(n=figures.count(len(text)), start=start)
        )
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(theme.fonts.small)
        self.remove = ThemedButton(theme, symbol="close", kind="smallicon", name=self.tr("Remove pasted text"))
        self.remove.setToolTip(self.tr("Remove pasted text"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(label)
        row.addWidget(self.remove)


@dataclass(frozen=True)
class Draft:
    """What stands in the composer: the text, and long pastes beside it."""

    typed: str
    pasted: tuple[str, ...] = ()


class Composer(QFrame):
    """The text field with its Send button, which is Stop while a reply is written.

    Attributes:
        editor: the text field.
        button: Send or Stop.

    Signals:
        send_requested: send the text.
        stop_requested: stop the reply.
    """

    send_requested = Signal()
    stop_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerBox")
        self._theme = theme
        self._generating = self._available = False
        self._chips: list[_Chip] = []
        self.editor = ComposerText(theme)
        self.editor.submitted.connect(self.on_submitted)
        self.editor.stopped.connect(self.on_stopped)
        self.editor.pasted_long.connect(self.attach)
        self.editor.focus_changed.connect(self.on_focus_changed)
        self.button = ThemedButton(theme, self.tr("Send"), symbol="send", kind="primary")
        self.button.setMinimumWidth(88)
        self.button.clicked.connect(self.on_button_clicked)
        self._chip_row = QHBoxLayout()
        self._chip_row.setSpacing(8)
        self._chip_row.addStretch()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(self._chip_row)
        column.addLayout(row)
        self.editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.editor)
        self.set_generating(False)

    def text(self) -> str:
        """What would be sent: the pasted texts and what is typed."""
        typed = self.editor.toPlainText().strip()
        return "\n\n".join([chip.text for chip in self._chips] + ([typed] if typed else []))

    def draft(self) -> Draft:
        """What stands in it, to be put back."""
        return Draft(self.editor.toPlainText(), tuple(chip.text for chip in self._chips))

    def put_back(self, draft: Draft) -> None:
        """Let it hold again what was sent in vain, before what was written since."""
        since = self.editor.toPlainText()
        self.editor.setPlainText("\n\n".join(text for text in (draft.typed, since) if text.strip()))
        self.editor.moveCursor(QTextCursor.MoveOperation.End)
        for text in draft.pasted:
            self.attach(text)

    def show_text(self, text: str) -> None:
        """Hold this text and nothing else; one too long to edit comfortably as an attachment."""
        self.clear()
        if len(text) > LONG_PASTE:
            self.attach(text)
        elif text:
            self.put_back(Draft(text))

    def clear(self) -> None:
        """Empty it."""
        self.editor.clear()
        for chip in list(self._chips):
            self._drop(chip)

    def insert(self, text: str) -> None:
        """Type text at the end and take the cursor."""
        self.editor.moveCursor(QTextCursor.MoveOperation.End)
        self.editor.insertPlainText(text)
        self.editor.setFocus()

    def attach(self, text: str) -> None:
        """Keep a long paste beside the text field."""
        chip = _Chip(self._theme, text)
        chip.remove.clicked.connect(lambda: self._drop(chip))
        self._chips.append(chip)
        self._chip_row.insertWidget(len(self._chips) - 1, chip)

    def set_available(self, available: bool, placeholder: str, *, writable: bool = False) -> None:
        """Let the person send, or say why not; ``writable``: what cannot be sent yet can be written."""
        self._available = available
        self.editor.setEnabled(available or writable)
        self.editor.setPlaceholderText(placeholder)
        self.button.setEnabled(available or self._generating)

    def set_generating(self, generating: bool) -> None:
        """Show Stop while a reply is written, Send otherwise."""
        self._generating = generating
        text = self.tr("Stop") if generating else self.tr("Send")
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setToolTip(self.tr("Stop (Esc)") if generating else self.tr("Send (Enter); Shift+Enter: new line"))
        self.button.set_symbol("stop" if generating else "send")
        self.button.setEnabled(generating or self._available)

    def on_submitted(self) -> None:
        """Enter: send; whoever hears it decides what comes of it while a reply is being written."""
        self.send_requested.emit()

    def on_stopped(self) -> None:
        """Escape: stop."""
        if self._generating:
            self.stop_requested.emit()

    def on_button_clicked(self) -> None:
        """Send or Stop, as the button says."""
        if self._generating:
            self.stop_requested.emit()
        else:
            self.send_requested.emit()

    def on_focus_changed(self, focused: bool) -> None:
        """Draw the frame in the accent colour while it has the cursor."""
        self.setProperty("focused", "true" if focused else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def _drop(self, chip: _Chip) -> None:
        self._chips.remove(chip)
        self._chip_row.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
