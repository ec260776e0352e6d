"""The conversation: a scrolling column of messages that stays at the bottom while the reader is there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QScrollArea, QWidget

from helix_app.gui.chat.column import Column
from helix_app.gui.chat.message.bubble import UserBubble, text_width
from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.focus import COVERED
from helix_app.gui.look.theme import Theme

MARGIN = 24
JUMP_GAP = 8  # pixels between the button to the latest and the lower edge
LINE_CHARACTERS = 80
NEAR = 32  # pixels from the bottom that still count as the bottom


def column_width(theme: Theme, width: int) -> int:
    """Width of the messages in a view of some width: a readable line, and a margin."""
    return max(200, min(width - 2 * MARGIN, text_width(theme, LINE_CHARACTERS)))


def _gap(message: QWidget) -> int:
    """Distance to the message above: an answer stands close to the actions of its question."""
    return 12 if isinstance(message, Reply) else 32


class Content(QWidget):
    """The surface the messages stand on; a selection can run over several of them.

    Signals:
        typed: a key that belongs into the composer.
        dragged: a selection was drawn to this point.
    """

    typed = Signal(str)
    dragged = Signal(QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("content")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.column = Column(self)
        self._theme = theme
        self._marked: list[TextBlock] = []
        self._anchor: tuple[TextBlock, int] | None = None
        self._pressed = QPoint()

    def text_blocks(self) -> list[TextBlock]:
        """All text in reading order."""
        out: list[TextBlock] = []
        for widget in self.column.widgets():
            if isinstance(widget, (Reply, UserBubble)):
                out += widget.text_blocks()
        return out

    def selected_text(self) -> str:
        """The marked text of all messages."""
        return "\n\n".join(text for text in (block.selected_text() for block in self._marked) if text)

    def clear_selection(self) -> None:
        """Mark nothing."""
        for block in self._marked:
            block.select(0, 0)
        self._marked = []

    def select_all(self) -> None:
        """Mark everything."""
        self._marked = self.text_blocks()
        for block in self._marked:
            block.select(0, block.length())

    def copy(self) -> None:
        """Put the marked text on the clipboard."""
        text = self.selected_text()
        if text:
            QGuiApplication.clipboard().setText(text)

    def mark_in(self, block: TextBlock, start: int, end: int) -> None:
        """Mark a piece of one block of text."""
        self.clear_selection()
        self._anchor = (block, start)
        self._mark((block, start), (block, end))

    def forget(self, message: QWidget) -> None:
        """A message goes away: drop marks on it."""
        self._marked = [block for block in self._marked if not message.isAncestorOf(block)]
        if self._anchor and message.isAncestorOf(self._anchor[0]):
            self._anchor = None

    def _nearest(self, point: QPoint) -> tuple[TextBlock, int] | None:
        """The text block at a point or the closest one, and the position in it."""
        best: tuple[int, TextBlock] | None = None
        for message in self.column.widgets():
            top = message.mapTo(self, QPoint(0, 0)).y()
            inside = top - 16 <= point.y() <= top + message.height() + 16
            if best is not None and not inside:
                continue
            if isinstance(message, (Reply, UserBubble)):
                for block in message.text_blocks():
                    start = block.mapTo(self, QPoint(0, 0)).y()
                    distance = max(start - point.y(), point.y() - start - block.height(), 0)
                    if best is None or distance < best[0]:
                        best = (distance, block)
        if best is None:
            return None
        block = best[1]
        return block, block.position_at(block.mapFrom(self, point))

    def _mark(self, start: tuple[TextBlock, int], end: tuple[TextBlock, int]) -> None:
        blocks = self.text_blocks()
        if start[0] not in blocks or end[0] not in blocks:
            return
        first, last = (blocks.index(start[0]), start[1]), (blocks.index(end[0]), end[1])
        first, last = min(first, last), max(first, last)
        marked = blocks[first[0] : last[0] + 1]
        for block in self._marked:
            if block not in marked:
                block.select(0, 0)
        for index, block in enumerate(marked, first[0]):
            low = first[1] if index == first[0] else 0
            high = last[1] if index == last[0] else block.length()
            block.select(low, high)
        self._marked = marked

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        self._pressed = point
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._anchor:
            end = self._nearest(point)
            if end:
                self._mark(self._anchor, end)
            return
        self.clear_selection()
        self._anchor = self._nearest(point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if not event.buttons() & Qt.MouseButton.LeftButton or self._anchor is None:
            return
        if (point - self._pressed).manhattanLength() < 4 and not self._marked:
            return
        end = self._nearest(point)
        if end:
            self._mark(self._anchor, end)
        self.dragged.emit(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or self.selected_text():
            return
        hit = self.childAt(point)
        if isinstance(hit, TextBlock):
            link = QUrl(hit.link_at(hit.mapFrom(self, point)))
            if link.isValid() and link.scheme() in ("http", "https", "mailto"):
                QDesktopServices.openUrl(link)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        nearest = self._nearest(point)
        if nearest:
            block = nearest[0]
            start, end = block.word_at(block.mapFrom(self, point))
            self._anchor = (block, start)
            self._mark((block, start), (block, end))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif (
            event.text()
            and event.text().isprintable()
            and not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        ):
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        copy = menu.addAction(self.tr("Copy"), self.copy)
        copy.setEnabled(bool(self.selected_text()))
        menu.addAction(self.tr("Select all"), self.select_all)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())


class ConversationView(QScrollArea):
    """Scrolls the messages and follows the newest text unless the reader scrolled away.

    Signals:
        top_near: the reader came near the first message that is there.
    """

    top_near = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._following = True
        self._moving = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Conversation"))
        self.viewport().setObjectName("canvas")
        self.content = Content(theme)
        self.setWidget(self.content)
        self.content.column.height_changed.connect(self._fit)
        self.content.dragged.connect(lambda point: self.ensureVisible(point.x(), point.y(), 0, 24))
        self.verticalScrollBar().valueChanged.connect(self.on_scrolled)
        self.verticalScrollBar().setSingleStep(24)
        self.jump = ThemedButton(theme, self.tr("Jump to latest"), symbol="arrow-down", kind="round", parent=self)
        self.jump.clicked.connect(self.follow)
        self.jump.hide()
        self.setProperty(COVERED, self.jump.sizeHint().height() + JUMP_GAP)

    def messages(self) -> list[QWidget]:
        """The messages from first to last."""
        return self.content.column.widgets()

    def add(self, message: UserBubble | Reply) -> None:
        """Put a message at the end."""
        self.content.column.add(message, _gap(message))

    def prepend(self, messages: Sequence[UserBubble | Reply]) -> None:
        """Put messages before the first one; what is in sight stays where it is."""
        bar = self.verticalScrollBar()
        below = bar.maximum() - bar.value()
        self._moving = True
        self.content.column.insert_all(0, [(m, _gap(m)) for m in messages])
        bar.setValue(bar.maximum() - below)
        self._moving = False

    def is_near_top(self) -> bool:
        """Whether less than a page is above what is in sight."""
        return self.verticalScrollBar().value() <= self.viewport().height()

    def bring_into_sight(self, message: UserBubble | Reply, block: TextBlock | None = None) -> None:
        """Scroll to the beginning of a message, or of a block of text in it."""
        top = (message if block is None else block).mapTo(self.content, QPoint(0, 0)).y()
        self._following = False
        self.verticalScrollBar().setValue(max(0, top - MARGIN))

    def first_in_sight(self) -> QWidget | None:
        """The topmost message of which something is in sight."""
        top = self.verticalScrollBar().value()
        for message in self.messages():
            if message.mapTo(self.content, QPoint(0, message.height())).y() > top:
                return message
        return None

    def remove(self, message: UserBubble | Reply) -> None:
        """Take a message out."""
        self.content.forget(message)
        self.content.column.remove(message)

    def clear(self) -> None:
        """Take all messages out."""
        for message in list(self.messages()):
            self.content.forget(message)
            self.content.column.remove(message)
        self.follow()

    @property
    def following(self) -> bool:
        """Whether the newest text stays in view."""
        return self._following

    def follow(self) -> None:
        """Go to the bottom and stay there."""
        self._following = True
        self._to_bottom()
        self.jump.hide()

    def page(self, direction: int) -> None:
        """Scroll by nearly a page: 1 down, -1 up."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + direction * (bar.pageStep() - 48))

    def on_scrolled(self, value: int) -> None:
        """The reader (or the growing text) moved the view."""
        if not self._moving:
            self._following = value >= self.verticalScrollBar().maximum() - NEAR
            self.jump.setVisible(not self._following)
            if self.is_near_top():
                self.top_near.emit()

    def _to_bottom(self) -> None:
        self._moving = True
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._moving = False

    def _fit(self) -> None:
        """Size the content to its messages and keep the place."""
        width = self.viewport().width()
        column = column_width(self._theme, width)
        height = self.content.column.height_for(column)
        self._moving = True
        self.content.resize(width, max(height + 2 * MARGIN, self.viewport().height()))
        self.content.column.setGeometry((width - column) // 2, MARGIN, column, height)
        self._moving = False
        if self._following:
            self._to_bottom()
        else:
            self.jump.setVisible(self.verticalScrollBar().value() < self.verticalScrollBar().maximum() - NEAR)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        hint = self.jump.sizeHint()
        self.jump.setGeometry(
            (self.width() - hint.width()) // 2, self.height() - hint.height() - JUMP_GAP, hint.width(), hint.height()
        )
        self.jump.raise_()
