"""Replies over HTTP: streams of events that end with their client, and work that is given up with it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from helix_app.base.failures import failure
from helix_app.server.http.errors import ApiError, of_failed

log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_BEAT_SECONDS = 15.0  # of silence after which a comment says that the stream goes on
BEAT = b": still here\n\n"


class ClientGone(Exception):
    """The client closed the connection before its answer was ready."""


def to_json(value: BaseModel | dict[str, Any]) -> str:
    """One line of JSON. A model leaves out what was not set."""
    if isinstance(value, BaseModel):
        return value.model_dump_json(exclude_unset=True)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sse(data: BaseModel | dict[str, Any] | str, event: str = "") -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else to_json(data)
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {text}\n\n".encode()


async def in_time(reading: Awaitable[_Result], seconds: float) -> _Result:
    """What is read of a request. Raises ApiError, and gives the reading up, where it takes longer."""
    try:
        return await asyncio.wait_for(reading, seconds)
    except asyncio.TimeoutError:
        raise ApiError(408, "api_request_slow", seconds=round(seconds)) from None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of ``work``, which is cancelled when the client goes. Raises ClientGone then."""
    task: asyncio.Task[_Result] = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        await _end(task, gone)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def begin_stream(
    request: Request,
    chunks: AsyncIterator[bytes],
    close: Callable[[], None],
    told: Callable[[ApiError], bytes],
    stall_seconds: float,
) -> EventStream:
    """An answer of these chunks, once the first is there: what is refused before it has a status of its own.

    Args:
        close: called in any case, once no more is read of them.
        told: the event that tells an error in the middle of the stream.

    Raises:
        ApiError, ClientGone: there was no first chunk.
    """
    try:
        first = await while_connected(request, _next(chunks))
    except BaseException:
        close()
        raise
    return EventStream(_rest(first, chunks, told), close, stall_seconds)


async def _rest(first: bytes, chunks: AsyncIterator[bytes], told: Callable[[ApiError], bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    try:
        async for chunk in chunks:
            yield chunk
    except ApiError as error:
        yield told(error)
    except Exception as error:
        log.exception("a stream ended unexpectedly")
        yield told(of_failed(failure(error)))


class EventStream(Response):
    """Server-sent events. Ends, and calls ``close``, when they end, when the client goes or takes nothing for long."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncIterator[bytes], close: Callable[[], None], stall_seconds: float) -> None:
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._chunks, self._close, self._stall_seconds = chunks, close, stall_seconds
        self._turn = asyncio.Lock()  # of a chunk or a sign of life
        self._busy, self._moved = False, 0.0  # whether something is being sent, and since when that is so

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing, *others = (
            asyncio.ensure_future(part) for part in (self._write(send), self._watch(send), _gone(receive))
        )
        try:
            await asyncio.wait({writing, *others}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                with suppress(OSError):  # the client has gone
                    writing.result()
        finally:
            self._close()
            await _end(writing, *others)

    async def _write(self, send: Send) -> None:
        await self._send(send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self._chunks:
            await self._send(send, _body(chunk))
        await self._send(send, _body(b"", more=False))

    async def _send(self, send: Send, message: Message) -> None:
        now = asyncio.get_running_loop().time
        async with self._turn:
            self._busy, self._moved = True, now()
            try:
                await send(message)
            finally:
                self._busy, self._moved = False, now()

    async def _watch(self, send: Send) -> None:
        """Tell in every long silence that the stream goes on; over once its client takes nothing any more.

        One that looks from time to time: a timer for each chunk would cost more than the chunk.
        """
        now = asyncio.get_running_loop().time
        self._moved = now()
        while True:
            left = self._moved - now() + (self._stall_seconds if self._busy else _BEAT_SECONDS)
            if left > 0:
                await asyncio.sleep(min(left, self._stall_seconds, _BEAT_SECONDS))
            elif self._busy:
                return
            else:
                await asyncio.wait_for(self._send(send, _body(BEAT)), self._stall_seconds)


def _body(chunk: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    """The next chunk, empty at the end."""
    try:
        return await chunks.__anext__()
    except StopAsyncIteration:
        return b""
