"""How smoothly the window runs while replies are written, measured by the window itself.

A frame begins when the window takes in a batch of events and ends when it has painted what they changed. Its time is
that by the clock, so what other programs take in between counts: it is how late a person sees what the engine said,
and how long the window could not answer. What painting alone takes is measured apart. Nothing wakes the window up for
it: a timer of its own would take from the engine what it measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

SLOW_MS = 33.0  # longer frames are seen: fewer than 30 a second
KEPT = 20_000  # frames, twenty minutes of writing
Clock = Callable[[], float]


@dataclass(frozen=True)
class FrameReport:
    """Frames of some seconds; times in milliseconds.

    Attributes:
        frames: batches of events that were painted.
        seconds: how long the window was busy with them.
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
    """Times frames while something is written.

    Attributes:
        running: whether frames are timed now.

    Signals:
        ended: a stretch is over; ``last`` tells of it.
    """

    ended = Signal()

    def __init__(self, parent: QObject | None = None, clock: Clock = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._began: float | None = None  # the frame that is not painted yet
        self._now, self._ever = _Tally(), _Tally()
        self.running = False

    def start(self) -> None:
        """Begin a new stretch."""
        self._now.clear()
        self._began = None
        self.running = True

    def stop(self) -> None:
        """End the stretch."""
        if self.running:
            self.running = False
            self.ended.emit()

    def on_batch(self) -> None:
        """Events are being taken in; a batch that comes before the last one is painted belongs to its frame."""
        if self.running and self._began is None:
            self._began = self._clock()

    def on_paint(self, seconds: float) -> None:
        """The window was painted, which took this long."""
        if not self.running:
            return
        for tally in (self._now, self._ever):
            tally.paints.add(seconds * 1000)
            if self._began is not None:
                tally.gaps.add((self._clock() - self._began) * 1000)
        self._began = None

    def last(self) -> FrameReport | None:
        """The stretch that is timed now, or the last one; None before the first."""
        return self._now.report()

    def ever(self) -> FrameReport | None:
        """All stretches since the window was opened, the newest ``KEPT`` frames of them."""
        return self._ever.report()

    def recent(self, count: int) -> np.ndarray:
        """Milliseconds of the newest frames of this stretch, oldest first."""
        return self._now.gaps.last(count)
