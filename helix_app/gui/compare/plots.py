"""Tokens over time of both arms, and the speed-up as it develops."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QWidget

import pyqtgraph as pg  # isort: skip  (PySide6 first, so that it takes that binding)

from helix_app.base.language import number
from helix_app.gui.compare.badge import COLOURS
from helix_app.gui.kit import figures
from helix_app.gui.live.metric import CurveStyle, MetricPlot, nice_ceiling
from helix_app.gui.look.theme import Theme
from helix_app.runs.comparison import ArmRecord, speedup, speedup_curve, thinned

MOST = 500  # points of a curve: about one a pixel; more take long to stroke
Points = tuple[Sequence[float], Sequence[float]]


class CurvePlot(MetricPlot):
    """A plot of whole curves from 0 on, with a line at where the replay is."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        unit: str,
        empty: str,
        styles: tuple[CurveStyle, ...],
        *,
        top: float,
        along: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, title, unit, empty, styles, top=top, time_labels=True, parent=parent)
        self._end = 1.0
        self._zoomed = False
        self.plot.getPlotItem().getAxis("bottom").unit = along
        self.line = pg.InfiniteLine(angle=90, movable=False)
        self.line.setVisible(False)
        self.plot.addItem(self.line)
        self.plot.setStyleSheet("background: transparent")  # the page shows through
        self.zoomed.connect(self.on_zoomed)
        self.reset_requested.connect(self.on_reset)
        self._paint_line()

    def show_curves(self, curves: Sequence[Points], value: str) -> None:
        """Draw the first curves of the plot and the current value."""
        self.value.setText(value)
        if self.devicePixelRatioF() != self._scale_drawn:
            self.on_theme_changed()
        highest = 0.0
        end = 0.0
        for curve, (x, y) in zip(self.curves, curves):
            curve.setData(x, y)
            highest = max(highest, max(y, default=0.0))
            end = max(end, x[-1] if len(x) else 0.0)
        if end > 0:
            self._stack.setCurrentIndex(1)
            self._end = end
            self._top = nice_ceiling(highest, self._least_top)
            self._scale()
            if not self._zoomed:
                self.on_reset()

    def show_line(self, x: float | None) -> None:
        """Where the replay is; None shows no line."""
        self.line.setVisible(x is not None)
        if x is not None:
            self.line.setValue(x)

    def on_zoomed(self) -> None:
        """The person looks at a part."""
        self._zoomed = True

    def on_reset(self) -> None:
        """Show all of it."""
        self._zoomed = False
        self.show_span(0.0, self._end * 1.02)

    def end(self) -> float:
        """The largest value along the axis."""
        return self._end

    def on_theme_changed(self) -> None:
        """Recolour curves, axes and the line."""
        super().on_theme_changed()
        if hasattr(self, "line"):
            self._paint_line()

    def clear(self) -> None:
        """Back to no data."""
        super().clear()
        self._zoomed = False
        self.show_line(None)

    def _paint_line(self) -> None:
        self.line.setPen(pg.mkPen(self._theme.colour("muted"), width=self._scale_drawn))


class ComparePlots(QWidget):
    """Both plots side by side.

    Attributes:
        tokens: tokens over seconds, a curve an arm.
        ratio: decode speed of one arm over that of the other, over tokens.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tokens = CurvePlot(
            theme,
            self.tr("Tokens"),
            "",
            self.tr("No tokens yet"),
            (CurveStyle(COLOURS[0], "A"), CurveStyle(COLOURS[1], "B", dashed=True)),
            top=10,
            along=" s",
        )
        self.ratio = CurvePlot(
            theme,
            self.tr("Speedup"),
            "x",
            self.tr("Known once both have written"),
            (
                CurveStyle("accepted", self.tr("by tokens")),
                CurveStyle("plain", self.tr("equally fast"), dashed=True, width=1.2),
            ),
            top=2,
            along="",
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.tokens, 5)
        row.addWidget(self.ratio, 4)
        self._records: tuple[ArmRecord, ArmRecord] = (ArmRecord(), ArmRecord())
        self._over = (0, 1)
        self._drawn = (-1, -1)

    def begin(self, records: tuple[ArmRecord, ArmRecord], over: tuple[int, int]) -> None:
        """A new comparison; the speed-up is that of arm ``over[0]`` over arm ``over[1]``."""
        self._records, self._over = records, over
        self._drawn = (-1, -1)
        self.tokens.clear()
        self.ratio.clear()

    def draw(self) -> None:
        """Draw what there is."""
        state = (len(self._records[0].seconds), len(self._records[1].seconds))
        over = all(record.over for record in self._records)
        if state == self._drawn and not over:
            return
        self._drawn = state
        counts = [record.tokens[-1] if record.tokens else 0 for record in self._records]
        shown = " | ".join(figures.count(count) for count in counts) if any(counts) else figures.UNKNOWN
        self.tokens.show_curves([_tokens_over_time(record) for record in self._records], shown)
        first, second = (self._records[index] for index in self._over)
        x, y = speedup_curve(first, second, MOST)
        final = speedup(first, second)
        value = final if final is not None else (y[-1] if y else None)
        self.ratio.show_curves([(x, y)], figures.UNKNOWN if value is None else number(f"{value:.2f}"))
        if x:
            self.ratio.show_reference(1, 1.0, 0.0, x[-1])

    def show_at(self, seconds: float) -> None:
        """Where the replay is."""
        self.tokens.show_line(seconds)
        record = self._records[self._over[0]]
        step = record.step_at(seconds)
        count = record.tokens[step] if step >= 0 else 0
        self.ratio.show_line(float(count) if not self.ratio.is_empty() and count <= self.ratio.end() else None)


def _tokens_over_time(record: ArmRecord) -> Points:
    kept = thinned(len(record.seconds), MOST)
    return [record.seconds[i] for i in kept], [float(record.tokens[i]) for i in kept]
