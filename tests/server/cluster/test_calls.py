"""Which conversation a request is of, and that what follows on a response is of the same."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from helix_app.server.app import make_app
from helix_app.server.cluster.calls import Call, session_of
from helix_app.server.cluster.replica import asked
from tests.server.cluster.calls import JSON, call, read
from tests.server.fakes import Running


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
            items = call(f"{path}/{next_told['id']}/input_items", method="GET")
            one = call(f"{path}/{next_told['id']}", method=method)
            assert session_of(items) == session
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
