"""The one clock that both replies are replayed on."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

FRAME_MS = 33
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)


class ReplayClock(QObject):
    """Seconds of a replay: they pass while it plays, and can be set.

    Attributes:
        seconds: where it is.
        duration: where it ends.
        speed: seconds of the replay in a second.

    Signals:
        moved: it is somewhere else now.
        playing_changed: it began or ceased to play.
    """

    moved = Signal(float)
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None, now: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._now = now
        self._ticked = 0.0
        self.seconds = 0.0
        self.duration = 0.0
        self.speed = 1.0
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.on_tick)

    @property
    def playing(self) -> bool:
        """Whether time passes."""
        return self._timer.isActive()

    def set_duration(self, seconds: float) -> None:
        """Where it ends from now on; it stands there."""
        self.pause()
        self.duration = seconds
        self.seek(seconds)

    def play(self) -> None:
        """Let time pass; from the beginning when it is at the end."""
        if self.playing or self.duration <= 0:
            return
        if self.seconds >= self.duration:
            self.seek(0.0)
        self._ticked = self._now()
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stand still."""
        if self.playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def seek(self, seconds: float) -> None:
        """Go to a time; it plays on from there if it plays."""
        self.seconds = min(max(0.0, seconds), self.duration)
        self._ticked = self._now()
        self.moved.emit(self.seconds)

    def on_tick(self) -> None:
        """Some time has passed."""
        now = self._now()
        self.seconds = min(self.duration, self.seconds + (now - self._ticked) * self.speed)
        self._ticked = now
        self.moved.emit(self.seconds)
        if self.seconds >= self.duration:
            self.pause()
