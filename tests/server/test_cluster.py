"""Replicas behind one ingress: the same answers, who is asked, and what is asked again when a replica goes.

None of it needs Ray; ``whole/test_ray.py`` has two replicas as ``serve --ray`` has them.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from helix_app.base.errors import HelixError, InputError
from helix_app.cli import cluster as command
from helix_app.protocol.requests import LoadRequest
from helix_app.server import cluster
from helix_app.server.app import make_app
from helix_app.server.cluster import Call, Head, Ingress, asked, session_of
from helix_app.server.options import Limits, ServerOptions
from tests.server.fakes import FakeClient, Running, until

JSON = ((b"content-type", b"application/json"), (b"host", b"localhost"))


def call(path: str, body: object = None, method: str = "POST", headers: tuple[tuple[bytes, bytes], ...] = JSON) -> Call:
    return Call(method, path, b"", headers, b"" if body is None else json.dumps(body).encode())


async def read(parts: AsyncIterator[Head | bytes]) -> tuple[Head, bytes]:
    head = await parts.__anext__()
    assert isinstance(head, Head)
    return head, b"".join([part async for part in parts if isinstance(part, bytes)])


# ------------------------------------------------------------------ a replica


def test_a_replica_answers_as_the_server_does(server: Running) -> None:
    app = make_app(server.desk)

    async def run() -> None:
        # events of a reply come to the loop that asked for it, so that this loop may share the server's engine
        head, body = await read(asked(app, call("/generate", {"prompt": "say 3"})))
        assert head.status == 200
        assert json.loads(body)["generated_text"] == "w0 w1 w2 "
        head, body = await read(asked(app, call("/v1/models", method="GET")))
        assert json.loads(body) == server.http.get("/v1/models").json()
        head, body = await read(asked(app, call("/generate", {"prompt": 5})))
        assert (head.status, json.loads(body)["error_code"]) == (400, "api_field_invalid")
        head, body = await read(asked(app, call("/generate/stream", {"prompt": "say 2"})))
        assert dict(head.headers)["content-type"].startswith("text/event-stream")
        assert body.count(b'"done":false') >= 2

    asyncio.run(run())


def test_whoever_reads_no_more_ends_the_reply(server: Running, fake: FakeClient) -> None:
    app = make_app(server.desk)

    async def run() -> None:
        parts = asked(app, call("/generate/stream", {"prompt": "forever"}))
        assert isinstance(await parts.__anext__(), Head)
        await parts.__anext__()
        await parts.aclose()
        await until(lambda: fake.open == 0 and server.desk.queue.running == 0)

    asyncio.run(run())


# ------------------------------------------------------------------ the ingress


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
    monkeypatch.setattr(cluster, "_failures", lambda: ((Lost,), (Full,)))


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
    answer, body = ask(Handle(*[[Lost()]] * cluster.TRIES))
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
        ingress = Ingress(Handle(), Limits(read_seconds=0.01, body_bytes=100))
        return await asyncio.wait_for(ingress(Request(scope, receive)), 60)

    answer = asyncio.run(run())
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert json.loads(answer.body)["error_code"] == "api_request_slow"


def test_a_conversation_keeps_its_session() -> None:
    first = [{"role": "system", "content": "s"}, {"role": "user", "content": "hello"}]
    later = [*first, {"role": "assistant", "content": "hi"}, {"role": "user", "content": "and"}]
    path = "/v1/chat/completions"
    session = session_of(call(path, {"messages": first}))
    assert session == session_of(call(path, {"messages": later, "temperature": 0}))
    assert session != session_of(call(path, {"messages": [{"role": "user", "content": "hello"}]}))
    named = ((b"X-Session-Id", b"mine"),)
    assert session_of(call(path, {"messages": first}, headers=named)) == session_of(
        call("/generate", {}, headers=named)
    )
    assert session_of(call(path, {"messages": first}, headers=named)) != session
    assert session_of(call("/generate", {"prompt": "x"})) != session_of(call("/generate", {"prompt": "y"}))
    for nothing in (None, [], {}, {"messages": []}, {"messages": 5, "x": 1}):
        assert isinstance(session_of(call(path, nothing)), str)
    assert session_of(call("/health", method="GET")) == ""
    assert session_of(Call("POST", "/", b"", (), b"{")) == ""
    handle = Handle([HEAD])
    ask(handle)
    assert len(handle.sessions) == 1


def test_what_follows_on_a_response_goes_where_that_is_known(server: Running) -> None:
    app, path = make_app(server.desk), "/v1/responses"

    async def answer(asked_for: Call) -> tuple[int, Any]:
        head, body = await read(asked(app, replace(asked_for, session=session_of(asked_for))))
        return head.status, json.loads(body)

    async def run() -> None:
        first = call(path, {"model": "fake", "input": "say 2"})
        session = session_of(first)
        _, told = await answer(first)
        later = call(path, {"model": "fake", "input": "say 3", "previous_response_id": told["id"]})
        assert session_of(later) == session
        status, next_told = await answer(later)
        assert (status, next_told["previous_response_id"]) == (200, told["id"])
        for method in ("GET", "DELETE"):
            one = call(f"{path}/{next_told['id']}", method=method)
            assert session_of(one) == session
            assert (await answer(one))[0] == 200
        unknown = call(path, {"model": "fake", "input": "say 3", "previous_response_id": "resp_1"})
        assert session_of(unknown) == session_of(call(path, {"input": "say 3"}))
        other = ((b"x-session-id", b"other"), *JSON)  # that of another conversation
        for one in (later, call(f"{path}/{told['id']}", method="GET"), replace(first, path=f"{path}/{told['id']}")):
            assert session_of(replace(one, headers=other)) == session
        mine = session_of(call("/generate", {}, headers=other))
        for one in (first, unknown, call(f"{path}/resp_1", method="GET")):
            assert session_of(replace(one, headers=other)) == mine

    asyncio.run(run())


# ------------------------------------------------------------------ the command


def test_what_the_command_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.cli.test_serve import parsed

    stop = threading.Event()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None)
    with pytest.raises(HelixError) as caught:
        command.run(parsed("--ray"), LoadRequest("x"), ServerOptions(), stop)
    assert caught.value.code == "server_ray"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: object())
    with pytest.raises(InputError):
        command.run(parsed("--ray", "--port", "0"), LoadRequest("x"), ServerOptions(), stop)
