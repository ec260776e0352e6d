"""One laid-out block of text: a paragraph, a heading, a list item, a table or a piece of code."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.text.marker import paint_marker
from helix_app.gui.chat.text.pictures import IMAGE, FormulaPictures
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.look.palette import Palette
from helix_app.gui.look.theme import Theme

INDENT = 24  # pixels a list level
QUOTE = 16  # pixels a quotation level
LONGEST_WORD = 24  # characters that a table cell keeps in one line
HEADING_SIZES = {1: 6, 2: 4, 3: 2, 4: 1}  # pixels over the size of the text


class SafeDocument(QTextDocument):
    """A document that never fetches anything."""

    def loadResource(self, _kind: int, _name: object) -> object:
        return None


class TextBlock(QWidget):
    """A document painted without a viewport of its own, so that a reply can be one long selection.

    Attributes:
        renders: how often the document was made anew.
        caret: paint a thin caret after the last character.

    Signals:
        height_changed: the text needs another height at the same width.
    """

    height_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._unit = Unit("text")
        self._plain = False
        self._width = -1
        self._height = 0
        self._caret = False
        self._stale = False  # its colours are those of another theme
        self._selection: tuple[int, int] | None = None
        self._css = ""  # of the document
        self._pictures: FormulaPictures | None = None  # of the document, once it has a formula
        self.renders = 0
        self.document = SafeDocument(self)
        self.document.setDocumentMargin(0)
        self.document.setUndoRedoEnabled(False)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        theme.changed.connect(self.on_theme_changed)

    @property
    def unit(self) -> Unit:
        """What it shows."""
        return self._unit

    def show_unit(self, unit: Unit) -> None:
        """Show a unit; nothing happens when it is the one shown."""
        if unit == self._unit and self.renders:
            return
        self._unit = unit
        self._plain = unit.kind == "plain"
        self._render()

    def show_plain(self, text: str) -> None:
        """Show text as it is."""
        self._plain = True
        self._unit = Unit("text", body=text)
        self._render()

    def text(self) -> str:
        """The text without marks; a formula is its source."""
        text = self.document.toPlainText()
        return self._pictures.with_sources(text) if self._pictures else text

    def set_caret(self, visible: bool) -> None:
        """Show or hide the caret at the end."""
        if visible != self._caret:
            self._caret = visible
            self.update()

    def has_caret(self) -> bool:
        """Whether the caret is shown at the moment."""
        return self._caret

    def on_theme_changed(self) -> None:
        """Take the colours of the theme when it is painted next; thousands of blocks may be out of sight."""
        self._stale = True
        self.update()

    def on_formulas_changed(self) -> None:
        """Formulas were drawn: show those that are waited for."""
        if self._pictures is not None and self._pictures.ready():
            self._render()

    def _recolour(self) -> None:
        self._render()

    def _inset(self) -> int:
        """Pixels beside the text that quotes and lists take, on the side where its lines begin."""
        return self._unit.quote * QUOTE + self._unit.indent * INDENT

    def _rtl(self) -> bool:
        return self.document.begin().textDirection() == Qt.LayoutDirection.RightToLeft

    def _left(self) -> int:
        return 0 if self._rtl() else self._inset()

    def _render(self) -> None:
        self.renders += 1
        unit, p, fonts = self._unit, self._theme.palette, self._theme.fonts
        font = fonts.chat
        if unit.kind == "heading":
            font = type(font)(font)
            font.setPixelSize(fonts.chat.pixelSize() + HEADING_SIZES.get(unit.level, 0))
            font.setWeight(fonts.strong.weight())
        elif unit.kind == "note":
            font = fonts.small
        if font != self.document.defaultFont():  # this and each of the following lays the document out
            self.document.setDefaultFont(font)
        if self._plain:
            self._wrap(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            self.document.setPlainText(unit.body)
            self._space_lines()
        else:
            css = _css(p, fonts.mono.families() or [fonts.mono.family()])
            if css != self._css:
                self._css = css
                self.document.setDefaultStyleSheet(css)
            self._fill()
        self._selection = None
        self._measure()
        self.update()

    def _fill(self) -> None:
        """Put the unit into the document."""
        unit, p = self._unit, self._theme.palette
        if IMAGE in unit.body and self._pictures is None:
            self._pictures = FormulaPictures(self._theme.formulas, self.document)
            self._theme.formulas.changed.connect(self.on_formulas_changed)
        if self._pictures is None:
            self.document.setHtml(_html(unit, p))
        else:
            if self._width > 0:
                self._pictures.fit(self._room())
            body = self._pictures.fill(unit.body, self.document.defaultFont(), self._ink())
            self.document.setHtml(_html(replace(unit, body=body), p))
            self._pictures.settle()
        if unit.kind in ("text", "note"):
            self._space_lines()
        longest = max(map(len, self.document.toPlainText().split()), default=0)
        words = unit.kind == "table" and longest <= LONGEST_WORD
        anywhere = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere  # in a table it would cut short words
        self._wrap(QTextOption.WrapMode.WordWrap if words else anywhere)

    def _ink(self) -> str:
        p = self._theme.palette
        return p.muted if self._unit.quote or self._unit.kind == "note" else p.text

    def _room(self) -> int:
        return max(40, self._width - self._inset())

    def _lay_out(self) -> int:
        """Height of the text at the present width."""
        if self._pictures is not None and self._pictures.fit(self._room()):
            self._fill()
        self.document.setTextWidth(self._room())
        return math.ceil(self.document.size().height())

    def _wrap(self, mode: QTextOption.WrapMode) -> None:
        option = self.document.defaultTextOption()
        if option.wrapMode() != mode:
            option.setWrapMode(mode)
            self.document.setDefaultTextOption(option)

    def _space_lines(self) -> None:
        cursor = QTextCursor(self.document)
        cursor.select(QTextCursor.SelectionType.Document)
        block_format = cursor.blockFormat()
        block_format.setLineHeight(4.0, 4)  # QTextBlockFormat.LineDistanceHeight: extra pixels between lines
        cursor.mergeBlockFormat(block_format)

    def _measure(self) -> None:
        if self._width < 0:
            return
        height = self._lay_out()
        if height != self._height:
            self._height = height
            self.height_changed.emit()

    def height_for(self, width: int) -> int:
        """Height at a width."""
        if width != self._width:
            self._width = width
            self._height = self._lay_out()
        return self._height

    def ideal_width(self) -> int:
        """Width the text takes when no line is broken by the column."""
        return math.ceil(self.document.idealWidth())

    def sizeHint(self) -> QSize:
        return QSize(self._width, self._height)

    # ------------------------------------------------------------------ selection

    def position_at(self, point: QPoint) -> int:
        """Position of the character boundary nearest to a point of this widget."""
        if point.y() < 0:
            return 0
        if point.y() >= self.height():
            return self.length()
        spot = QPointF(point) - QPointF(self._left(), 0)
        return max(0, self.document.documentLayout().hitTest(spot, Qt.HitTestAccuracy.FuzzyHit))

    def length(self) -> int:
        """Number of positions."""
        return max(0, self.document.characterCount() - 1)

    def word_at(self, point: QPoint) -> tuple[int, int]:
        """Start and end of the word at a point."""
        cursor = QTextCursor(self.document)
        cursor.setPosition(self.position_at(point))
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        return cursor.selectionStart(), cursor.selectionEnd()

    def select(self, start: int, end: int) -> None:
        """Mark from ``start`` to ``end``; equal positions mark nothing."""
        wanted = (start, end) if end > start else None
        if wanted != self._selection:
            self._selection = wanted
            self.update()

    def selected_text(self) -> str:
        """The marked text."""
        if self._selection is None:
            return ""
        cursor = QTextCursor(self.document)
        cursor.setPosition(self._selection[0])
        cursor.setPosition(min(self._selection[1], self.length()), QTextCursor.MoveMode.KeepAnchor)
        text = cursor.selection().toPlainText()
        if self._pictures is not None:
            text = self._pictures.with_sources(text, self._selection[0])
        return f"{self._unit.marker} {text}" if self._unit.marker and self._selection[0] == 0 else text

    def link_at(self, point: QPoint) -> str:
        """Address of the link at a point, empty when there is none."""
        spot = QPointF(point) - QPointF(self._left(), 0)
        return str(self.document.documentLayout().anchorAt(spot))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        link = self.link_at(event.position().toPoint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if link else Qt.CursorShape.IBeamCursor)
        self.setToolTip(link)
        event.ignore()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._stale:
            self._stale = False
            self._recolour()
        p = self._theme.palette
        painter = QPainter(self)
        rtl, left = self._rtl(), self._left()
        for depth in range(self._unit.quote):
            x = self._unit.quote_indent * INDENT + depth * QUOTE
            bar = self.width() - x - 3 if rtl else x
            painter.fillRect(QRectF(bar, 0, 3, self.height()), QColor(p.border_strong))
        if self._unit.marker:
            first = self.document.begin().layout().lineAt(0)
            baseline = first.y() + first.ascent() if first.isValid() else self.document.size().height()
            edge = left + self._room() if rtl else left
            paint_marker(painter, self._theme, self._unit.marker, self._unit.indent, edge, baseline, rtl=rtl)
        painter.translate(left, 0)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette = QPalette(self.palette())
        context.palette.setColor(QPalette.ColorRole.Text, QColor(self._ink()))
        context.clip = QRectF(event.rect().translated(-left, 0))
        if self._selection is not None:
            mark = QAbstractTextDocumentLayout.Selection()
            mark.cursor = QTextCursor(self.document)
            mark.cursor.setPosition(self._selection[0])
            mark.cursor.setPosition(min(self._selection[1], self.length()), QTextCursor.MoveMode.KeepAnchor)
            mark.format = QTextCharFormat()
            mark.format.setBackground(QColor(p.selection))
            mark.format.setForeground(QColor(p.text))
            context.selections = [mark]
        painter.setClipRect(context.clip)
        self.document.documentLayout().draw(painter, context)
        if self._caret:
            painter.fillRect(self._caret_rect(), QColor(p.accent_text))
        painter.end()

    def _caret_rect(self) -> QRectF:
        block = self.document.lastBlock()
        layout = block.layout()
        origin = self.document.documentLayout().blockBoundingRect(block).topLeft()
        line = layout.lineForTextPosition(max(0, block.length() - 1))
        if not line.isValid():
            return QRectF(origin.x() + 1, origin.y() + 2, 2, self._theme.fonts.chat.pixelSize())
        found: Any = line.cursorToX(block.length() - 1)  # a tuple of the edge and the position
        x = float(found[0] if isinstance(found, tuple) else found)
        return QRectF(origin.x() + x + 2, origin.y() + line.y() + 2, 2, line.height() - 4)


def _css(p: Palette, mono: list[str]) -> str:
    families = ",".join(f"'{name}'" for name in mono)
    return (
        f"a {{ color: {p.accent_text}; text-decoration: underline; }}"
        f"code {{ font-family: {families}; background-color: {p.bubble}; color: {p.text}; }}"
        f".tex {{ font-family: {families}; }}"
        f"td {{ vertical-align: middle; }}"
        f"th {{ background-color: {p.panel}; font-weight: 600; }}"
    )


def _html(unit: Unit, p: Palette) -> str:
    if unit.kind == "table":
        return (
            f'<table border="1" cellspacing="0" cellpadding="6" style="border-collapse: collapse;'
            f' border-style: solid; border-color: {p.border}">{unit.body}</table>'
        )
    if unit.kind == "math" and IMAGE in unit.body:
        return f'<div align="center">{unit.body}</div>'
    return f"<div>{unit.body}</div>" if unit.body else ""
