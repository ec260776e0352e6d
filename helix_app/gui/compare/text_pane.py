"""The text of one arm: it grows and shrinks at its end only, whatever its length."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from helix_app.gui.look.theme import Theme

LONGEST_PARAGRAPH = 2000  # characters; a paragraph is laid out as a whole whenever it grows
SLACK = 120  # characters that a paragraph may grow on to end at a space
CHUNK = 40_000  # characters taken away in one go when a person scrubs backwards

_UNSEEN = str.maketrans(dict.fromkeys("\r\u2028\u2029\ufdd0\ufdd1", " "))  # a document takes them for its own


class TextPane(QPlainTextEdit):
    """Read-only text of which a beginning is shown.

    A paragraph that grows too long to be laid out at every token is broken: at a space where there is one.

    Attributes:
        shown: characters of the text that are asked for.

    Signals:
        scrolled: a person scrolled; the first visible line.
    """

    scrolled = Signal(int)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePane")
        self._theme = theme
        self._text = ""
        self.shown = 0
        self._laid = 0  # characters of the text in the document
        self._breaks: list[int] = []  # characters before which a line break was inserted that the text has not
        self._wide: list[int] = []  # characters that count two in the document
        self._paragraph = 0  # length of the last one
        self._mark: tuple[int, int] | None = None
        self._following = True
        self._moving = False
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.fonts.chat)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        self.document().setDocumentMargin(8)
        self._rest = QTimer(self)
        self._rest.setInterval(0)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._shrink)
        self.verticalScrollBar().valueChanged.connect(self.on_scrolled)
        self._laid_out = QTimer(self)  # runs out when Qt has put the text where it thinks it belongs
        self._laid_out.setInterval(0)
        self._laid_out.setSingleShot(True)
        self._laid_out.timeout.connect(self._follow)
        self.verticalScrollBar().rangeChanged.connect(lambda *_: self._laid_out.start())
        theme.changed.connect(self.on_theme_changed)

    # ------------------------------------------------------------------ text

    def set_text(self, text: str) -> None:
        """The whole text there is so far; what is laid out of it must be its beginning."""
        self._text = text

    def show_until(self, length: int) -> None:
        """Show so many characters of the text."""
        self.shown = min(length, len(self._text))
        if self.shown > self._laid:
            self._append(self._text[self._laid : self.shown])
            self._follow()
        elif self.shown < self._laid:
            self._shrink()
        self._show_mark()

    def clear_all(self) -> None:
        """Forget the text."""
        self._text = ""
        self.shown = self._laid = self._paragraph = 0
        self._breaks.clear()
        self._wide.clear()
        self._mark = None
        self._rest.stop()
        self._moving = True
        self.clear()
        self._moving = False
        self._following = True
        self.setExtraSelections([])

    def shown_text(self) -> str:
        """What the document holds of the text, without breaks of its own."""
        plain = self.toPlainText()
        for i, at in reversed(list(enumerate(self._breaks))):
            plain = plain[: at + i] + plain[at + i + 1 :]
        return plain

    def _append(self, text: str) -> None:
        self._wide += [self._laid + i for i, char in enumerate(text) if char > "\uffff"] if not text.isascii() else []
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._moving = True
        cursor.insertText(self._broken(text.translate(_UNSEEN)))
        self._moving = False
        self._laid += len(text)

    def _broken(self, text: str) -> str:
        """The text with breaks in paragraphs that are too long."""
        parts = []
        at = self._laid  # the character that comes next
        for number, line in enumerate(text.split("\n")):
            if number:
                parts.append("\n")
                at += 1
                self._paragraph = 0
            cut = self._cut(line)
            while cut is not None:
                parts += [line[:cut], "\n"]
                at += cut
                self._breaks.append(at)
                line = line[cut:]
                self._paragraph = 0
                cut = self._cut(line)
            parts.append(line)
            at += len(line)
            self._paragraph += len(line)
        return "".join(parts)

    def _cut(self, line: str) -> int | None:
        """How much of a line still goes into the paragraph; None for all of it."""
        if self._paragraph + len(line) <= LONGEST_PARAGRAPH:
            return None
        room = max(0, LONGEST_PARAGRAPH - self._paragraph)
        cut = line.rfind(" ", 0, room) + 1 or line.find(" ", room, room + SLACK) + 1
        if cut:
            return cut
        return None if self._paragraph + len(line) <= LONGEST_PARAGRAPH + SLACK else room

    def _shrink(self) -> None:
        """Take characters away at the end, so many at a time that nobody waits."""
        excess = self._laid - self.shown
        if excess <= 0:
            return
        self._laid -= min(excess, CHUNK)
        begin = self._position(self._laid)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setPosition(begin, QTextCursor.MoveMode.KeepAnchor)
        self._moving = True
        cursor.removeSelectedText()
        self._moving = False
        del self._breaks[bisect_right(self._breaks, self._laid) :]
        del self._wide[bisect_left(self._wide, self._laid) :]
        self._paragraph = self.document().lastBlock().length() - 1
        self._show_mark()
        if self._laid > self.shown:
            self._rest.start()
        self._follow()

    def _position(self, character: int) -> int:
        """Where a character of the text stands in the document."""
        return character + bisect_right(self._breaks, character) + bisect_left(self._wide, character)

    # ------------------------------------------------------------------ the mark

    def set_mark(self, span: tuple[int, int] | None) -> None:
        """Mark these characters of the text as the first that differ; an empty span marks the end."""
        if span != self._mark:
            self._mark = span
            self._show_mark()

    def mark_visible(self) -> bool:
        """Whether the marked characters are shown by now."""
        return self._mark is not None and self._laid >= self._mark[1] and self._laid > self._mark[0]

    def go_to_mark(self) -> None:
        """Scroll to the marked characters."""
        if self._mark is not None:
            self._following = False
            cursor = QTextCursor(self.document())
            cursor.setPosition(min(self._position(self._mark[0]), self._position(self._laid)))
            block = cursor.block()
            line = block.firstLineNumber() + block.layout().lineForTextPosition(cursor.positionInBlock()).lineNumber()
            self.verticalScrollBar().setValue(max(0, line - 3))

    def _show_mark(self) -> None:
        selections = []
        if self._mark is not None and self._laid > self._mark[0]:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(self.document())
            mark.cursor.setPosition(self._position(self._mark[0]))
            mark.cursor.setPosition(self._position(min(self._mark[1], self._laid)), QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setBackground(self._theme.colour("danger_soft"))
            look.setForeground(self._theme.colour("text"))
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            look.setUnderlineColor(self._theme.colour("corrected"))
            mark.format = look
            selections.append(mark)
        if selections or self.extraSelections():
            self.setExtraSelections(selections)

    def on_theme_changed(self) -> None:
        """Recolour the mark."""
        self._show_mark()

    # ------------------------------------------------------------------ scrolling

    def follow(self) -> None:
        """Keep the end in sight from now on."""
        self._following = True
        self._follow()

    def on_scrolled(self, value: int) -> None:
        """A person, or this pane itself, scrolled."""
        if not self._moving and not self._laid_out.isActive():
            bar = self.verticalScrollBar()
            self._following = value >= bar.maximum() - 1
            self.scrolled.emit(value)

    def scroll_along(self, value: int, following: bool) -> None:
        """Show the same line as the other pane."""
        self._moving = True
        self._following = following
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum() if following else value)
        self._moving = False

    @property
    def following(self) -> bool:
        """Whether the end is kept in sight."""
        return self._following

    def _follow(self) -> None:
        if self._following:
            self._moving = True
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())
            self._moving = False

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        place = self._mark_place()
        if place is None:
            return
        painter = QPainter(self.viewport())  # a bar in the margin: the mark is found without reading
        painter.setPen(QPen(QColor(self._theme.palette.corrected), 3))
        painter.drawLine(QPoint(2, place.top() + 1), QPoint(2, place.bottom()))
        painter.end()

    def _mark_place(self) -> QRect | None:
        if self._mark is None or self._laid <= self._mark[0]:
            return None
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(self._mark[0]))
        place = self.cursorRect(cursor)
        return place if self.viewport().rect().intersects(place) else None

    def sizeHint(self) -> QSize:
        return QSize(320, 112)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 112)  # five lines
