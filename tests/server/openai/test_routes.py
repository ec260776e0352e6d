"""Routes of OpenAI's API: models, and what is refused, by the name of its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.later import Later
from tests.server.fakes import Running, user

openai = Later("openai")


def test_the_model_with_its_context(client: openai.OpenAI) -> None:
    (one, two) = client.models.list().data
    assert (one.id, two.id, one.context_length) == ("fake", "Fake 1B", 256)  # type: ignore[attr-defined]
    assert client.models.retrieve("fake").id == "fake"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", "model"),
        ({"messages": []}, 400, "invalid_value", "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, 400, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x", "mood": "y"}]}, 400, "unknown_parameter", "messages[0].mood"),
        ({"audio": {}}, 400, "unknown_parameter", "audio"),
        ({"n": 0}, 400, "invalid_value", "n"),
        ({"n": 17}, 400, "invalid_value", "n"),
        ({"temperature": -1}, 400, "invalid_value", "temperature"),
        ({"max_tokens": -5}, 400, "invalid_value", "max_tokens"),
        ({"stop": "y" * 10_000}, 400, "invalid_value", "stop"),
        ({"stop": ["y"] * 65}, 400, "invalid_value", "stop"),
        ({"logit_bias": {"word": 1}}, 400, "invalid_value", "logit_bias"),
        ({"top_logprobs": 3}, 400, "invalid_value", "top_logprobs"),
        ({"reasoning_effort": "none"}, 400, "invalid_value", "reasoning_effort"),
        ({"messages": user("fail prompt_too_long")}, 400, "context_length_exceeded", None),
        ({"messages": user("fail engine_died")}, 503, "engine_died", None),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_refused(
    server: Running, changes: dict[str, Any], status: int, code: str, param: str | None, stream: bool
) -> None:
    body = {"model": "fake", "messages": user("say 1"), "stream": stream, **changes}
    answer = server.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)


def test_embeddings_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="gives no embeddings"):
        client.embeddings.create(model="fake", input="x")
