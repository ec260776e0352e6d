"""What stands to the left of a list item: a bullet, a number, the box of a task."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from helix_app.gui.chat.text.units import DONE, TODO
from helix_app.gui.look.theme import Theme

BOX = 12  # pixels across


def paint_marker(
    painter: QPainter, theme: Theme, marker: str, depth: int, edge: float, baseline: float, *, rtl: bool = False
) -> None:
    """Paint a marker to the left of ``edge``, or to its right where the text goes from right to left (``rtl``), on the
    baseline of the first line.
    """
    metrics = QFontMetricsF(theme.fonts.chat)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(theme.palette.muted)
    painter.setPen(colour)
    if marker == "•":
        painter.setBrush(colour if depth % 2 else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(edge + (12 if rtl else -12), baseline - metrics.xHeight() / 2), 2.0, 2.0)
        painter.restore()
        return
    wide = BOX if marker in (TODO, DONE) else metrics.horizontalAdvance(marker)
    left = edge + 6 if rtl else edge - 6 - wide
    if marker in (TODO, DONE):
        box = QRectF(left + 0.5, round(baseline - (metrics.capHeight() + BOX) / 2) + 0.5, BOX - 1, BOX - 1)
        _paint_box(painter, theme, box, done=marker == DONE)
    else:
        painter.setFont(theme.fonts.chat)
        painter.drawText(QPointF(left, baseline), marker)
    painter.restore()


def _paint_box(painter: QPainter, theme: Theme, box: QRectF, *, done: bool) -> None:
    p = theme.palette
    painter.setPen(QPen(QColor(p.accent if done else p.border_strong), 1))
    painter.setBrush(QColor(p.accent) if done else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 2.5, 2.5)
    if done:
        painter.setPen(QPen(QColor(p.on_accent), 1.6, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        tick = [(0.22, 0.52), (0.42, 0.72), (0.78, 0.3)]
        painter.drawPolyline([QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in tick])
