"""Responses through the official client: whole, streamed, following on one another, forgotten; what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.server.reading import Answer, End, Part
from tests.engine.host.fake_engines import finished
from tests.later import Later
from tests.server.fakes import Running

openai = Later("openai")


def test_a_response(client: openai.OpenAI) -> None:
    told = client.responses.create(model="fake", input="say 3", instructions="Be brief.", metadata={"a": "b"})
    assert told.output_text == "w0 w1 w2 "
    assert (told.status, told.instructions, told.metadata) == ("completed", "Be brief.", {"a": "b"})
    assert told.usage is not None
    assert (told.usage.input_tokens, told.usage.output_tokens, told.usage.total_tokens) == (3, 3, 6)
    details = told.usage.input_tokens_details
    assert (details.cached_tokens, details.cache_write_tokens) == (2, 0)
    assert told.usage.output_tokens_details.reasoning_tokens == 0


def test_a_stream_builds_the_same_response(client: openai.OpenAI) -> None:
    asked: Any = {"model": "fake", "input": "echo <think> a b </think> c d"}
    whole = client.responses.create(**asked)
    kinds, text, thought, final = [], "", "", None
    for event in client.responses.create(**asked, stream=True):
        assert event.sequence_number == len(kinds)
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.reasoning_text.delta":
            thought += event.delta
        elif event.type == "response.completed":
            final = event.response
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert final is not None
    assert (text, thought) == (whole.output_text, "a b") == ("c d ", "a b")
    assert [item.type for item in final.output] == [item.type for item in whole.output] == ["reasoning", "message"]
    assert final.output_text == whole.output_text
    assert final.usage == whole.usage
    assert final.usage is not None
    assert 0 < final.usage.output_tokens_details.reasoning_tokens < final.usage.output_tokens


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ([Answer("y")], ["message"]),
        ([Answer("y"), ToolCallStart(0, "c", "look"), ToolCallArguments(0, '{"x": ')], ["message", "function_call"]),
    ],
)
def test_a_reply_without_room_to_end_is_incomplete(said: list[Part], kinds: list[str]) -> None:
    from helix_app.server.openai.responses.answer import Responding
    from helix_app.server.openai.responses.models import ResponsesBody

    ended: list[Responding] = []

    async def end(over: Responding) -> None:
        ended.append(over)

    async def parts() -> AsyncIterator[Part]:
        for part in said:
            yield part
        yield End("length", finished("r", "length", "y").metrics, "y", ())

    answer = Responding("r", ResponsesBody(model="m", input="x"), end)
    told = asyncio.run(answer.whole(parts()))
    assert told["status"] == "incomplete"
    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert [item["type"] for item in told["output"]] == kinds
    assert [item["status"] for item in told["output"]] == ["completed"] * (len(kinds) - 1) + ["incomplete"]
    assert ended == [answer]


def test_an_error_in_the_middle_is_told_and_the_response_has_failed(client: openai.OpenAI, server: Running) -> None:
    events = iter(client.responses.create(model="fake", input="forever", stream=True))
    told = [next(events)]
    server.http.post("/generate", json={"prompt": "break"})
    told += events
    assert [event.sequence_number for event in told] == list(range(len(told)))
    error, failed = told[-2:]
    assert error.type == "error"
    assert failed.type == "response.failed"
    assert failed.response.status == "failed"
    assert failed.response.error is not None
    assert "stopped unexpectedly" in failed.response.error.message == error.message
