"""Ratios with their intervals, and columns of shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

import pyqtgraph as pg  # isort: skip  (PySide6 first, so that it takes that binding)

from helix_app.base.language import number
from helix_app.gui.kit.pictures import PictureMenu
from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench_views import BenchBar, BenchRatio

ROW = 28
AXIS = 28
POINT = 9
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
# verdict: colour, symbol, filled
MARKS = {
    "higher": ("accepted", "o", True),
    "lower": ("corrected", "t", True),
    "same": ("plain", "o", False),
    "few": ("plain", "x", False),
}


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """At most eight round ratios of the range, 1.0x among them."""
    step = next((step for step in STEPS if high - low <= 7 * step), STEPS[-1])
    digits = 2 if step < 0.1 else 1
    first, last = math.ceil((low - 1) / step), math.floor((high - 1) / step)
    return [(1 + n * step, number(f"{1 + n * step:.{digits}f}x")) for n in range(first, last + 1)]


class RatioPlot(QWidget):
    """A point with an interval a row, and an upright line at 1.0x.

    Attributes:
        ratios: what is shown.
        marks: the points, one item a verdict.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._name = theme, name
        self.ratios: tuple[BenchRatio, ...] = ()
        self.setAccessibleName(name)
        self.plot = pg.PlotWidget(background=None, enableMenu=False)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.wheelEvent = lambda event: event.ignore()  # the page scrolls
        item = self.plot.getPlotItem()
        item.setContentsMargins(0, 0, 8, 0)
        item.getViewBox().setDefaultPadding(0)
        item.getViewBox().disableAutoRange()
        item.showGrid(x=True, y=False, alpha=0.25)
        left, bottom = item.getAxis("left"), item.getAxis("bottom")
        left.setStyle(tickLength=0, tickTextOffset=8, maxTickLevel=0, tickFont=theme.fonts.small)
        bottom.setStyle(tickLength=0, tickTextOffset=4, maxTickLevel=0, tickFont=theme.fonts.small)
        bottom.setHeight(AXIS - 6)
        self.one = pg.InfiniteLine(pos=1.0, angle=90, movable=False)
        item.addItem(self.one)
        self.spans = pg.PlotDataItem(connect="pairs", antialias=True)
        item.addItem(self.spans)
        self.marks = {verdict: pg.ScatterPlotItem(size=POINT, antialias=True) for verdict in MARKS}
        for mark in self.marks.values():
            item.addItem(mark)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        PictureMenu(self, "benchmark")
        theme.changed.connect(self.on_theme_changed)
        self.on_theme_changed()

    def show_ratios(self, ratios: Sequence[BenchRatio]) -> None:
        """Draw what has a value; the first row is at the top."""
        self.ratios = tuple(ratios)
        known = [ratio for ratio in ratios if ratio.value is not None]
        self.setVisible(bool(known))
        if not known:
            return
        item = self.plot.getPlotItem()
        count = len(known)
        rows = {ratio.label: float(count - 1 - i) for i, ratio in enumerate(known)}
        xs, ys = [], []
        for ratio in known:
            if ratio.low is not None and ratio.high is not None:
                xs += [ratio.low, ratio.high]
                ys += [rows[ratio.label]] * 2
        self.spans.setData(xs, ys)
        for verdict, mark in self.marks.items():
            points = [r for r in known if r.verdict == verdict]
            mark.setData(x=[r.value for r in points], y=[rows[r.label] for r in points])
        left = item.getAxis("left")
        left.setTicks([[(row, label) for label, row in rows.items()], []])
        metrics = QFontMetrics(self._theme.fonts.small)
        left.setWidth(max(metrics.horizontalAdvance(label) for label in rows) + 16)
        ends = [1.0, *xs, *(ratio.value for ratio in known if ratio.value is not None)]
        room = max(0.05, (max(ends) - min(ends)) * 0.08)
        low, high = min(ends) - room, max(ends) + room
        item.getAxis("bottom").setTicks([ticks(low, high), []])
        item.getViewBox().setRange(xRange=(low, high), yRange=(-0.5, count - 0.5), padding=0)
        self.setFixedHeight(ROW * count + AXIS)
        self.setAccessibleDescription("; ".join(f"{ratio.label} {ratio.text}" for ratio in known))

    def on_theme_changed(self) -> None:
        """Recolour everything."""
        item = self.plot.getPlotItem()
        scale = self.devicePixelRatioF()  # pens are cosmetic, their width counts device pixels
        self.plot.setBackground(self._theme.colour("canvas"))
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(QPen(QColor(0, 0, 0, 0)))
            axis.setTextPen(self._theme.colour("text" if name == "left" else "muted"))
            axis.setTickPen(pg.mkPen(self._theme.colour("canvas" if name == "left" else "grid"), width=1))
        self.one.setPen(pg.mkPen(self._theme.colour("border_strong"), width=1.5 * scale))
        self.spans.setPen(pg.mkPen(self._theme.colour("muted"), width=1.6 * scale))
        for verdict, (colour, symbol, filled) in MARKS.items():
            mark, ink = self.marks[verdict], self._theme.colour(colour)
            mark.setSymbol(symbol)
            mark.setPen(pg.mkPen(ink, width=1.8 * scale))
            mark.setBrush(pg.mkBrush(ink if filled else self._theme.colour("canvas")))


class Bars(QWidget):
    """Upright columns with a share above and a label below each.

    Attributes:
        bars: what is shown.
    """

    def __init__(self, theme: Theme, name: str, along: str, parent: QWidget | None = None) -> None:
        """``along``: what the labels count."""
        super().__init__(parent)
        self._theme, self._name, self._along = theme, name, along
        self.bars: tuple[BenchBar, ...] = ()
        self._top = 1.0
        self.setAccessibleName(name)
        self.setFont(theme.fonts.small)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        PictureMenu(self, "benchmark")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 144)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 144)

    def show_bars(self, bars: Sequence[BenchBar], top: float = 1.0) -> None:
        """Draw columns; ``top`` is the share of a full one."""
        self.bars, self._top = tuple(bars), top or 1.0
        self.setAccessibleDescription(", ".join(f"{self._along} {bar.label}: {bar.text}" for bar in bars))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self.bars:
            return
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        pitch = min(56.0, self.width() / len(self.bars))
        wide = min(32.0, pitch * 0.7)
        base, room = self.height() - 2 * line - 4.0, self.height() - 3 * line - 10.0
        texts = all(self.fontMetrics().horizontalAdvance(bar.text) <= pitch for bar in self.bars)
        painter.setPen(QPen(QColor(p.border), 1))
        painter.drawLine(0, round(base), round(pitch * len(self.bars)), round(base))
        for i, bar in enumerate(self.bars):
            left = i * pitch
            height = room * min(1.0, bar.share / self._top)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accepted"))
            painter.drawRect(QRectF(left + (pitch - wide) / 2, base - height, wide, height))
            painter.setPen(QColor(p.text))
            if texts:
                above = QRectF(left, base - height - line - 2, pitch, line)
                painter.drawText(above, Qt.AlignmentFlag.AlignCenter, bar.text)
            painter.setPen(QColor(p.muted))
            painter.drawText(QRectF(left, base + 2, pitch, line), Qt.AlignmentFlag.AlignCenter, bar.label)
        below = QRectF(0, base + line + 2, self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self._along)
        painter.end()
