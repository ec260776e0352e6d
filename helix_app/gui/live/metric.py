"""One plot of the live dock: a title, the current value large beside it, thin curves below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

import pyqtgraph as pg  # isort: skip  (PySide6 first, so that it takes that binding)

from helix_app.base.language import number
from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.steady import SteadyLabel
from helix_app.gui.kit.pictures import PictureMenu
from helix_app.gui.live.canvas import TICK_OFFSET, make_plot
from helix_app.gui.live.ring import Ring
from helix_app.gui.look.theme import Theme

SPANS = (10.0, 20.0, 30.0, 60.0)
DASH = 6.0  # pixels
AXIS_WIDTH = 34  # pixels left of a plot, at least
MOST_DASHED = 600  # points of a broken curve, about


@dataclass(frozen=True)
class CurveStyle:
    """How a curve is drawn and called.

    Attributes:
        colour: a colour of the palette.
        label: its name in the legend, empty for none.
        dashed: broken line, for references and totals.
        steps: a step from point to point instead of a line.
        level: a single level line (``show_reference``).
    """

    colour: str
    label: str = ""
    dashed: bool = False
    steps: bool = False
    level: bool = False
    width: float = 1.6


class LegendKey(QWidget):
    """A short piece of line as the curve is drawn."""

    def __init__(self, theme: Theme, style: CurveStyle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._style = theme, style
        self.setFixedSize(18, 12)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = QPen(self._theme.colour(self._style.colour), 2)
        if self._style.dashed:
            pen.setDashPattern([2.5, 1.5])
        painter.setPen(pen)
        painter.drawLine(0, 6, 18, 6)
        painter.end()


class MetricPlot(QWidget):
    """A titled plot of some rings over the session's seconds.

    It is made with the first data, or by ``prepare``: three plots take a third of the time of a window.

    Signals:
        zoomed: the person zoomed or moved the time axis.
        reset_requested: double click: back to the latest seconds.
    """

    zoomed = Signal()
    reset_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        title: str,
        unit: str,
        empty: str,
        styles: tuple[CurveStyle, ...],
        *,
        top: float,
        fixed: bool = False,
        time_labels: bool = False,
        lively: bool = False,
        term: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            lively: drawn while the engine works, for which a curve as one path takes four times too long: its lines
                are drawn one by one, and a broken curve is one that leaves some of them out.
            term: of the glossary, for the tooltip and F1.
        """
        super().__init__(parent)
        self._theme = theme
        self._styles = styles
        self._lively = lively
        self._top = self._least_top = top
        self._fixed = fixed
        self._scale_drawn = 1.0  # device pixel ratio the pens are made for
        self._time_labels = time_labels
        self._span = 0.0, SPANS[0]  # until it is made
        self._plot: pg.PlotWidget | None = None
        self._curves: list[pg.PlotDataItem] = []
        self._levels: dict[int, float] = {}  # heights of level lines, by curve
        self._later: dict[int, Callable[[], None]] = {}  # what is drawn once it is made: rings, or a curve's level line
        self.setAccessibleName(title)
        if term:
            terms.give(self, term)
        heading = QLabel(title)
        heading.setProperty("tone", "muted")
        self.value = SteadyLabel("–")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setFont(theme.fonts.figure)
        self.value.setAccessibleName(self.tr("{title}, current value").format(title=title))
        self._unit = QLabel(unit)
        self._unit.setProperty("tone", "muted")
        self._unit.setFont(theme.fonts.small)
        self.extra = SteadyLabel()
        self.extra.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.extra.setProperty("tone", "muted")
        self.extra.setFont(theme.fonts.small)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(heading, 0, Qt.AlignmentFlag.AlignBaseline)
        head.addStretch()
        head.addWidget(self.extra, 0, Qt.AlignmentFlag.AlignBaseline)
        head.addSpacing(4)
        head.addWidget(self.value, 0, Qt.AlignmentFlag.AlignBaseline)
        head.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBaseline)
        legend = QHBoxLayout()
        legend.setSpacing(4)
        for style in styles:
            if style.label:
                label = QLabel(style.label)
                label.setProperty("tone", "muted")
                label.setFont(theme.fonts.small)
                legend.addWidget(LegendKey(theme, style))
                legend.addWidget(label)
                legend.addSpacing(8)
        legend.addStretch()

        self._empty = QLabel(empty)
        self._empty.setProperty("tone", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMinimumHeight(56)
        self._has_data = False
        self._stack = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 4)
        column.setSpacing(0)
        column.addLayout(head)
        if any(style.label for style in styles):
            column.addLayout(legend)
        column.addLayout(self._stack, 1)
        self._stack.addWidget(self._empty)  # which shows it: before it is part of this, as a window of its own
        PictureMenu(self, title.lower().replace(" ", "-"))
        theme.changed.connect(self.on_theme_changed)

    @property
    def plot(self) -> pg.PlotWidget:
        """The pyqtgraph widget."""
        self.prepare()
        return self._plot

    @property
    def made(self) -> bool:
        """Whether there is more than words."""
        return self._plot is not None

    @property
    def curves(self) -> list[pg.PlotDataItem]:
        """One a ring, in order."""
        self.prepare()
        return self._curves

    def prepare(self) -> None:
        """Make the plot, behind the words."""
        if self._plot is not None:
            return
        self._plot = make_plot(self._theme.fonts.small, self._time_labels)
        box = self._plot.getPlotItem().getViewBox()
        box.sigResized.connect(self.on_resized)
        box.sigRangeChangedManually.connect(self.on_range_changed)
        self._curves = [self._made_curve(style) for style in self._styles]
        self._stack.addWidget(self._plot)
        self._plot.viewport().installEventFilter(self)
        self.on_theme_changed()
        self._scale()
        self.show_span(*self._span)
        while self._later:
            self._later.popitem()[1]()

    def show_unit(self, unit: str) -> None:
        """What stands behind the value."""
        if unit != self._unit.text():
            self._unit.setText(unit)

    def show_rings(self, rings: tuple[tuple[Ring, int], ...], since: float, value: str) -> None:
        """Draw a column of each ring from ``since`` on, and the current value."""
        self.value.setText(value)
        if self._plot is None:
            parts = (ring.column(column, max(0, ring.first_after(since) - 1)) for ring, column in rings)
            self._has_data = self._has_data or not all(np.isnan(part).all() for part in parts)
            self._later[-1] = lambda: self._draw_rings(rings, since)
        else:
            self._draw_rings(rings, since)

    def _draw_rings(self, rings: tuple[tuple[Ring, int], ...], since: float) -> None:
        if self.devicePixelRatioF() != self._scale_drawn:
            self.on_theme_changed()  # another screen
        highest = 0.0
        drawn = False
        for curve, style, (ring, column) in zip(self.curves, self._styles, rings):
            start = max(0, ring.first_after(since) - 1)
            x, y = ring.column(0, start), ring.column(column, start)
            if self._left_out(style):
                few = max(1, len(x) // MOST_DASHED)
                x, y = x[::few], y[::few]
                low, high = self.span()
                curve.setData(x, y, connect=dashes(x, y, (high - low) / max(1, self.plot.width())))
            else:
                curve.setData(x, y)
            if len(y) and not np.isnan(y).all():
                drawn = True
                highest = max(highest, float(np.nanmax(y)))
        self._has_data = self._has_data or drawn
        if drawn:
            highest = max(highest, *self._levels.values(), 0.0)
        if not self._fixed and highest > 0:
            wanted = nice_ceiling(highest, self._least_top)
            if wanted > self._top or wanted < self._top * 0.45:  # grow at once, shrink only when far too high
                self._top = wanted
                self._scale()

    def can_be_revealed(self) -> bool:
        """Whether there is data behind the words."""
        return self._has_data and self.is_empty()

    def reveal(self) -> None:
        """Put the plot in the place of the words, if it has data."""
        if self.can_be_revealed():
            self.prepare()
            self._stack.setCurrentIndex(1)

    def show_reference(self, curve: int, height: float | None, start: float, end: float) -> None:
        """Draw a curve as a level line; None hides it."""
        self._levels[curve] = height or 0.0
        if self._plot is None:
            self._later[curve] = lambda: self.show_reference(curve, height, start, end)
            return
        known = height is not None
        self.curves[curve].setData([start, end] if known else [], [height, height] if known else [])

    def show_span(self, start: float, end: float) -> None:
        """Set the time axis."""
        self._span = start, end
        if self._plot is not None:
            self._plot.getPlotItem().getViewBox().setXRange(start, end, padding=0)

    def span(self) -> tuple[float, float]:
        """The time axis as shown."""
        if self._plot is None:
            return self._span
        low, high = self.plot.getPlotItem().getViewBox().viewRange()[0]
        return float(low), float(high)

    def is_empty(self) -> bool:
        """Whether words stand in place of the plot."""
        return self._stack.currentIndex() == 0

    def empty_text(self) -> str:
        """Those words."""
        return self._empty.text()

    def say(self, words: str) -> None:
        """What stands in place of the plot while there is no data."""
        self._empty.setText(words)

    def clear(self) -> None:
        """Back to no data."""
        self._later.clear()
        self._levels.clear()
        for curve in self._curves:
            curve.setData([], [])
        self.value.setText("–")
        self.extra.setText("")
        self._top = self._least_top
        self._scale()
        self._has_data = False
        self._stack.setCurrentIndex(0)

    def on_range_changed(self, *_args: object) -> None:
        """Wheel or drag."""
        self.zoomed.emit()

    def on_resized(self, *_args: object) -> None:
        """Another height: the margins stay the same number of pixels."""
        self._scale()

    def on_theme_changed(self) -> None:
        """Recolour curves, axes and grid."""
        if self._plot is None:
            return
        item = self.plot.getPlotItem()
        grid, text = self._theme.colour("grid"), self._theme.colour("muted")
        unseen = self._theme.colour("panel")
        self._scale_drawn = self.devicePixelRatioF()
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(QPen(QColor(0, 0, 0, 0)))
            axis.setTextPen(text)
            axis.setTickPen(pg.mkPen(grid if name == "left" else unseen, width=1))
        for curve, style in zip(self.curves, self._styles):
            # the pen is cosmetic, its width counts device pixels
            pen = pg.mkPen(self._theme.colour(style.colour), width=style.width * self._scale_drawn)
            if style.dashed and not self._left_out(style):
                pen.setDashPattern([5, 4])
            curve.setPen(pen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            self.reset_requested.emit()
            return True
        return super().eventFilter(watched, event)

    def _made_curve(self, style: CurveStyle) -> pg.PlotDataItem:
        curve = pg.PlotDataItem(connect="finite", antialias=True, stepMode="right" if style.steps else None)
        curve.setClipToView(True)
        curve.setDownsampling(auto=True, method="peak")
        if self._lively and not style.level:
            curve.curve.setSegmentedLineMode("on")
        if self._left_out(style):
            curve.setClipToView(False)
            curve.setDownsampling(auto=False)
        self.plot.getPlotItem().addItem(curve)
        return curve

    def _left_out(self, style: CurveStyle) -> bool:
        return self._lively and style.dashed and not style.level

    def _scale(self) -> None:
        if self._plot is None:
            return
        item = self.plot.getPlotItem()
        box = item.getViewBox()
        height = max(24.0, float(box.height()))
        margin = self._top * 9 / max(6.0, height - 18)  # nine pixels, so that the outermost labels are not cut
        item.getViewBox().setYRange(-margin, self._top + margin, padding=0)
        axis = item.getAxis("left")
        labels = [(tick, tick_text(tick)) for tick in (0.0, self._top / 2, self._top)]
        axis.setTicks([labels, []])
        metrics = QFontMetrics(self._theme.fonts.small)
        wide = max(AXIS_WIDTH, *(metrics.horizontalAdvance(text) + TICK_OFFSET + 2 for _, text in labels))
        if axis.fixedWidth != wide:
            axis.setWidth(wide)


def tick_text(value: float) -> str:
    """1500 as ``1,500``, 0.5 as it is."""
    return number(f"{value:,.0f}" if value >= 1000 else f"{value:g}")


def dashes(x: np.ndarray, y: np.ndarray, pixel: float) -> np.ndarray:
    """Which points of a curve to join to the next one for a broken line of dashes and gaps as long as each other.

    Args:
        x: increasing.
        y: not a number where there is a gap anyway.
        pixel: the width of one, in units of ``x``.
    """
    if len(x) < 2:
        return np.zeros(len(x), dtype=np.int32)
    middles = (x[1:] + x[:-1]) / 2
    length = max(DASH * pixel, float(np.median(np.diff(x))), 1e-9)
    drawn = (middles // length % 2 == 0) & np.isfinite(y[1:]) & np.isfinite(y[:-1])
    return np.append(drawn, False).astype(np.int32)


def nice_ceiling(value: float, least: float) -> float:
    """The smallest of 1, 2, 4, 6, 8 times a power of ten that is not under the value: halves stay round."""
    top = least
    while top < value:
        power = 10.0 ** np.floor(np.log10(value))
        top = next((float(step * power) for step in (1, 2, 4, 6, 8, 10) if step * power >= value), 10 * power)
    return top
