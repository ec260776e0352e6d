"""How smoothly the window runs while replies are written, measured by the window itself.

A timer asks for a turn of the event loop every 16 ms, sixty times a second. A turn that comes late was held up by
whatever the GUI thread did meanwhile: handling events, laying out text, drawing plots, painting. The time from one turn
to the next is the frame time: 16 ms when nothing holds it up, and what a person sees as a stutter when it is long.
What painting takes is measured apart, around each repaint of the whole window.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

BEAT_MS = 16
SLOW_MS = 33.0  # longer frames are seen: fewer than 30 a second
KEPT = 36_000  # ten minutes
Clock = Callable[[], float]


@dataclass(frozen=True)
class FrameReport:
    """Frames of some seconds; times in milliseconds.

    Attributes:
        frames: turns of the event loop that were timed.
        seconds: how long they took together.
        median, p95, p99, worst: of the frame times.
        slow: share of the frames that took longer than ``SLOW_MS``.
        paints: repaints of the window.
        paint_median, paint_p95: what one takes.
    """

    frames: int
    seconds: float
    median: float
    p95: float
    p99: float
    worst: float
    slow: float
    paints: int
    paint_median: float | None
    paint_p95: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        return asdict(self)


class _Times:
    """The newest milliseconds of something."""

    def __init__(self) -> None:
        self._values = np.zeros(KEPT)
        self._count = 0

    def add(self, value: float) -> None:
        self._values[self._count % KEPT] = value
        self._count += 1

    def clear(self) -> None:
        self._count = 0

    def all(self) -> np.ndarray:
        """In no particular order once there are more than fit."""
        return self._values[: min(self._count, KEPT)]

    def last(self, count: int) -> np.ndarray:
        """The newest, oldest first."""
        count = min(count, self._count, KEPT)
        return self._values[np.arange(self._count - count, self._count) % KEPT]


class _Tally:
    """Frames and repaints since it began."""

    def __init__(self) -> None:
        self.gaps, self.paints = _Times(), _Times()

    def clear(self) -> None:
        self.gaps.clear()
        self.paints.clear()

    def report(self) -> FrameReport | None:
        gaps, paints = self.gaps.all(), self.paints.all()
        if not len(gaps):
            return None
        median, p95, p99 = (float(value) for value in np.percentile(gaps, (50, 95, 99)))
        drawn = np.percentile(paints, (50, 95)).tolist() if len(paints) else (None, None)
        return FrameReport(
            len(gaps),
            float(gaps.sum()) / 1000,
            median,
            p95,
            p99,
            float(gaps.max()),
            float((gaps > SLOW_MS).mean()),
            len(paints),
            *drawn,
        )


class FrameMeter(QObject):
    """Times frames while somebody has it running; costs nothing otherwise.

    Attributes:
        running: whether frames are timed now.

    Signals:
        began: a new stretch is timed.
        ended: it is over; ``last`` tells of it.
    """

    began = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None, clock: Clock = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._at = 0.0
        self._now, self._ever = _Tally(), _Tally()
        self.running = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self.on_beat)

    def start(self) -> None:
        """Begin a new stretch."""
        self._now.clear()
        self._at = self._clock()
        self.running = True
        self._timer.start()
        self.began.emit()

    def stop(self) -> None:
        """End the stretch. What holds the window up right now still counts."""
        if not self.running:
            return
        self.on_beat()
        self._timer.stop()
        self.running = False
        self.ended.emit()

    def on_beat(self) -> None:
        """A turn of the event loop."""
        at = self._clock()
        gap = (at - self._at) * 1000
        self._at = at
        self._now.gaps.add(gap)
        self._ever.gaps.add(gap)

    def on_paint(self, seconds: float) -> None:
        """The window was painted."""
        if self.running:
            self._now.paints.add(seconds * 1000)
            self._ever.paints.add(seconds * 1000)

    def last(self) -> FrameReport | None:
        """The stretch that is timed now, or the last one; None before the first."""
        return self._now.report()

    def ever(self) -> FrameReport | None:
        """All stretches since the window was opened, the newest ten minutes of them."""
        return self._ever.report()

    def recent(self, count: int) -> np.ndarray:
        """Milliseconds of the newest frames of this stretch, oldest first."""
        return self._now.gaps.last(count)
