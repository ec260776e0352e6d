"""The border between HTTP and the engine: a reply is submitted here and its events are read there.

The command line gives ``pump.Pump``; whoever else shares an engine with the server gives its own ``Backend``.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, PoolName
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest

Watch = Callable[[Event], None]


@dataclass(frozen=True)
class PoolBlocks:
    """How many blocks of a pool are in which state, and how many cached ones gave way so far."""

    used: int
    cached: int
    free: int
    evicted: int = 0

    @classmethod
    def of(cls, told: CacheSnapshot) -> PoolBlocks:
        """Those of a pool as the engine told them."""
        return cls(told.used_blocks, told.cached_blocks, told.free_blocks, told.evicted_blocks)


class Handle:
    """The events of one reply: put by whichever thread runs the engine, read by one coroutine.

    Events wait here until they are read, so that a slow reader holds nobody up; a reply is bounded, and so are they.

    Attributes:
        request: what is written.
        stop: set to end the reply within a round.
    """

    def __init__(self, request: GenerateRequest, watch: Watch | None = None) -> None:
        """For a coroutine: events arrive in its loop. ``watch`` is told every event on the thread that puts it."""
        self.request = request
        self.stop = threading.Event()
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._events: deque[Event] = deque()
        self._told = False  # the loop will look for what has come
        self.ended = asyncio.Event()

    def put(self, event: Event) -> None:
        """Add an event, from any thread; Finished or Failed is the last."""
        if self._watch is not None:
            self._watch(event)
        self._events.append(event)
        last = isinstance(event, (Finished, Failed))
        if (
            self._told and not last
        ):  # events come gathered, and waking the loop for each would cost it more than reading
            return
        self._told = True
        try:
            self._loop.call_soon_threadsafe(self._wake, last)
        except RuntimeError:  # the loop is closed: nobody reads any more
            self.stop.set()

    def _wake(self, last: bool) -> None:
        self._told = False  # before what came is looked at: what comes now wakes the loop again
        self._arrived.set()
        if last:
            self.ended.set()

    def cancel(self) -> None:
        """End the reply within a round; its result still comes."""
        self.stop.set()

    async def next(self) -> Event:
        """The next event, in order."""
        while not self._events:
            self._arrived.clear()
            if not self._events:
                await self._arrived.wait()
        return self._events.popleft()


class Backend(Protocol):
    """What writes the replies."""

    @property
    def ready(self) -> ModelReady | None:
        """The model that answers, None while there is none."""
        ...

    @property
    def pools(self) -> Mapping[PoolName, PoolBlocks]:
        """The blocks of each pool, as last told."""
        ...

    def submit(self, request: GenerateRequest, watch: Watch | None = None) -> Handle:
        """Have a reply written beside whichever others are. Called in the loop that reads its events."""
        ...
