"""Where the person writes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.gui.chat.composing.attachments import Chip, ComingChip, parted
from helix_app.gui.chat.composing.chip_lines import ChipLines
from helix_app.gui.chat.composing.field import LONG_PASTE, ComposerText
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme


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
        self._generating = self._available = self._plain = False
        self._chips: list[Chip] = []
        self._coming: deque[ComingChip] = deque()  # in the order in which they are read
        self._held = False  # sent as soon as they are
        self.editor = ComposerText(theme)
        self.editor.submitted.connect(self.on_submitted)
        self.editor.stopped.connect(self.on_stopped)
        self.editor.pasted_long.connect(self.on_pasted_long)
        self.editor.focus_changed.connect(self.on_focus_changed)
        self.editor.textChanged.connect(self.changed)
        self.editor.textChanged.connect(lambda: self.hold(False))
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
        self._chip_lines = ChipLines()
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
        column.addLayout(self._chip_lines)
        column.addLayout(row)
        self.editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.editor)
        self.set_generating(False)

    def text(self) -> str:
        """What would be sent: the pasted texts and what is typed, to the last space where it is to be continued."""
        typed = self.editor.toPlainText() if self._plain else self.editor.toPlainText().strip()
        return "\n\n".join([chip.text for chip in self._chips] + ([typed] if typed else []))

    def is_empty(self) -> bool:
        """Whether nothing stands in it, and nothing is on its way into it."""
        return not self._chips and not self.reading and self.editor.document().isEmpty()

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
        """Hold this text and nothing else; its files, and what is too long to edit comfortably, as attachments.

        A text that is to be continued stands in the field however long it is.
        """
        self.clear()
        files, rest = parted(text)
        if len(rest) > LONG_PASTE and not self._plain:
            files, rest = [*files, rest], ""
        if files or rest:
            self.put_back(Draft(rest, tuple(files)))

    def clear(self) -> None:
        """Empty it."""
        self.hold(False)
        self.editor.clear()
        for chip in list(self._chips):
            self._drop(chip)
        for coming in self._coming:
            self._put_away(coming)

    def insert(self, text: str) -> None:
        """Type text at the end and take the cursor."""
        self.editor.moveCursor(QTextCursor.MoveOperation.End)
        self.editor.insertPlainText(text)
        self.editor.setFocus()

    def retype(self, text: str) -> None:
        """Let this be typed in place of what is, which undoing brings back; what is attached stays."""
        cursor = self.editor.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.setTextCursor(cursor)
        self.editor.setFocus()

    def attach(self, text: str) -> None:
        """Keep a long paste beside the text field."""
        chip = Chip(self._theme, text)
        chip.remove.clicked.connect(lambda: self._drop(chip))
        chip.unfold.clicked.connect(lambda: self._unfold(chip))
        self._chips.append(chip)
        self._chip_lines.addWidget(chip)
        self.changed.emit()

    def expect(self, name: str) -> None:
        """A file is being read; ``take`` says what came of it. Nothing is sent meanwhile."""
        coming = ComingChip(self._theme, name)
        coming.remove.clicked.connect(lambda: self._forget(coming))
        self._coming.append(coming)
        self._chip_lines.addWidget(coming)

    def take(self, text: str | None) -> bool:
        """The first file that is expected was read, or could not be; whether it was still wanted."""
        coming = self._coming.popleft() if self._coming else None
        wanted = coming is None or coming.wanted
        if coming is not None:
            self._put_away(coming)
            coming.deleteLater()
        if wanted and text is None:
            self.hold(False)
        elif wanted and text is not None:
            self.attach(text)
        self._send_held()
        return wanted

    def wanted(self) -> tuple[bool, ...]:
        """Of each file that is being read, in order, whether it is still to go into the message."""
        return tuple(coming.wanted for coming in self._coming)

    def want_again(self, index: int) -> None:
        """A file that is being read is to go into the message after all."""
        coming = self._coming[index]
        coming.wanted = True
        self._chip_lines.addWidget(coming)
        coming.show()

    @property
    def reading(self) -> bool:
        """Whether a file for the message is being read."""
        return any(coming.wanted for coming in self._coming)

    def hold(self, held: bool) -> None:
        """Whether the message goes out as soon as its files are read; typing changes that."""
        self._held = held
        for coming in self._coming:
            coming.tell(sends=held)

    def set_available(self, available: bool, placeholder: str, *, writable: bool = False) -> None:
        """Let the person send, or say why not; ``writable``: what cannot be sent yet can be written."""
        self._available = available
        self.editor.setEnabled(available or writable)
        self.editor.setPlaceholderText(placeholder)
        self.button.setEnabled(available or self._generating)

    def set_plain(self, plain: bool) -> None:
        """Whether its text is continued as it stands, rather than answered."""
        if plain != self._plain:
            self._plain = plain
            self.editor.setAccessibleName(self.tr("Text to continue") if plain else self.tr("Message"))
            self.set_generating(self._generating)
            self.changed.emit()

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
        go = self.tr("Continue") if self._plain else self.tr("Send")
        tip = self.tr("Send ({keys}); {line}: new line")
        if self._plain:
            tip = self.tr("Have the text continued ({keys}), also without more of your own; {line}: new line")
        tip = tip.format(keys=self.editor.sends_with, line=self.editor.breaks_with)
        text = self.tr("Stop") if generating else go
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setToolTip(text if generating else tip)
        self.button.set_symbol("stop" if generating else "play" if self._plain else "send")
        self.button.setEnabled(generating or self._available)

    def on_submitted(self) -> None:
        """Enter: send; whoever hears it decides what comes of it while a reply is being written."""
        self._send()

    def on_stopped(self) -> None:
        """Escape: stop."""
        if self._generating:
            self.stop_requested.emit()

    def on_button_clicked(self) -> None:
        """Send or Stop, as the button says."""
        if self._generating:
            self.stop_requested.emit()
        else:
            self._send()

    def on_pasted_long(self, text: str) -> None:
        """Keep it beside the field, unless the text is continued exactly as it stands there."""
        if self._plain:
            self.editor.insertPlainText(text)
        else:
            self.attach(text)

    def on_focus_changed(self, focused: bool) -> None:
        """Draw the frame in the accent colour while it has the cursor."""
        self.setProperty("focused", "true" if focused else "false")
        self.style().unpolish(self)
        self.style().polish(self)

    def _send(self) -> None:
        if self.reading:
            self.hold(True)
        else:
            self.send_requested.emit()

    def _send_held(self) -> None:
        if self._held and not self.reading:
            self._held = False
            self.send_requested.emit()

    def _forget(self, coming: ComingChip) -> None:
        self._put_away(coming)
        self._send_held()

    def _put_away(self, coming: ComingChip) -> None:
        """A file is not wanted any more; it keeps its place among those that are read."""
        coming.wanted = False
        coming.hide()
        self._chip_lines.removeWidget(coming)

    def _unfold(self, chip: Chip) -> None:
        """Put a paste into the field after all, where the cursor is."""
        self._drop(chip)
        self.editor.insertPlainText(chip.text)
        self.editor.setFocus()

    def _drop(self, chip: Chip) -> None:
        self._chips.remove(chip)
        self._chip_lines.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
        self.changed.emit()
