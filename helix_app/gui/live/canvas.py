"""The pyqtgraph widget of a plot, without its curves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView

import pyqtgraph as pg  # isort: skip  (PySide6 first, so that it takes that binding)

TICK_OFFSET = 6  # pixels between a label and the plot


class _TimeAxis(pg.AxisItem):
    """Seconds of the session, or another unit."""

    unit = " s"

    def tickStrings(self, values: list[float], _scale: float, spacing: float) -> list[str]:
        digits = 0 if spacing >= 1 else 1
        return [f"{value:.{digits}f}{self.unit}" for value in values]


def make_plot(font: QFont, time_labels: bool) -> pg.PlotWidget:
    """A plot without curves: thin labels, a level grid, a time axis that only a person moves.

    ``font`` is that of the labels, which the time axis has with ``time_labels`` alone.
    """
    plot = pg.PlotWidget(axisItems={"bottom": _TimeAxis("bottom")}, background=None, enableMenu=False)
    plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)  # it would keep the background of another theme
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.hideButtons()
    plot.setMinimumHeight(56)
    item = plot.getPlotItem()
    item.setContentsMargins(0, 4, 0, 0)
    box = item.getViewBox()
    box.setMouseEnabled(x=True, y=False)
    box.setDefaultPadding(0)
    box.setLimits(xMin=0)
    box.disableAutoRange()
    left, bottom = item.getAxis("left"), item.getAxis("bottom")
    left.setStyle(tickLength=0, tickTextOffset=TICK_OFFSET, maxTickLevel=0, tickFont=font)
    bottom.setStyle(tickLength=0, tickTextOffset=4, maxTickLevel=0, tickFont=font, showValues=time_labels)
    bottom.setHeight(20 if time_labels else 4)
    for axis in (left, bottom):  # its texts and grid are painted once, not with every point of a curve
        axis.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
    item.showGrid(x=False, y=True, alpha=0.25)
    return plot
