"""A code block: language, copy button and coloured lines that scroll sideways."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QWidget

from helix_app.gui.chat.text.highlight import LineColours
from helix_app.gui.chat.text.text_block import INDENT, QUOTE, TextBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

HEADER = 32
PADDING = 12


class _Colours(QSyntaxHighlighter):
    """Puts the runs of LineColours on the document."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme
        self.runs: list[list[tuple[int, int, str]]] = []

    def highlightBlock(self, _text: str) -> None:
        number = self.currentBlock().blockNumber()
        if number >= len(self.runs):
            return
        colours = dict(self._theme.palette.syntax)
        for start, length, name in self.runs[number]:
            text_format = QTextCharFormat()
            text_format.setForeground(QColor(colours[name]))
            if name == "comment":
                text_format.setFontItalic(True)
            self.setFormat(start, length, text_format)


class CodeText(TextBlock):
    """The code itself; text is appended at its end without touching the lines above."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(theme.fonts.code.pixelSize() * 2.4)
        self.document.setDefaultTextOption(option)
        self.document.setDefaultFont(theme.fonts.code)
        self._code = ""
        self._language = ""
        self._lines = LineColours("")
        self._colours = _Colours(self.document, theme)

    def show_code(self, code: str, language: str) -> None:
        """Show code; a longer version of what is shown is appended."""
        if language != self._language:
            self._language = language
            self._lines = LineColours(language)
        elif code == self._code and self.renders:
            return
        self.renders += 1
        first = self._lines.update(code)
        before = [tuple(runs) for runs in self._colours.runs[first:]]
        self._colours.runs = self._lines.lines
        known = self.document.blockCount()
        if code.startswith(self._code):
            cursor = QTextCursor(self.document)
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(code[len(self._code) :])
        else:
            self.document.setPlainText(code)
        self._code = code
        for number in range(first, min(known, len(self._lines.lines))):
            old = before[number - first] if number - first < len(before) else None
            if old != tuple(self._lines.lines[number]):
                self._colours.rehighlightBlock(self.document.findBlockByNumber(number))
        self._measure()
        self.update()

    def code(self) -> str:
        """The code shown."""
        return self._code

    def _recolour(self) -> None:
        self._colours.rehighlight()

    def _left(self) -> int:
        return 0

    def _measure(self) -> None:
        size = self.document.size()
        width, height = math.ceil(self.document.idealWidth()) + 4, math.ceil(size.height())
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.height_changed.emit()

    def content_size(self) -> tuple[int, int]:
        """Width and height of the whole code."""
        return self._width, self._height


class _SideScroll(QScrollArea):
    """Scrolls sideways; up and down belong to the conversation."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        if sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().wheelEvent(event)
        else:
            event.ignore()


class CodeBlock(QWidget):
    """A code unit of a reply.

    Signals:
        height_changed: the block needs another height.
    """

    height_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._unit = Unit("code")
        self._frame = QFrame(self)
        self._frame.setObjectName("codeBlock")
        self._label = QLabel(self._frame)
        self._label.setProperty("tone", "muted")
        self._label.setFont(theme.fonts.small)
        self._copy = ThemedButton(
            theme, self.tr("Copy"), symbol="copy", kind="link", name=self.tr("Copy code"), parent=self._frame
        )
        self._copy.setFont(theme.fonts.small)
        self._copy.clicked.connect(self.copy)
        self._reset = QTimer(self)
        self._reset.setSingleShot(True)
        self._reset.setInterval(1500)
        self._reset.timeout.connect(self.on_copy_reset)
        header = QWidget(self._frame)
        row = QHBoxLayout(header)
        row.setContentsMargins(PADDING, 4, 8, 0)
        row.addWidget(self._label)
        row.addStretch()
        row.addWidget(self._copy)
        self._header = header
        self.body = CodeText(theme)
        self.body.height_changed.connect(self.on_body_changed)
        self._scroll = _SideScroll(self._frame)
        self._scroll.setWidget(self.body)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.viewport().installEventFilter(self)
        self.body.setAutoFillBackground(False)

    @property
    def unit(self) -> Unit:
        """What it shows."""
        return self._unit

    def show_unit(self, unit: Unit) -> None:
        """Show a unit."""
        self._unit = unit
        self._label.setText(unit.language or self.tr("text"))
        self.body.show_code(unit.body, unit.language)

    def copy(self) -> None:
        """Put the code on the clipboard and say so."""
        QGuiApplication.clipboard().setText(self.body.code())
        self._copy.setText(self.tr("Copied"))
        self._copy.set_symbol("check")
        self._reset.start()

    def on_copy_reset(self) -> None:
        """The button says Copy again."""
        self._copy.setText(self.tr("Copy"))
        self._copy.set_symbol("copy")

    def on_body_changed(self) -> None:
        """The code grew."""
        self.height_changed.emit()
        self._fit()

    def height_for(self, width: int) -> int:
        """Height at a width: header, all lines, and room for the scroll bar when a line is longer."""
        wide, high = self.body.content_size()
        inner = width - self._left() - 2 * PADDING - 2
        return HEADER + 4 + high + (12 if wide > inner else 0) + PADDING

    def ideal_width(self) -> int:
        """Width at which no line has to scroll."""
        label = self._label.sizeHint().width() + self._copy.sizeHint().width() + PADDING + 24
        return self._left() + max(self.body.content_size()[0], label) + 2 * PADDING + 2

    def _left(self) -> int:
        return self._unit.indent * INDENT + self._unit.quote * QUOTE

    def _fit(self) -> None:
        wide, high = self.body.content_size()
        self._frame.setGeometry(self._left(), 0, self.width() - self._left(), self.height())
        self._header.setGeometry(0, 0, self._frame.width(), HEADER)
        self._scroll.setGeometry(PADDING, HEADER + 4, self._frame.width() - 2 * PADDING, self.height() - HEADER - 8)
        self.body.resize(max(wide, self._scroll.viewport().width()), high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            wide, high = self.body.content_size()
            self.body.resize(max(wide, self._scroll.viewport().width()), high)
        return super().eventFilter(watched, event)
