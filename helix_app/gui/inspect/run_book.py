"""Every reply of this session is recorded, as long as there is room for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from helix_app.base.process import heap
from helix_app.protocol.events import CacheSnapshot, Failed, Finished, Notice, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.run import Run, RunEvent, RunItem

MOST_BYTES = 192 * 2**20  # of all recorded runs together, as estimated below


def weight(event: object) -> int:
    """About how many bytes an event keeps in memory."""
    if isinstance(event, RoundDone):
        best = sum(len(token.alternatives) for token in event.emitted)
        return 800 + 300 * (len(event.proposed) + len(event.emitted)) + 250 * best
    if isinstance(event, CacheSnapshot):
        return 500 + len(event.indices) + len(event.cells) + sum(100 + len(table) for _name, table in event.tables)
    if isinstance(event, Finished):
        return 500 + 2 * len(event.text) + 36 * len(event.token_ids)
    return 300 + 2 * len(getattr(event, "text", ""))


@dataclass
class _Running:
    """A reply that is being recorded: since when, the pools that it has all of, and whether there was no more room."""

    began: float
    known: set[str] = field(default_factory=set)
    cut: bool = False


class RunBook(QObject):
    """Records replies. Memory is bounded: when all runs together weigh more than ``most``, the oldest are dropped; a
    single reply that is too long keeps its beginning and is marked as not complete.

    Attributes:
        latest: request id of the newest run, empty when there is none.

    Signals:
        recorded: (request_id, RunItem), as it happens.
        dropped: request id of a run that was given up.
    """

    recorded = Signal(str, object)
    dropped = Signal(str)

    def __init__(
        self, most: int = MOST_BYTES, clock: Callable[[], float] = time.perf_counter, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._most, self._clock = most, clock
        self._runs: dict[str, Run] = {}
        self._weights: dict[str, int] = {}
        self._ready: ModelReady | None = None
        self._count = 0
        self._running: dict[str, _Running] = {}
        self.latest = ""

    def run(self, request_id: str) -> Run | None:
        """The run of a request, if it is still here."""
        return self._runs.get(request_id)

    def runs(self) -> tuple[Run, ...]:
        """All that are here, the oldest first."""
        return tuple(self._runs.values())

    @property
    def total(self) -> int:
        """What all runs weigh, in bytes."""
        return sum(self._weights.values())

    def begin(self, request: GenerateRequest) -> None:
        """A reply is asked for."""
        name = self.latest = request.request_id
        self._running[name] = _Running(self._clock())
        self._runs[name] = Run()
        self._weights[name] = 0
        self._put(name, request)
        if self._ready is not None:
            self._put(name, self._ready)

    def add(self, request_id: str, items: Sequence[RunItem]) -> None:
        """Take in a run of another day; it is dropped like others."""
        heavy = sum(weight(item.event) for item in items)
        if request_id in self._running or heavy > self._most:
            return
        self._forget_oldest(heavy)
        self._runs[request_id] = Run(list(items), complete=True)
        self._weights[request_id] = heavy

    def _forget_oldest(self, room: int) -> None:
        for oldest in [name for name in self._runs if name not in self._running]:
            if self.total + room <= self._most:
                return
            del self._runs[oldest], self._weights[oldest]
            self.dropped.emit(oldest)

    def on_event(self, event: object) -> None:
        """Take in an event of any kind; those of running replies are recorded, and what is of all of them in each."""
        if isinstance(event, ModelReady):
            self._ready = event
        for name, running in list(self._running.items()):
            if isinstance(event, CacheSnapshot):
                running.known |= {event.pool} if event.full else set()
                if event.pool in running.known:  # changes before tell nothing
                    self._put(name, event)
            elif isinstance(event, (PrefillDone, RoundDone, TextDelta, Notice)):
                if event.request_id == name or (isinstance(event, Notice) and not event.request_id):
                    self._put(name, event)
            elif isinstance(event, (Finished, Failed)) and event.request_id in (name, ""):
                self._runs[name].complete = not running.cut
                self._put(name, event, always=True)
                del self._running[name]

    def _put(self, name: str, event: RunEvent, always: bool = False) -> None:
        heavy, running = weight(event), self._running[name]
        if self._weights[name] + heavy <= self._most:
            self._forget_oldest(heavy)
        running.cut = running.cut or self.total + heavy > self._most
        if running.cut and not always:
            return
        self._weights[name] += heavy
        self._count += 1
        if self._count % heap.EVERY == 0:
            heap.set_aside()
        item = RunItem(self._clock() - running.began, event)
        self._runs[name].items.append(item)
        self.recorded.emit(name, item)
