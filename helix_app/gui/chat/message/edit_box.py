"""A message that is being written anew, in its own place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from helix_app.gui.chat.composing.field import ComposerText
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

MOST_LINES = 24  # of a reply that are in sight at once


@dataclass(frozen=True)
class Typed:
    """What stands in a field: its text, where the mark and the cursor are, and whether it is written there."""

    text: str
    anchor: int
    position: int
    focused: bool


class EditBox(QFrame):
    """The text in a field, with Send and Cancel. Enter sends, Escape cancels.

    A ``reply`` is not sent but saved, with Ctrl+Enter: it has lines. An ``exact`` text keeps the spaces and lines
    around it, and may be of nothing else.

    Signals:
        sent: the new text.
        cancelled: it stays as it was.
        height_changed: it needs another height.
    """

    sent = Signal(str)
    cancelled = Signal()
    height_changed = Signal()

    def __init__(
        self, theme: Theme, text: str, parent: QWidget | None = None, *, reply: bool = False, exact: bool = False
    ) -> None:
        super().__init__(parent)
        self._exact = exact
        self.setObjectName("composerBox")
        self.editor = ComposerText(theme, most_lines=MOST_LINES, enter_sends=False) if reply else ComposerText(theme)
        self.editor.setAccessibleName(self.tr("Edit the reply") if reply else self.tr("Edit the message"))
        self.editor.setPlainText(text)
        self.editor.submitted.connect(self._on_submitted)
        self.editor.stopped.connect(self.cancelled)
        self.editor.pasted_long.connect(self.editor.insertPlainText)  # nothing stands beside it
        self.editor.textChanged.connect(self._on_text_changed)
        self.send = ThemedButton(theme, self.tr("Send"), symbol="send", kind="primary")
        keys = self.editor.sends_with
        self.send.setToolTip(self.tr("Send as another version ({keys})").format(keys=keys))
        if reply:
            self.send.setText(self.tr("Save"))
            self.send.setAccessibleName(self.send.text())
            self.send.setToolTip(self.tr("Save as another version ({keys})").format(keys=keys))
            self.send.set_symbol("check")
        self.send.clicked.connect(self._on_submitted)
        self.cancel = ThemedButton(theme, self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("Leave it as it was (Esc)"))
        self.cancel.clicked.connect(self.cancelled)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.editor)
        column.addLayout(buttons)

    def take_cursor(self) -> None:
        """Let it be written at its end."""
        self.editor.setFocus()
        self.editor.moveCursor(QTextCursor.MoveOperation.End)

    def typed(self) -> Typed:
        """What stands in it now."""
        cursor = self.editor.textCursor()
        return Typed(self.editor.toPlainText(), cursor.anchor(), cursor.position(), self.editor.hasFocus())

    def show_typed(self, typed: Typed) -> None:
        """Let this stand in it."""
        self.editor.setPlainText(typed.text)
        cursor = self.editor.textCursor()
        cursor.setPosition(typed.anchor)
        cursor.setPosition(typed.position, QTextCursor.MoveMode.KeepAnchor)
        self.editor.setTextCursor(cursor)

    def height_for(self, width: int) -> int:
        """Height at a width."""
        self.resize(width, self.height())
        layout = self.layout()
        if layout is not None:
            layout.activate()
        return self.sizeHint().height()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.sizeHint().height() != self.height():
            self.height_changed.emit()  # the field has its width, and with it its lines, only once it is shown
        return done

    def _on_text_changed(self) -> None:
        self.send.setEnabled(bool(self._text()))
        self.height_changed.emit()

    def _text(self) -> str:
        text = self.editor.toPlainText()
        return text if self._exact else text.strip()

    def _on_submitted(self) -> None:
        text = self._text()
        if text:
            self.sent.emit(text)
