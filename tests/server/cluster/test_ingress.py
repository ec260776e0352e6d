"""The ingress: answers are passed on, and another replica is asked when one goes.

None of it needs Ray; ``whole/test_ray.py`` has two replicas as ``serve --ray`` has them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from helix_app.server.cluster import ingress
from helix_app.server.cluster.calls import Call, Head
from helix_app.server.cluster.ingress import Ingress
from helix_app.server.options import Limits
from tests.server.cluster.calls import JSON


class Lost(Exception):
    """A replica that is gone."""


class Full(Exception):
    """Too many wait."""


class Handle:
    """Replicas that do what a script says, one entry a try."""

    def __init__(self, *script: object) -> None:
        self.script = list(script)
        self.sessions: list[str] = []
        self.cancelled = 0
        self.answer = self

    def options(self, session_id: str = "", **_: object) -> Handle:
        self.sessions += [session_id] if session_id else []
        return self

    def remote(self, _call: Call) -> Stream:
        return Stream(self, self.script.pop(0))


class Stream:
    """An answer."""

    def __init__(self, handle: Handle, script: Any) -> None:
        self._handle, self._parts = handle, self._run(script)

    async def _run(self, script: Any) -> AsyncGenerator[Head | bytes, None]:
        for part in script:
            if isinstance(part, BaseException):
                raise part
            yield part

    def __aiter__(self) -> AsyncIterator[Head | bytes]:
        return self._parts

    def __anext__(self) -> Any:
        return self._parts.__anext__()

    def cancel(self) -> None:
        self._handle.cancelled += 1


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingress, "_failures", lambda: ((Lost,), (Full,)))


HEAD = Head(200, (("content-type", "text/plain"), ("content-length", "2"), ("x-own", "1")))
STREAMED = Head(200, (("content-type", "text/event-stream"),))


def ask(
    handle: Handle, body: bytes = b'{"prompt": "x"}', path: str = "/generate", most: int = 100
) -> tuple[Any, bytes]:
    """The response, and what of it arrives."""

    async def run() -> tuple[Any, bytes]:
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            first, sent = not sent, True
            return {"type": "http.request", "body": body if first else b"", "more_body": False}

        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": list(JSON)}
        answer = await Ingress(handle, Limits(body_bytes=most))(Request(scope, receive))
        if not isinstance(answer, StreamingResponse):
            return answer, answer.body
        parts = b""
        async for part in answer.body_iterator:
            parts += part if isinstance(part, bytes) else bytes(part)
        return answer, parts

    return asyncio.run(run())


def test_answers_are_passed_on_with_their_heads() -> None:
    answer, body = ask(Handle([HEAD, b"o", b"k"]))
    assert (answer.status_code, body) == (200, b"ok")
    assert answer.raw_headers == [(b"content-type", b"text/plain"), (b"x-own", b"1")]


def test_another_replica_is_asked_only_before_the_first_byte() -> None:
    handle = Handle([Lost()], [HEAD, b"ok"])
    assert ask(handle)[1] == b"ok"
    assert not handle.script
    for begun in ([HEAD, Lost()], [HEAD, b"o", Lost()], [STREAMED, Lost()]):  # of which nothing was passed on
        handle = Handle(begun, [HEAD, b"ok"])
        assert ask(handle)[1] == b"ok"
        assert (handle.script, handle.cancelled) == ([], 0)
    handle = Handle([STREAMED, b"o", Lost()], [HEAD, b"never"])
    with pytest.raises(Lost):
        ask(handle)
    assert len(handle.script) == 1
    assert handle.cancelled == 1
    assert ask(Handle([STREAMED]))[1] == b""
    answer, body = ask(Handle(*[[Lost()]] * ingress.TRIES))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert json.loads(body)["error_code"] == "api_cluster_lost"


def test_work_for_a_client_that_goes_before_the_first_byte_is_given_up() -> None:
    handle = Handle([STREAMED, asyncio.CancelledError()])
    with pytest.raises(asyncio.CancelledError):
        ask(handle)
    assert handle.cancelled == 1


def test_full_replicas_large_bodies_and_figures_are_answered_here() -> None:
    answer, body = ask(Handle([Full()]), path="/v1/chat/completions")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "All replicas are busy" in json.loads(body)["error"]["message"]
    assert ask(Handle(), b"x" * 101)[0].status_code == 413
    assert ask(Handle(), path="/metrics")[0].status_code == 404


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    async def run() -> Response:
        begun = False

        async def receive() -> dict[str, Any]:
            nonlocal begun
            if begun:
                await asyncio.Event().wait()
            begun = True
            return {"type": "http.request", "body": b"{", "more_body": True}

        scope = {"type": "http", "method": "POST", "path": "/generate", "query_string": b"", "headers": list(JSON)}
        passing = Ingress(Handle(), Limits(read_seconds=0.01, body_bytes=100))
        return await asyncio.wait_for(passing(Request(scope, receive)), 60)

    answer = asyncio.run(run())
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert json.loads(answer.body)["error_code"] == "api_request_slow"


def test_the_session_is_told_to_whoever_spreads_requests() -> None:
    handle = Handle([HEAD])
    ask(handle)
    assert len(handle.sessions) == 1
