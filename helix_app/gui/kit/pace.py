"""When what has changed is drawn: together with everything else that the same events changed.

Every repaint of a window costs time that the engine wants. Parts that each drew by a clock of their own repainted it
ninety times a second; drawn at the end of a batch of events, thirty are enough.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

EARLY_MS = 8  # so much before its time a part is drawn along with others
LATE_MS = 70  # so much after it, it is drawn alone: no events came
FEW_CORES = 4  # the engine uses them all: a window that draws holds it up


def by_cores(many: int, few: int, cores: int | None = None) -> int:
    """Milliseconds between two drawings on a computer with many cores, or ``few`` where drawing costs tokens."""
    return few if (cores or os.cpu_count() or 1) <= FEW_CORES else many


class Pace(QObject):
    """Draws at most every ``interval`` milliseconds, and soon after the last time that it was asked to.

    Attributes:
        interval: milliseconds from one time to the next, at least.
    """

    def __init__(
        self,
        draw: Callable[[], None],
        interval: int,
        parent: QObject,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._draw, self._clock = draw, clock
        self.interval = interval
        self._last = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.draw)

    @property
    def waiting(self) -> bool:
        """Whether something is to be drawn."""
        return self._timer.isActive()

    def ask(self) -> None:
        """Something has changed."""
        if not self._timer.isActive():
            self._timer.start(round(max(0.0, self.interval - self._since())) + LATE_MS)

    def pulse(self) -> None:
        """A batch of events is through: draw now if that is wanted and was not done just before."""
        if self.waiting and self._since() >= self.interval - EARLY_MS:
            self.draw()

    def draw(self) -> None:
        """Draw now."""
        self._timer.stop()
        self._last = self._clock()
        self._draw()

    def stop(self) -> None:
        """There is nothing to draw any more."""
        self._timer.stop()

    def _since(self) -> float:
        return (self._clock() - self._last) * 1000
