"""Progress of one stage: how often to tell, how fast it goes, how long it still takes."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

from helix_app.hub.transfer.failures import Cancelled
from helix_app.protocol.models.hub import DownloadProgress

Stage = Literal["connect", "download", "verify", "unpack"]

INTERVAL_SECONDS = 0.1  # at most ten events a second
_WINDOW_SECONDS = 5.0  # the speed is that of the last seconds
_CHUNK = 1 << 20


class Meter:
    """Turns byte counts into DownloadProgress events, at most ten a second.

    Attributes:
        done_bytes, total_bytes: of this stage; a total of 0 is unknown.
    """

    def __init__(
        self,
        model_id: str,
        stage: Stage,
        total_bytes: int = 0,
        done_bytes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model_id = model_id
        self._stage: Stage = stage
        self._clock = clock
        self._told_at = clock()
        self.total_bytes = total_bytes
        self.restart(done_bytes)

    def restart(self, done_bytes: int) -> None:
        """Count on from ``done_bytes``; what was there before says nothing about the speed."""
        self.done_bytes = done_bytes
        self._samples: deque[tuple[float, int]] = deque([(self._clock(), done_bytes)])

    def advance(self, count: int) -> DownloadProgress | None:
        """Add ``count`` bytes, 0 while nothing arrives; the event to yield if it is time for one."""
        self.done_bytes += count
        now = self._clock()
        if now - self._told_at < INTERVAL_SECONDS:
            return None
        self._told_at = now
        self._samples.append((now, self.done_bytes))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW_SECONDS:
            self._samples.popleft()
        return self.event()

    def event(self) -> DownloadProgress:
        """The state as an event."""
        (start, first), (end, last) = self._samples[0], self._samples[-1]
        speed = (last - first) / (end - start) if end > start else None
        left = (self.total_bytes - self.done_bytes) / speed if speed and self.total_bytes else None
        return DownloadProgress(self._model_id, self._stage, self.done_bytes, self.total_bytes, speed, left)


def hash_file(path: Path, model_id: str, cancel: threading.Event) -> Generator[DownloadProgress, None, str]:
    """Yield progress of stage ``verify`` and return the SHA-256 of the file in hex.

    Raises OSError, and Cancelled once ``cancel`` is set.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        meter = Meter(model_id, "verify", path.stat().st_size)
        yield meter.event()
        while chunk := file.read(_CHUNK):
            if cancel.is_set():
                raise Cancelled
            digest.update(chunk)
            if (event := meter.advance(len(chunk))) is not None:
                yield event
    yield meter.event()
    return digest.hexdigest()
