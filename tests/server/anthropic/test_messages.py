"""Messages through the official client: whole, streamed, counted; what is refused, and in which form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.server.anthropic.messages import Answering
from helix_app.server.reading import End, Part
from tests.engine.host.fake_engines import finished
from tests.later import Later
from tests.server.fakes import Running, user

anthropic = Later("anthropic")


def test_a_message(client: anthropic.Anthropic) -> None:
    told = client.messages.create(model="fake", max_tokens=20, messages=user("say 3"), system="Be brief.")
    assert [(block.type, block.text) for block in told.content] == [("text", "w0 w1 w2 ")]  # type: ignore[union-attr]
    assert (told.stop_reason, told.role) == ("end_turn", "assistant")
    usage = told.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (1, 2, 3)


def test_a_stream_builds_the_same_message(client: anthropic.Anthropic) -> None:
    asked: Any = {"model": "fake", "max_tokens": 20, "messages": user("echo <think> a b </think> c d")}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_message()
    assert [block.type for block in whole.content] == ["thinking", "text"]
    assert [block.model_dump(exclude={"parsed_output"}) for block in streamed.content] == [
        block.model_dump() for block in whole.content
    ]
    assert (streamed.stop_reason, streamed.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_where_it_ends(client: anthropic.Anthropic) -> None:
    assert client.messages.create(model="fake", max_tokens=2, messages=user("say 5")).usage.output_tokens == 2


def test_an_error_in_the_middle_ends_the_stream_with_it(client: anthropic.Anthropic, server: Running) -> None:
    with client.messages.stream(model="fake", max_tokens=10**6, messages=user("forever")) as stream:
        texts = stream.text_stream
        next(texts)
        server.http.post("/generate", json={"prompt": "break"})
        with pytest.raises(anthropic.APIError, match="stopped unexpectedly"):
            for _ in texts:
                pass


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('{"x": NaN}', {}),
        ('{"x": [1e999]}', {}),
        ('{"x": "half', {}),
        pytest.param('{"x": ' + "[" * 5000 + "]" * 5000 + "}", {}, id="deep"),
        ('{"x": "a\\ud83d", "y": [1.5]}', {"x": "a\ufffd", "y": [1.5]}),
    ],
)
def test_arguments_that_json_cannot_tell_cost_no_reply(arguments: str, told: dict[str, Any]) -> None:
    async def parts() -> AsyncIterator[Part]:
        yield ToolCallStart(0, "c", "look")
        yield ToolCallArguments(0, arguments)
        yield End("eos", finished("r", "eos", "").metrics, "", ())

    message = asyncio.run(Answering("m", "fake").whole(parts()))
    assert message["content"] == [{"type": "tool_use", "id": "c", "name": "look", "input": told}]
    json.dumps(message, ensure_ascii=False, allow_nan=False).encode()


def test_a_stream_begins_with_the_tokens_that_the_whole_tells(server: Running) -> None:
    body = {"model": "fake", "max_tokens": 20, "messages": user("say 3")}
    usage = server.http.post("/v1/messages", json=body).json()["usage"]
    lines = server.http.post("/v1/messages", json={**body, "stream": True}).text.splitlines()
    begun = json.loads(next(line for line in lines if line.startswith("data: "))[6:])["message"]["usage"]
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert [begun[name] for name in names] == [usage[name] for name in names] == [1, 2, 0]
