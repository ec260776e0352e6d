"""Where a request becomes replies: its turn in the queue, its time, what is counted of it, and its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from helix_app.engine.host.client import cancelled_result
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.admission import FairQueue, QueueFull, RateLimit, Ticket
from helix_app.server.backends.backend import Backend, Handle
from helix_app.server.counting import PromptCounter
from helix_app.server.http.errors import ApiError, of_failed
from helix_app.server.metrics import Metrics, ReplyMeter
from helix_app.server.options import ServerOptions

log = logging.getLogger(__name__)
_RETRY_SECONDS = 5.0  # what a client is told that finds the queue full, before any reply has shown how long one takes


@dataclass(frozen=True)
class Caller:
    """Who asks: the number of the key, "" where none is needed."""

    key: str = ""


class Desk:
    """Takes requests for replies.

    Attributes:
        queue: who waits.
        stopping: no more replies are begun.
    """

    def __init__(self, backend: Backend, options: ServerOptions, metrics: Metrics) -> None:
        self.backend, self.options, self.metrics = backend, options, metrics
        limits = options.limits
        self.queue = FairQueue(limits.running, limits.waiting)
        self._rate = RateLimit(limits.requests_per_minute)
        self._open: set[Reply] = set()
        self._usual = _RETRY_SECONDS  # seconds of a reply, a running mean
        self.stopping = False
        self._counter, self._counting = PromptCounter(), 0
        metrics.observe(backend, self.queue)

    @property
    def ready(self) -> ModelReady:
        """The loaded model. Raises ApiError while there is none."""
        ready = self.backend.ready
        if ready is None:
            raise ApiError(503, "api_no_model", retry_after=5)
        return ready

    def open(self, caller: Caller, endpoint: str, requests: Sequence[GenerateRequest]) -> list[Reply]:
        """Give each of these a place in the queue, or none of them.

        Raises:
            ApiError: the server stops, has no model, has too many waiting, or this key sent too much.
        """
        context = self.ready.context_length
        if self.stopping:
            raise ApiError(503, "api_stopping", retry_after=10)
        self.check_rate(caller)
        priority = requests[0].priority if requests else 0
        if len(self.options.keys) > 1:  # in the engine it would count between keys, too
            requests = [replace(request, priority=0) for request in requests]
        try:
            charges = [min(request.max_tokens, context) for request in requests]
            tickets = self.queue.enter(caller.key, priority, charges)
        except QueueFull:
            after = max(1, round(self._usual * (1 + self.queue.waiting / self.options.limits.running)))
            waiting = self.options.limits.waiting
            raise ApiError(429, "api_queue_full", retry_after=after, waiting=waiting, seconds=after) from None
        replies = [
            Reply(self, request, ticket, self.metrics.reply(endpoint)) for request, ticket in zip(requests, tickets)
        ]
        self._open.update(replies)
        return replies

    def check_rate(self, caller: Caller) -> None:
        """Count a request of this caller. Raises ApiError where it has sent its share."""
        wait = self._rate.wait_seconds(caller.key)
        if wait:
            limit = self.options.limits.requests_per_minute
            raise ApiError(429, "api_rate_limited", retry_after=wait, limit=limit, seconds=max(1, round(wait)))

    async def count(self, caller: Caller, request: GenerateRequest) -> int:
        """Tokens of a prompt that is not sent.

        Raises:
            ApiError: it makes no sense, the server stops, too many wait to be counted, or this key sent too much.
        """
        if self.stopping:
            raise ApiError(503, "api_stopping", retry_after=10)
        self.check_rate(caller)
        waiting = self.options.limits.waiting
        if self._counting > waiting:
            raise ApiError(
                429, "api_queue_full", retry_after=_RETRY_SECONDS, waiting=waiting, seconds=round(_RETRY_SECONDS)
            )
        self._counting += 1
        try:
            return await asyncio.to_thread(self._counter.count, self.ready.target_file, request)
        finally:
            self._counting -= 1

    def closed(self, reply: Reply, seconds: float) -> None:
        """A reply is over."""
        if reply in self._open:
            self._open.remove(reply)
            self._usual += 0.1 * (min(seconds, 120.0) - self._usual)

    async def drain(self, seconds: float) -> None:
        """Begin no more, let what is being written end for so long, then end it."""
        self.stopping = True
        deadline = time.monotonic() + seconds
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for reply in list(self._open):
            reply.stop_for("api_stopping")
        self._counter.stop()  # here: the threads that it frees are those that would close it
        await asyncio.to_thread(self._counter.close)
        deadline = time.monotonic() + 5.0  # a round
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.02)


class Reply:
    """One reply from its request to its end. Its events are read once; ``close`` must be called in any case.

    Attributes:
        request: what is asked.
        timed_out: the server ended it, since its time was up.
    """

    def __init__(self, desk: Desk, request: GenerateRequest, ticket: Ticket, meter: ReplyMeter) -> None:
        self._desk, self.request, self._ticket, self._meter = desk, request, ticket, meter
        self._begin = time.monotonic()
        self._handle: Handle | None = None
        self._own = self._closed = False  # whether whoever reads it ended it
        self._stopped = ""  # code of why the server ended it
        self._release: asyncio.Task[None] | None = None
        self._given_up = asyncio.Event()
        self.timed_out = False

    async def events(self) -> AsyncIterator[Event]:
        """Its events up to Finished.

        Raises:
            ApiError: it was refused, failed, did not begin in time, or the server stops.
        """
        limit = self._desk.options.limits.seconds
        await self._turn(limit)
        if self._own:  # before its turn came
            self._meter.end("cancelled")
            yield cancelled_result(self.request)
            return
        self._meter.begin()
        handle = self._handle = self._desk.backend.submit(self.request, self._meter.watch)
        self._release = asyncio.create_task(self._free(handle))
        alarm = asyncio.get_running_loop().call_later(max(0.0, self._begin + limit - time.monotonic()), self._late)
        try:
            while True:
                event = await handle.next()
                if isinstance(event, Failed):
                    raise of_failed(event)
                if isinstance(event, Finished) and self._stopped:
                    raise ApiError(503, self._stopped, retry_after=10)
                if isinstance(event, Finished) and event.reason == "cancelled" and not self._own:
                    raise ApiError(503, "api_interrupted", retry_after=5)
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            alarm.cancel()

    async def _turn(self, limit: float) -> None:
        """Wait for its turn."""
        waits = [asyncio.create_task(event.wait()) for event in (self._ticket.turn, self._given_up)]
        try:
            await asyncio.wait(waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._stopped:
            self._meter.end(self._stopped)
            raise ApiError(503, self._stopped, retry_after=10)
        if not self._ticket.turn.is_set() and not self._own:
            self._meter.end("api_timeout")
            raise ApiError(503, "api_timeout", retry_after=10, seconds=round(limit))

    async def _free(self, handle: Handle) -> None:
        """Give its place to the next once the engine has ended it, read or not."""
        await handle.ended.wait()
        self._desk.queue.leave(self._ticket, self._meter.tokens)
        self._desk.closed(self, time.monotonic() - self._begin)

    def _late(self) -> None:
        self.timed_out = True
        self.cancel()

    def cancel(self) -> None:
        """Whoever reads it ends it within a round, or where it waits; its result still comes."""
        self._own = True
        self._given_up.set()
        if self._handle is not None:
            self._handle.cancel()

    def stop_for(self, code: str) -> None:
        """End it for a reason of the server's, which its reader is told."""
        self._stopped = code
        self._given_up.set()
        if self._handle is not None:
            self._handle.cancel()

    def close(self) -> None:
        """Nobody reads it any more: end it, wherever it is."""
        if self._closed:
            return
        self._closed = True
        self.cancel()
        if self._handle is None:
            self._desk.queue.leave(self._ticket)
            self._desk.closed(self, time.monotonic() - self._begin)
