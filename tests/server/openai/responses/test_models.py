"""Items of input, and fields that are refused by name."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.server.fakes import Running


def test_items_of_input(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    items: Any = [
        {"role": "developer", "content": "Be"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "y", "annotations": []}]},
        {"role": "user", "content": "say 1"},
    ]
    client.responses.create(model="fake", input=items)
    asked = [(message.role, message.content) for message in seen[0].messages]
    assert asked == [("system", "Be"), ("user", "x"), ("assistant", "y"), ("user", "say 1")]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "picture"}]}, "input[0]"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"truncation": "auto"}, "truncation"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"conversation": "x"}, "conversation"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"reasoning": {"effort": "none"}}, "reasoning.effort"),
    ],
    ids=str,
)
def test_what_is_refused(server: Running, changes: dict[str, Any], param: str) -> None:
    answer = server.http.post("/v1/responses", json={"model": "fake", "input": "say 1", **changes})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"].startswith(param)


def test_halves_of_characters_are_told_again_as_unknown_ones(server: Running) -> None:
    body = b'{"model": "fake", "input": "say 1", "instructions": "a\\ud800b", "metadata": {"\\udfff": "\\ud800"}}'
    headers = {"content-type": "application/json"}
    answer = server.http.post("/v1/responses", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert server.http.post("/v1/responses", content=b'{"model": "\\ud800"}', headers=headers).status_code == 400
    unknown = server.http.post("/v1/responses", content=b'{"model": "\\ud800", "input": "x"}', headers=headers)
    assert unknown.json()["error"]["code"] == "model_not_found"
    assert (answer.json()["instructions"], answer.json()["metadata"]) == ("a\ufffdb", {"\ufffd": "\ufffd"})
