"""Where the person writes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.gui.chat.composing.attachments import Chip, local_files, parted
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

MOST_LINES = 8
LONG_PASTE = 8000  # characters; a longer paste becomes an attachment instead of text to lay out
LONG_LINES = 60  # and so does one of more lines


def _redoes(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Redo)


class ComposerText(QPlainTextEdit):
    """The text field: Enter sends, Shift+Enter begins a new line, it grows to eight lines.

    Signals:
        submitted: Enter was pressed.
        stopped: Escape was pressed.
        pasted_long: a paste too long to edit comfortably.
        focus_changed: it got or lost the cursor.
        paged: Page Up (-1) or Page Down (1), meant for the conversation.
        files_given: paths of files that were dropped on it or pasted.
    """

    submitted = Signal()
    stopped = Signal()
    pasted_long = Signal(str)
    focus_changed = Signal(bool)
    paged = Signal(int)
    files_given = Signal(list)

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
        theme.resized.connect(lambda: self.setFont(theme.fonts.chat))
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

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and not self.document().isRedoAvailable() and _redoes(event):
            event.ignore()  # nothing to do again here: the key is the window's
            return False
        return super().event(event)

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

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return bool(local_files(source)) or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        files = local_files(source)
        if files:
            self.files_given.emit(files)
            return
        text = source.text()
        if len(text) > LONG_PASTE or text.count("\n") >= LONG_LINES:
            self.pasted_long.emit(text)
        elif text:
            self.insertPlainText(text)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)


class Hint(QLabel):
    """A quiet sentence below the composer; hidden while there is nothing to say."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", "muted")
        self.setFont(theme.fonts.small)
        self.setWordWrap(True)
        self.setContentsMargins(12, 0, 12, 0)
        self.hide()

    def tell(self, text: str) -> None:
        """Say this, or nothing."""
        self.setText(text)
        self.setVisible(bool(text))


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
        options: opens prompt and sampling of this conversation.

    Signals:
        send_requested: send the text.
        stop_requested: stop the reply.
        options_requested: prompt and sampling of this conversation.
        attach_requested: a file is to be chosen.
        thinking_chosen: whether the model is to think before it answers.
        changed: other text stands in it, or other attachments.
    """

    send_requested = Signal()
    stop_requested = Signal()
    options_requested = Signal()
    attach_requested = Signal()
    thinking_chosen = Signal(bool)
    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerBox")
        self._theme = theme
        self._generating = self._available = False
        self._chips: list[Chip] = []
        self.editor = ComposerText(theme)
        self.editor.submitted.connect(self.on_submitted)
        self.editor.stopped.connect(self.on_stopped)
        self.editor.pasted_long.connect(self.attach)
        self.editor.focus_changed.connect(self.on_focus_changed)
        self.editor.textChanged.connect(self.changed)
        self.button = ThemedButton(theme, self.tr("Send"), symbol="send", kind="primary")
        self.button.setMinimumWidth(88)
        self.button.clicked.connect(self.on_button_clicked)
        self.clip = ThemedButton(theme, symbol="clip", kind="icon", name=self.tr("Attach a file"))
        self.clip.setToolTip(self.tr("Attach a file: text, code, Markdown or PDF; or drop it here"))
        self.clip.clicked.connect(self.attach_requested)
        self.think = ThemedButton(theme, self.tr("Think"), symbol="think", kind="ghost")
        self.think.setCheckable(True)
        self.think.setToolTip(self.tr("Let the model think before it answers in this conversation"))
        self.think.clicked.connect(self.thinking_chosen)
        self.think.hide()
        self.options = ThemedButton(theme, symbol="sliders", kind="icon")
        self.options.clicked.connect(self.options_requested)
        self.set_own(False)
        self._chip_row = QHBoxLayout()
        self._chip_row.setSpacing(8)
        self._chip_row.addStretch()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.clip, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.think, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.options, 0, Qt.AlignmentFlag.AlignBottom)
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

    def is_empty(self) -> bool:
        """Whether nothing would be sent."""
        return not self._chips and self.editor.document().isEmpty()

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
        """Hold this text and nothing else; its files, and what is too long to edit comfortably, as attachments."""
        self.clear()
        files, rest = parted(text)
        if len(rest) > LONG_PASTE:
            files, rest = [*files, rest], ""
        if files or rest:
            self.put_back(Draft(rest, tuple(files)))

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
        chip = Chip(self._theme, text)
        chip.remove.clicked.connect(lambda: self._drop(chip))
        chip.unfold.clicked.connect(lambda: self._unfold(chip))
        self._chips.append(chip)
        self._chip_row.insertWidget(len(self._chips) - 1, chip)
        self.changed.emit()

    def set_available(self, available: bool, placeholder: str, *, writable: bool = False) -> None:
        """Let the person send, or say why not; ``writable``: what cannot be sent yet can be written."""
        self._available = available
        self.editor.setEnabled(available or writable)
        self.editor.setPlaceholderText(placeholder)
        self.button.setEnabled(available or self._generating)

    def set_thinking(self, available: bool, thinks: bool) -> None:
        """Whether the model knows a switch for it, and how that stands."""
        self.think.setVisible(available)
        self.think.setChecked(thinks)

    def set_own(self, own: bool) -> None:
        """Whether the conversation has a prompt or sampling of its own."""
        name = self.tr("Prompt and sampling of this conversation")
        self.options.set_symbol("sliders-on" if own else "sliders")
        self.options.setAccessibleName(self.tr("{name}: its own").format(name=name) if own else name)
        about = self.tr("It has its own.") if own else self.tr("As in the settings.")
        self.options.setToolTip(f"{name}\n{about}")

    @property
    def generating(self) -> bool:
        """Whether the button stops a reply."""
        return self._generating

    def set_generating(self, generating: bool) -> None:
        """Show Stop while a reply is written, Send otherwise."""
        self._generating = generating
        text = self.tr("Stop") if generating else self.tr("Send")
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setToolTip(self.tr("Stop") if generating else self.tr("Send (Enter); Shift+Enter: new line"))
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

    def _unfold(self, chip: Chip) -> None:
        """Put a paste into the field after all, where the cursor is."""
        self._drop(chip)
        self.editor.insertPlainText(chip.text)
        self.editor.setFocus()

    def _drop(self, chip: Chip) -> None:
        self._chips.remove(chip)
        self._chip_row.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
        self.changed.emit()
