"""The formulas of one document: what stands in its text for them, and how they are painted into it.

Qt would put a picture on the baseline or in the middle of its line. A formula has a baseline of its own, so
it is painted here, where it belongs in the line, in pixels of the screen that it is painted on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPyTextObject,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from helix_app.gui.chat.text.inline import source_html
from helix_app.gui.formulas.formula import Formula, from_name
from helix_app.gui.formulas.formulas import Formulas
from helix_app.gui.formulas.typeset import EM, Drawing

IMAGE = '<img src="'  # begins every formula in HTML
OBJECT = "\ufffc"  # stands in a document for what is no text
SIZE = 1.12  # of a formula beside that of the text: its letters are as large then
SMALLEST = 0.65  # a formula that must be smaller to fit is shown as its source

_IMAGE = re.compile(IMAGE + r'([^"]*)"/>')


@dataclass(frozen=True)
class _Place:
    """A formula as large as it is in a text, in device-independent pixels."""

    drawing: Drawing
    scale: float

    @property
    def width(self) -> float:
        return self.drawing.width * self.scale

    @property
    def ascent(self) -> float:
        return self.drawing.ascent * self.scale

    @property
    def descent(self) -> float:
        return self.drawing.descent * self.scale


class FormulaPictures(QPyTextObject):
    """Paints the formulas of a document.

    Attributes:
        waiting: formulas that are shown as their source until they are drawn.
    """

    def __init__(self, formulas: Formulas, document: QTextDocument) -> None:
        super().__init__(document)
        self._formulas = formulas
        self._document = document
        self._drawings: dict[str, Drawing] = {}
        self._before: dict[str, Drawing] = {}  # those of the text before this one
        self._sources: dict[int, str] = {}  # by position
        self._room = 0.0  # not known yet
        self._font, self._colour = document.defaultFont(), "#000000"
        self.waiting: list[Formula] = []
        document.documentLayout().registerHandler(QTextFormat.ObjectTypes.ImageObject.value, self)

    def fill(self, html: str, font: QFont, colour: str) -> str:
        """HTML in which only such formulas are pictures as are drawn and fit; the others are their source."""
        self._font, self._colour = QFont(font), colour
        self.waiting = []
        self._before, self._drawings = self._drawings, {}
        return _IMAGE.sub(lambda found: self._filled(found.group(1)), html)

    def _filled(self, name: str) -> str:
        formula = from_name(name)
        if formula is None:
            return ""
        drawing = self._before.get(name) or self._formulas.look(formula)
        if drawing is None:
            self.waiting.append(formula)
        if isinstance(drawing, Drawing):
            self._drawings[name] = drawing
            if self._fits(drawing, self._room):
                return f'<img src="{name}"/>'
        return source_html(formula.source)

    def ready(self) -> bool:
        """Whether one of those that are waited for is there, or never will be."""
        return any(self._formulas.look(formula) is not None for formula in self.waiting)

    def settle(self) -> None:
        """Take in where the formulas of the new text are, and give each its place in its line."""
        self._sources = {}
        cursor = QTextCursor(self._document)
        for position, character in enumerate(self._document.toRawText()):
            if character != OBJECT:
                continue
            cursor.setPosition(position)
            cursor.setPosition(position + 1, QTextCursor.MoveMode.KeepAnchor)
            written = cursor.charFormat()
            formula = from_name(written.toImageFormat().name()) if written.isImageFormat() else None
            if formula is None:
                continue
            self._sources[position] = formula.source
            place = self._place(written)
            if place is not None and place.descent > QFontMetricsF(written.font()).descent():
                centred = QTextCharFormat()
                centred.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignMiddle)
                cursor.mergeCharFormat(centred)

    def fit(self, room: float) -> bool:
        """Take in how wide the text may be; True when other formulas fit now than before."""
        before, self._room = self._room, room
        if before == room or not self._drawings:
            return False
        self._document.markContentsDirty(0, self._document.characterCount())
        return any(self._fits(drawing, room) != self._fits(drawing, before) for drawing in self._drawings.values())

    def _fits(self, drawing: Drawing, room: float) -> bool:
        return not room or drawing.width * _scale(self._font) * SMALLEST <= room

    def with_sources(self, text: str, start: int = 0) -> str:
        """Text of the document from a position on, with the source of each formula in its place."""
        if OBJECT not in text or not self._sources:
            return text
        return "".join(self._sources.get(start + n, c) if c == OBJECT else c for n, c in enumerate(text))

    def _place(self, written: QTextFormat) -> _Place | None:
        name = written.toImageFormat().name()
        drawing = self._drawings.get(name)
        if drawing is None:
            return None
        scale = _scale(written.toCharFormat().font())
        if self._room and drawing.width * scale > self._room:
            scale = self._room / drawing.width
        return _Place(drawing, scale)

    # ------------------------------------------------------------------ asked by Qt

    def intrinsicSize(self, _document: QTextDocument, _position: int, written: QTextFormat) -> QSizeF:
        place = self._place(written)
        if place is None:
            return QSizeF(0, 0)
        text = written.toCharFormat()
        if text.verticalAlignment() != QTextCharFormat.VerticalAlignment.AlignMiddle:
            return QSizeF(place.width, place.ascent)  # what is below the baseline fits where letters have theirs
        lift = QFontMetrics(text.font()).xHeight() / 2  # Qt takes half of this more above the baseline than below
        return QSizeF(place.width, max(2 * place.ascent - lift, 2 * place.descent + lift))

    def drawObject(
        self, painter: QPainter, rect: QRectF | QRect, document: QTextDocument, position: int, written: QTextFormat
    ) -> None:
        place = self._place(written)
        if place is None:
            return
        box = QRectF(rect)
        baseline = box.bottom()
        if written.toCharFormat().verticalAlignment() == QTextCharFormat.VerticalAlignment.AlignMiddle:
            block = document.findBlock(position)
            line = block.layout().lineForTextPosition(position - block.position())
            baseline = box.center().y() - line.height() / 2 + line.ascent()
        ratio = painter.device().devicePixelRatioF()
        painted = self._formulas.image(place.drawing, place.scale, QColor(self._colour).name(), ratio)
        wanted = painter.combinedTransform().map(QPointF(box.left(), baseline)) * ratio
        shift = (QPointF(round(wanted.x()), round(wanted.y())) - wanted) / ratio
        corner = QPointF(box.left(), baseline - painted.baseline / ratio) + shift
        painter.drawImage(corner, painted.image)


def _scale(font: QFont) -> float:
    return font.pixelSize() * SIZE / EM
