"""Messages through the official client: whole, streamed, counted; what is refused, and in which form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.server.fakes import Running


@pytest.fixture
def client(server: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=60) as made:
        yield made


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


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


def test_blocks_of_content(client: anthropic.Anthropic) -> None:
    told = client.messages.create(
        model="fake",
        max_tokens=9,
        system=[{"type": "text", "text": "Be", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}]},
            {"role": "user", "content": [{"type": "text", "text": "say "}, {"type": "text", "text": "2"}]},
        ],
    )
    assert told.content[0].text == "w0 w1 "  # type: ignore[union-attr]


def test_where_it_ends(client: anthropic.Anthropic) -> None:
    assert client.messages.create(model="fake", max_tokens=2, messages=user("say 5")).usage.output_tokens == 2


@pytest.mark.parametrize(
    ("changes", "status", "kind", "says"),
    [
        ({"model": "claude-9"}, 404, "not_found_error", "claude-9"),
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens"),
        ({"max_tokens": -1}, 400, "invalid_request_error", "max_tokens"),
        ({"messages": user("")[:0]}, 400, "invalid_request_error", "messages"),
        ({"container": "x"}, 400, "invalid_request_error", "container"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, 400, "invalid_request_error", "thinking"),
        ({"thinking": {"type": "disabled"}}, 400, "invalid_request_error", "cannot be switched"),
        ({"stop_sequences": ["y" * 10_000]}, 400, "invalid_request_error", "stop_sequences[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "invalid_request_error", "content[0]"),
        ({"messages": user("fail prompt_too_long")}, 400, "invalid_request_error", "Shorten it"),
        ({"messages": user("fail engine_died")}, 503, "overloaded_error", "unexpectedly"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_refused(
    server: Running, changes: dict[str, Any], status: int, kind: str, says: str, stream: bool
) -> None:
    body = {"model": "fake", "max_tokens": 9, "messages": user("say 1"), "stream": stream, **changes}
    answer = server.http.post("/v1/messages", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == kind
    assert says in answer.json()["error"]["message"]


def test_an_error_in_the_middle_ends_the_stream_with_it(client: anthropic.Anthropic, server: Running) -> None:
    with client.messages.stream(model="fake", max_tokens=10**6, messages=user("forever")) as stream:
        texts = stream.text_stream
        next(texts)
        server.http.post("/generate", json={"prompt": "break"})
        with pytest.raises(anthropic.APIError, match="stopped unexpectedly"):
            for _ in texts:
                pass
