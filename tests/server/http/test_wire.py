"""Streams: a sign of life in silence, an error at their end, and no patience with who takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from helix_app.server.http import wire
from helix_app.server.http.errors import ApiError
from helix_app.server.http.wire import BEAT, EventStream, begin_stream, sse, to_json


class FakeRequest:
    """A client that stays until it is told to go."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def run_stream(chunks: AsyncIterator[bytes], send: Any = None, stall: float = 5.0) -> tuple[list[Any], list[str]]:
    """What is sent of a stream, and how often it was closed."""
    sent: list[Any] = []
    closed: list[str] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        request: Any = FakeRequest()
        stream = await begin_stream(request, chunks, lambda: closed.append("x"), lambda e: e.code.encode(), stall)
        await stream({"type": "http"}, request.receive, send or keep)

    asyncio.run(run())
    return sent, closed


def test_an_event_is_one_line_of_json() -> None:
    assert sse({"a": "é\n"}, "word") == 'event: word\ndata: {"a":"é\\n"}\n\n'.encode()
    assert to_json({"a": 1}) == '{"a":1}'


def test_chunks_and_the_end() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    sent, closed = run_stream(chunks())
    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert not [name for name, _ in sent[0]["headers"] if name == b"content-length"]
    assert closed == ["x"]


def test_a_comment_in_every_long_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_BEAT_SECONDS", 0.01)
    go = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        await go.wait()
        yield b"b"

    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if sent.count(BEAT) == 2:
            go.set()

    run_stream(chunks(), send)
    assert sent[1] == b"a"
    assert sent[-2:] == [b"b", b""]
    assert set(sent[2:-2]) == {BEAT}


def test_a_long_send_does_not_put_the_next_sign_of_life_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks while something is being sent looks again within a silence, not within what a client may stall."""
    slept: list[float] = []
    nap = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await nap(0)

    monkeypatch.setattr(wire.asyncio, "sleep", sleep)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"

    async def send(message: Any) -> None:
        while message.get("body") == b"a" and len(slept) < 2:
            await nap(0)

    run_stream(chunks(), send, stall=600.0)
    assert max(slept) <= wire._BEAT_SECONDS


@pytest.mark.parametrize(
    ("error", "code"), [(ApiError(503, "api_stopping"), b"api_stopping"), (KeyError("x"), b"internal")]
)
def test_an_error_in_the_middle_is_told(error: Exception, code: bytes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        raise error

    sent, closed = run_stream(chunks())
    assert [message.get("body") for message in sent] == [None, b"a", code, b""]
    assert closed == ["x"]


def test_an_error_before_the_first_chunk_is_the_answer() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        raise ApiError(429, "api_queue_full")
        yield b""

    with pytest.raises(ApiError):
        run_stream(chunks())


def test_a_client_that_takes_nothing_is_given_up() -> None:
    closed = []

    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"a"

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def run() -> None:
        stream = EventStream(chunks(), lambda: closed.append("x"), 0.01)
        await stream({"type": "http"}, FakeRequest().receive, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert closed == ["x"]


def test_a_client_that_goes_ends_the_stream() -> None:
    closed = []

    async def run() -> None:
        request = FakeRequest()
        begun = asyncio.Event()

        async def chunks() -> AsyncIterator[bytes]:
            begun.set()
            await asyncio.Event().wait()
            yield b""

        async def send(message: Any) -> None:
            pass

        stream = EventStream(chunks(), lambda: closed.append("x"), 5.0)
        running = asyncio.ensure_future(stream({"type": "http"}, request.receive, send))  # type: ignore[arg-type]
        await begun.wait()
        request.gone.set()
        await running

    asyncio.run(run())
    assert closed == ["x"]
