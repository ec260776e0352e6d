"""Finds words in the conversation that is shown, also in messages that are not built yet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chat.message_list import MessageList
from helix_app.gui.chat.view import ConversationView
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.keys import spelled
from helix_app.gui.look.theme import Theme

FIELD = 240


def places_of(words: str, text: str) -> list[int]:
    """Where the words begin in a text, whatever their case; none overlap."""
    out: list[int] = []
    wanted, whole = words.lower(), text.lower()
    if not wanted or len(whole) != len(text):  # a character that lower() makes longer: by what is written alone
        wanted, whole = words, text
    at = whole.find(wanted) if wanted else -1
    while at >= 0:
        out.append(at)
        at = whole.find(wanted, at + len(wanted))
    return out


class _Field(QLineEdit):
    """Signals: stepped: 1 for Enter, -1 for Shift+Enter; left: Escape."""

    stepped = Signal(int)
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FindBar(QWidget):
    """A field, how many places there are, and the way from one to the next. The last place comes first.

    Attributes:
        field: the words.
        count: which place of how many.

    Signals:
        left: the person is done: back to the message field.
    """

    left = Signal()

    def __init__(
        self, theme: Theme, book: ChatBook, messages: MessageList, view: ConversationView, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._book, self._list, self._view = book, messages, view
        self._found: list[tuple[str, int]] = []  # message, and which of its places
        self._at = -1
        self.field = _Field()
        self.field.setPlaceholderText(self.tr("Find in this conversation"))
        self.field.setAccessibleName(self.tr("Find in this conversation"))
        self.field.setMaximumWidth(FIELD)
        self.field.textChanged.connect(self.search)
        self.field.stepped.connect(self.step)
        self.field.left.connect(self.close_bar)
        self.count = QLabel()
        self.count.setProperty("tone", "muted")
        self.count.setFont(theme.fonts.small)
        self.before = ThemedButton(theme, symbol="chevron-left", kind="smallicon", name=self.tr("Place before"))
        self.before.setToolTip(self.tr("Place before ({keys})").format(keys=spelled("Shift+Return")))
        self.before.clicked.connect(lambda: self.step(-1))
        self.after = ThemedButton(theme, symbol="chevron-right", kind="smallicon", name=self.tr("Place after"))
        self.after.setToolTip(self.tr("Place after ({keys})").format(keys=spelled("Return")))
        self.after.clicked.connect(lambda: self.step(1))
        self.shut = ThemedButton(theme, symbol="close", kind="smallicon", name=self.tr("Close the search"))
        self.shut.clicked.connect(self.close_bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 8, 24, 0)
        row.setSpacing(4)
        row.addStretch()
        for widget in (self.field, self.count, self.before, self.after, self.shut):
            row.addWidget(widget)
        book.current_changed.connect(lambda *_: self.close_bar() if self.isVisible() else None)
        self.hide()

    def open_bar(self) -> None:
        """Let words be typed that are looked for."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        self.search()

    def close_bar(self) -> None:
        """Look for nothing any more."""
        if self.isVisible():
            self.hide()
            self._view.content.clear_selection()
            self.left.emit()

    def search(self) -> None:
        """Find the words; the last place is shown."""
        words = self.field.text()
        self._found = [
            (message.id, number)
            for message in self._book.current.path()
            for number, _place in enumerate(places_of(words, message.text))
        ]
        self._at = len(self._found) - 1
        self._show()

    def step(self, by: int) -> None:
        """To the place before or after, round the end."""
        if self._found:
            self._at = (self._at + by) % len(self._found)
            self._show()

    def _show(self) -> None:
        self._view.content.clear_selection()
        some = bool(self._found)
        for button in (self.before, self.after):
            button.setEnabled(some)
        if not some:
            self.count.setText(self.tr("Nothing found") if self.field.text() else "")
            return
        self.count.setText(self.tr("{n} of {all}").format(n=self._at + 1, all=len(self._found)))
        message_id, number = self._found[self._at]
        widget = self._list.reveal(message_id)
        if widget is None:
            return
        words = self.field.text()
        if isinstance(widget, UserBubble):
            widget.show_all()
        places = [(block, at) for block in widget.text_blocks() for at in places_of(words, block.text())]
        if places:
            block, at = places[min(number, len(places) - 1)]  # what is shown has no marks of Markdown
            self._view.content.mark_in(block, at, at + len(words))
            self._view.bring_into_sight(widget, block)
        else:
            self._view.bring_into_sight(widget)
