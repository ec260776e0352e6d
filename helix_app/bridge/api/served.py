"""The window's engine as the server knows it: replies go to the controller, and their events come back from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, PoolName, RoundDone, known
from helix_app.protocol.intake import Joining
from helix_app.protocol.models.loading import ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest
from helix_app.protocol.serving import ServedReply, ServedState

if TYPE_CHECKING:  # the server's packages are an extra, and take a second to import
    from helix_app.server.backends.backend import Handle, PoolBlocks, Watch

KEPT = 50  # replies that are listed
PROMPT = 120  # characters of a prompt that are shown
_STATES: dict[str, ServedState] = {"cancelled": "stopped"}


@dataclass(eq=False)
class _Open:
    handle: Handle
    shown: ServedReply
    begin: float = field(default_factory=time.monotonic)


class Served:
    """A ``server.backends.backend.Backend`` over the engine of a window. Every method may be called from any thread."""

    def __init__(self, write: Callable[[Joining], None]) -> None:
        """``write`` has a reply written, from whichever thread; its events come to ``take``."""
        self._write = write
        self._lock = threading.Lock()  # guards what follows
        self._open: dict[str, _Open] = {}
        self._over: list[ServedReply] = []  # the oldest first
        self._closed = True
        self._ready: ModelReady | None = None
        self._pools: dict[PoolName, CacheSnapshot] = {}

    @property
    def ready(self) -> ModelReady | None:
        """The model that answers, None while there is none."""
        return self._ready

    @property
    def pools(self) -> Mapping[PoolName, PoolBlocks]:
        """The blocks of each pool, as last told."""
        from helix_app.server.backends.backend import PoolBlocks

        with self._lock:
            return {name: PoolBlocks.of(told) for name, told in self._pools.items()}

    def open(self) -> None:
        """Replies may be submitted from now on."""
        with self._lock:
            self._closed = False

    def submit(self, request: GenerateRequest, watch: Watch | None = None) -> Handle:
        """See ``Backend``. An id that is in use is refused with ValueError."""
        from helix_app.server.backends.backend import Handle

        handle = Handle(request, watch)
        with self._lock:
            if request.request_id in self._open:
                raise ValueError(f"there is a reply {request.request_id} already")
            closed = self._closed
            if not closed:
                shown = ServedReply(request.request_id, time.time(), _prompt_of(request), "writing")
                self._open[request.request_id] = _Open(handle, shown)
        if closed:
            handle.put(Failed("engine_died", "closed", request_id=request.request_id))
        else:
            self._write(Joining(request, handle.stop))
        return handle

    def take(self, event: Event) -> bool:
        """Hand on an event of the engine; whether it is of one of these replies, and so of nobody else."""
        name = getattr(event, "request_id", "")
        with self._lock:
            if isinstance(event, ModelReady):
                self._ready = None if event.remote else event  # a server's replies are not passed on
            elif isinstance(event, Unloaded) or (isinstance(event, Failed) and not event.request_id and not event.kept):
                self._ready = None
                self._pools.clear()
            elif isinstance(event, CacheSnapshot):
                self._pools[event.pool] = event
            reply = self._open.get(name) if name else None
            if reply is None:
                return False
            reply.shown = _after(reply, event)
            if isinstance(event, (Finished, Failed)):
                del self._open[name]
                self._over = [*self._over, reply.shown][-KEPT:]
        reply.handle.put(event)
        return True

    def replies(self) -> tuple[ServedReply, ...]:
        """All that are listed, the newest first."""
        with self._lock:
            now = time.monotonic()
            writing = [replace(reply.shown, seconds=round(now - reply.begin, 1)) for reply in self._open.values()]
            listed = [*self._over, *writing]
        return tuple(sorted(listed, key=lambda reply: reply.began, reverse=True)[:KEPT])

    def cancel(self, request_id: str = "") -> None:
        """End a reply, or every one, within a round."""
        with self._lock:
            for name, reply in self._open.items():
                if request_id in ("", name):
                    reply.handle.cancel()

    def close(self) -> None:
        """Nothing is written any more: every reply has its end now; what the engine still tells is of nobody."""
        with self._lock:
            self._closed = True
            left, self._open = self._open, {}
        for name, reply in left.items():
            reply.handle.cancel()
            reply.handle.put(Failed("engine_died", "closed", request_id=name))


def _prompt_of(request: GenerateRequest) -> str:
    """The beginning of what was asked, on one line."""
    text = request.messages[-1].content if request.messages else request.prompt
    return " ".join(text[: 4 * PROMPT].split())[:PROMPT]


def _after(reply: _Open, event: Event) -> ServedReply:
    """What is shown of a reply after an event of it."""
    seconds = time.monotonic() - reply.begin
    if isinstance(event, RoundDone):
        speed = event.decode_tokens_per_second
        rate = event.acceptance_rate
        return replace(
            reply.shown,
            tokens=event.tokens_generated,
            tokens_per_second=speed,
            acceptance_rate=rate,
            seconds=seconds,
        )
    if isinstance(event, Finished):
        metrics = event.metrics
        return replace(
            reply.shown,
            state=_STATES.get(event.reason, "done"),
            tokens=known(metrics.tokens_generated),
            tokens_per_second=metrics.decode_tokens_per_second,
            acceptance_rate=metrics.acceptance_rate,
            seconds=metrics.time_seconds,
        )
    if isinstance(event, Failed):
        return replace(reply.shown, state="failed", seconds=seconds)
    return reply.shown
