"""From a flood of events on a worker thread to at most thirty batches a second on the GUI thread."""

from __future__ import annotations

import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from helix_app.protocol.events import CacheSnapshot, Event, PrefillProgress, RoundDone, TextDelta
from helix_app.protocol.models.hub import DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from helix_app.runs.pool_state import merge, mergeable

MAX_WAITING = 256  # events that may wait for a window that is slower than the engine
MAX_SECONDS = 1.0  # that an event waits for the window to take the others, should it take none at all


class EventBuffer:
    """Collects events and merges those whose merger has the same effect.

    Between two other events, all TextDeltas of a reply become one and all CacheSnapshots of a pool
    become one, behind the RoundDones they belong to (each of those is kept, in order). Of adjacent
    progress events of one thing the last is kept. Nothing passes any other event.
    """

    def __init__(self) -> None:
        self._settled: list[Event] = []
        self._rounds: list[Event] = []
        self._texts: dict[str, list[str]] = {}
        self._caches: dict[str, CacheSnapshot] = {}

    def add(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, RoundDone):
            self._rounds.append(event)
        elif isinstance(event, TextDelta):
            self._texts.setdefault(event.request_id, []).append(event.text)
        elif isinstance(event, CacheSnapshot):
            older = self._caches.get(event.pool)
            if older is not None and mergeable(older, event):
                event = merge(older, event)
            elif older is not None:
                self._settle()
            self._caches[event.pool] = event
        else:
            self._settle()
            if self._settled and _supersedes(event, self._settled[-1]):
                self._settled.pop()
            self._settled.append(event)

    def take(self) -> list[Event]:
        """All that was added since the last take, merged; the buffer is empty afterwards."""
        self._settle()
        taken, self._settled = self._settled, []
        return taken

    def _settle(self) -> None:
        self._settled += self._rounds
        self._settled += [TextDelta(request_id, "".join(parts)) for request_id, parts in self._texts.items()]
        self._settled += self._caches.values()
        self._rounds, self._texts, self._caches = [], {}, {}


def _supersedes(event: Event, older: Event) -> bool:
    if isinstance(event, LoadProgress) and isinstance(older, LoadProgress):
        return event.stage == older.stage
    if isinstance(event, PrefillProgress) and isinstance(older, PrefillProgress):
        return event.request_id == older.request_id
    if isinstance(event, DownloadProgress) and isinstance(older, DownloadProgress):
        return (event.model_id, event.stage) == (older.model_id, older.stage)
    return False


class EventCoalescer(QObject):
    """Lives on the GUI thread; any thread puts events in.

    The first event after a flush wakes the GUI thread, which delivers at once when the last batch is
    an interval ago and otherwise sets a timer for the rest of it. So nothing waits for a next event,
    and nothing runs while there are none.

    Signals:
        events_ready(list): a batch of events, never empty.
    """

    events_ready = Signal(list)
    _woken = Signal()

    def __init__(self, interval_ms: int = 33, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._interval_ms = interval_ms
        self._lock = threading.Lock()  # guards what follows
        self._room = threading.Condition(self._lock)
        self._waiting = 0
        self._paced = True
        self._buffer = EventBuffer()
        self._waking = False
        self._flushed_at = float("-inf")
        self._flushing = False
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def put(self, event: Event) -> None:
        """Add an event. Thread-safe; returns at once."""
        self._put(event, paced=False)

    def put_paced(self, event: Event) -> None:
        """Add an event from a thread that is not the GUI's; while ``MAX_WAITING`` wait already, that thread waits too.

        Without it a batch takes longer the longer the one before took, and Stop comes behind all of them.
        """
        self._put(event, paced=True)

    def unpace(self) -> None:
        """From now on nothing waits: the GUI thread itself is about to wait for those who put events in."""
        with self._lock:
            self._paced = False
            self._room.notify_all()

    def _put(self, event: Event, paced: bool) -> None:
        with self._lock:
            if paced:
                self._room.wait_for(lambda: self._waiting < MAX_WAITING or not self._paced, MAX_SECONDS)
            self._buffer.add(event)
            self._waiting += 1
            wake = not self._waking
            self._waking = True
        if wake:
            self._woken.emit()

    @Slot()
    def flush(self) -> None:
        """Deliver what is there now. Called from a handler of a batch, it delivers after that batch."""
        if self._flushing:
            self._again = True
            return
        self._flushing = True
        try:
            self._again = True
            while self._again:
                self._again = False
                self._deliver()
        finally:
            self._flushing = False

    def _deliver(self) -> None:
        self._timer.stop()
        with self._lock:
            batch = self._buffer.take()
            self._waking = False
            self._waiting = 0
            self._room.notify_all()
        if batch:
            self._flushed_at = time.monotonic()
            self.events_ready.emit(batch)

    @Slot()
    def _on_woken(self) -> None:
        left_ms = self._interval_ms - (time.monotonic() - self._flushed_at) * 1000
        if left_ms <= 0:
            self.flush()
        elif not self._timer.isActive():
            self._timer.start(int(left_ms) + 1)
