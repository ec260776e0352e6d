"""The model, blocks of content, and fields that are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.later import Later
from tests.server.fakes import Running, user

anthropic = Later("anthropic")


def test_the_model_that_is_loaded(client: anthropic.Anthropic) -> None:
    one = client.models.list().data[0]
    assert (one.id, one.display_name, one.lifecycle) == ("fake", "Fake 1B", "active")


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


@pytest.mark.parametrize(
    ("changes", "status", "kind", "says"),
    [
        ({"model": "claude-9"}, 404, "not_found_error", "claude-9"),
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens"),
        ({"max_tokens": -1}, 400, "invalid_request_error", "max_tokens"),
        ({"messages": user("")[:0]}, 400, "invalid_request_error", "messages"),
        ({"container": "x"}, 400, "invalid_request_error", "container"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4}}, 400, "invalid_request_error", "budget_tokens"),
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
