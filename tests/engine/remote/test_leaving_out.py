"""What is left out of a conversation or a text that is too long for a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.events import Finished, Notice
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.remote.asking import failed, reply
from tests.engine.remote.stand_in import Handler, StandIn, chunk, event


def test_the_oldest_turns_are_left_out_only_where_that_is_chosen(client: RemoteClient, stand_in: StandIn) -> None:
    def small(handler: Handler, body: dict[str, Any]) -> None:
        if len(body["messages"]) > 2:
            handler.send(400, b'{"error": {"message": "This exceeds the context window."}}')
        else:
            handler.stream(chunk("ok", "stop"))

    stand_in.answer = small
    talk = tuple(
        ChatMessage(role, text)  # type: ignore[arg-type]
        for role, text in (
            ("system", "s"),
            ("user", "1"),
            ("assistant", "2"),
            ("user", "3"),
            ("assistant", "4"),
            ("user", "5"),
        )
    )
    asked = GenerateRequest("r", talk)
    assert failed(reply(client, asked)[1])[0] == "remote_context_full"
    _, result, seen = reply(client, GenerateRequest("r", talk, on_full="drop_oldest"))
    assert isinstance(result, Finished)
    assert [m["content"] for m in stand_in.asked[-1][1]["messages"]] == ["s", "5"]
    assert [dict(e.fields)["n"] for e in seen if isinstance(e, Notice)] == ["4"]


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_text_that_is_too_long_loses_its_beginning_where_that_is_chosen(
    client: RemoteClient, stand_in: StandIn, pieces: int
) -> None:
    def small(handler: Handler, body: dict[str, Any]) -> None:
        if len(body["prompt"]) > 500:
            handler.send(400, b'{"error": {"message": "This exceeds the context window."}}')
        else:
            told = {"choices": [{"index": 0, "text": "ok", "finish_reason": "stop"}]}
            handler.stream(event(told))

    stand_in.answer = small
    text = tuple(ChatMessage("user" if at % 2 == 0 else "assistant", f"piece{at} " * 200) for at in range(pieces))
    asked = GenerateRequest("r", text, raw=True)
    assert failed(reply(client, asked)[1])[0] == "remote_context_full"
    written, result, seen = reply(client, replace(asked, on_full="drop_oldest"))
    assert isinstance(result, Finished)
    assert written == "ok"
    sent = stand_in.asked[-1][1]["prompt"]
    assert asked.text.endswith(sent)
    assert 375 <= len(sent) <= 500  # no more than need be
    assert [e.code for e in seen if isinstance(e, Notice)] == ["text_begin_left_out"]
