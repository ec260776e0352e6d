"""Where a conversation is cut: what stands above was not sent with the last question, for the context is full."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base import messages
from helix_app.gui.chat.message_list import MessageList
from helix_app.gui.chat.view import ConversationView
from helix_app.gui.chats.asking import given
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.record import from_text
from helix_app.gui.glossary import terms
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.protocol.events import PrefillDone

GAP = 24  # pixels between the line and what stands above it
BESIDE = 12  # between the words and the line


class CutLine(QLabel):
    """A thin line across the conversation, with words in its middle."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFont(theme.fonts.small)
        self.setProperty("tone", "muted")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.changed.connect(self.update)

    def show_count(self, left_out: int) -> None:
        """Say how many messages above it were not sent."""
        text = messages.fill(self.tr("Not sent from here up: {n:message|messages}"), n=left_out)
        self.setText(text)
        self.setAccessibleName(text)
        terms.give(self, "on_full", text)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._theme.palette.border_strong), 1))
        words = self.fontMetrics().horizontalAdvance(self.text())
        middle, y = self.width() // 2, self.height() // 2
        painter.drawLine(0, y, middle - words // 2 - BESIDE, y)
        painter.drawLine(middle + words // 2 + BESIDE, y, self.width(), y)
        painter.end()


class CutMarker(QObject):
    """Keeps the line where the last reply's prompt began."""

    def __init__(
        self, theme: Theme, book: ChatBook, shown: MessageList, view: ConversationView, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._theme, self._book, self._shown, self._view = theme, book, shown, view
        self.line: CutLine | None = None
        shown.changed.connect(self.place)
        book.writing_changed.connect(self.place)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {PrefillDone: self.on_prefilled}

    def on_prefilled(self, event: PrefillDone) -> None:
        """A prompt was read, and what of its conversation was not in it is known."""
        writing = self._book.writings.get(event.request_id)
        if writing is not None:
            writing.left_out = event.left_out
            self.place()

    def first_sent(self) -> tuple[str, int]:
        """Id of the first message that the last reply was given, and how many before it were not; empty and 0."""
        talk, writing = self._book.current, self._book.writing
        for message in reversed(talk.path()):
            if message.role != "assistant":
                continue
            if writing is not None and writing.message_id == message.id:
                left_out = writing.left_out
            else:
                record = from_text(message.details)
                left_out = 0 if record is None else record.left_out
            told = given(talk, message.id) if left_out > 0 else []
            return (told[left_out].id, left_out) if left_out < len(told) else ("", 0)
        return "", 0

    def place(self) -> None:
        """Put the line where it belongs, or nowhere."""
        message_id, left_out = self.first_sent()
        widget = self._shown.widget(message_id) if left_out else None
        column = self._view.content.column
        at = -1 if widget is None else column.index_of(widget)
        there = self.line is not None and self.line in column.widgets()
        if self.line is not None and there and column.index_of(self.line) != at - 1:
            column.remove(self.line)
            there = False
            at = -1 if widget is None else column.index_of(widget)
        if not there:
            self.line = None
        if widget is None:
            return
        if self.line is None:
            self.line = CutLine(self._theme)
            self.line.show_count(left_out)
            column.insert(at, self.line, GAP)
        self.line.show_count(left_out)
