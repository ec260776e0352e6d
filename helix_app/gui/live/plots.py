"""The three plots of a session: acceptance, adaptive K and tokens per second."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.pace import Pace, by_cores
from helix_app.gui.live.clock import SessionClock
from helix_app.gui.live.metric import SPANS, CurveStyle, MetricPlot
from helix_app.gui.live.ring import Ring
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events

FRAME_MS = by_cores(118, 238)  # three curves take 7 ms to draw
REVEAL_MS = 8  # between making two plots, and between their first drawings, which take longest
NAN = math.nan


def _number(value: float | None) -> float:
    return NAN if value is None else value


class LivePlots(QWidget):
    """Plots every RoundDone; draws four to eight times a second and only while it can be seen.

    Attributes:
        pace: when it draws.
        acceptance: ring of (seconds, rolling %, cumulative %).
        k: ring of (seconds, k).
        speed: ring of (seconds, tokens/s).
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = SessionClock()
        self._last: events.RoundDone | None = None
        self._dirty = False
        self._following = True
        self._linking = False
        self.acceptance = Ring(3)
        self.k = Ring(2)
        self.speed = Ring(2)
        self.acceptance_plot = MetricPlot(
            theme,
            terms.name("acceptance"),
            "%",
            self.tr("No speculative round yet"),
            (
                CurveStyle("accepted", self.tr("rolling")),
                CurveStyle("accepted", self.tr("whole reply"), dashed=True, width=1.2),
            ),
            top=100,
            fixed=True,
            lively=True,
            term="acceptance",
        )
        self.k_plot = MetricPlot(
            theme,
            terms.name("k"),
            self.tr("tokens"),
            self.tr("No speculative round yet"),
            (CurveStyle("text", steps=True, width=1.4),),
            top=8,
            lively=True,
            term="k",
        )
        self.speed_plot = MetricPlot(
            theme,
            terms.name("speed"),
            self.tr("tok/s"),
            self.tr("No reply yet"),
            (
                CurveStyle("accent_text", self.tr("measured")),
                CurveStyle("plain", self.tr("plain decoding"), dashed=True, level=True),
            ),
            top=10,
            time_labels=True,
            lively=True,
            term="speed",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for plot, stretch in ((self.acceptance_plot, 6), (self.k_plot, 5), (self.speed_plot, 7)):
            column.addWidget(plot, stretch)
            plot.zoomed.connect(self.on_zoomed)
            plot.reset_requested.connect(self.on_reset_requested)
        self.pace = Pace(self.on_paced_frame, FRAME_MS, self)
        self._next_made, self._next_reveal = self._soon(self.prepare), self._soon(self.on_next_reveal)

    def _soon(self, act: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(REVEAL_MS)
        timer.timeout.connect(act)
        return timer

    def say(self, drafts: str = "", speed: str = "") -> None:
        """Why there is nothing to plot of drafts, and of speed; empty where it is only not there yet."""
        for plot in (self.acceptance_plot, self.k_plot):
            plot.say(drafts or self.tr("No speculative round yet"))
        self.speed_plot.say(speed or self.tr("No reply yet"))

    def plots(self) -> tuple[MetricPlot, ...]:
        """The plots from top to bottom."""
        return self.acceptance_plot, self.k_plot, self.speed_plot

    def prepare(self) -> None:
        """A reply begins: make the first plot that is not made, the next one soon after."""
        missing = [plot for plot in self.plots() if not plot.made]
        if missing:
            missing[0].prepare()
        if len(missing) > 1:
            self._next_made.start()

    def on_round(self, event: events.RoundDone) -> None:
        """Remember one round."""
        time, fresh = self._clock.at(event.request_id, event.elapsed_seconds)
        if fresh and self._last is not None:
            self.acceptance.append(time, NAN, NAN)
            self.k.append(time, NAN)
            self.speed.append(time, NAN)
        rolling, whole = event.rolling_acceptance, event.acceptance_rate
        self.acceptance.append(time, _number(rolling) * 100, _number(whole) * 100)
        self.k.append(time, event.k)
        self.speed.append(time, _number(event.rolling_tokens_per_second))
        self._last = event
        self._dirty = True
        if self.isVisible():
            self.pace.ask()

    def on_frame(self) -> None:
        """Draw what has come since the last frame; every plot with data takes the place of its words."""
        self._draw()
        for plot in self.plots():
            plot.reveal()

    def on_paced_frame(self) -> None:
        """The same by the clock: a plot's first drawing is long, so one plot after another takes its place."""
        self._draw()
        self.on_next_reveal()

    def on_next_reveal(self) -> None:
        """Put the first plot that has data in the place of its words; the next one soon after."""
        waiting = [plot for plot in self.plots() if plot.can_be_revealed()]
        if waiting:
            waiting[0].reveal()
        if len(waiting) > 1:
            self._next_reveal.start()

    def _draw(self) -> None:
        event = self._last
        if not self._dirty or event is None or not self.isVisible():
            return
        self._dirty = False
        now = self._clock.now
        length = next((span for span in SPANS if span >= now), SPANS[-1])
        start = max(0.0, now - length)
        since = start if self._following else 0.0
        if self._following:
            self._show_span(start, start + length)
        if event.acceptance_rate is not None or not self.acceptance_plot.is_empty():
            rolling = event.rolling_acceptance
            shown = figures.percent(event.acceptance_rate if rolling is None else rolling).removesuffix(" %")
            self.acceptance_plot.extra.setText("" if rolling is not None else self.tr("whole reply"))
            self.acceptance_plot.show_rings(((self.acceptance, 1), (self.acceptance, 2)), since, shown)
            self.k_plot.show_rings(((self.k, 1),), since, str(event.k))
            self.k_plot.show_unit(self.tr("token") if event.k == 1 else self.tr("tokens"))
            self.k_plot.value.setToolTip(messages.k_reason_text(event.k_reason))
        plain = event.plain_tokens_per_second
        self.speed_plot.show_reference(1, plain, since, max(now, since + length))
        self.speed_plot.show_rings(((self.speed, 1),), since, figures.rate(event.rolling_tokens_per_second))
        self.speed_plot.extra.setText("" if plain is None else self.tr("plain {n}").format(n=figures.rate(plain)))

    def on_zoomed(self) -> None:
        """The person looks at another stretch of time: all three plots show it."""
        sender = self.sender()
        if self._linking or not isinstance(sender, MetricPlot):
            return
        self._following = False
        self._show_span(*sender.span())
        self._redraw()

    def on_reset_requested(self) -> None:
        """Back to the latest seconds."""
        self._following = True
        self._redraw()

    def clear(self) -> None:
        """Forget everything."""
        for ring in (self.acceptance, self.k, self.speed):
            ring.clear()
        for plot in self.plots():
            plot.clear()
        self._clock.reset()
        self._last = None
        self._dirty = False
        self._following = True
        self._show_span(0, SPANS[0])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._dirty:
            self.pace.ask()

    def _redraw(self) -> None:
        self._dirty = self._last is not None
        self.on_frame()

    def _show_span(self, start: float, end: float) -> None:
        self._linking = True
        for plot in self.plots():
            plot.show_span(start, end)
        self._linking = False
