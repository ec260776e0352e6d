"""Items of input, and fields that are refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.later import Later
from tests.server.fakes import Running

openai = Later("openai")


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
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
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


SPACE = {"type": "namespace", "name": "sky"}
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object"}}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ({"name": "look", "namespace": "sky"}, "sky__look"),
        ({"name": "sky__look"}, "sky__look"),
        ({"name": "look", "namespace": None}, "look"),
        ({"name": "look", "namespace": "sea"}, ""),
        ({"name": "hear"}, ""),
    ],
    ids=str,
)
def test_a_function_of_a_namespace_can_be_the_one_to_call(
    server: Running, monkeypatch: pytest.MonkeyPatch, choice: dict[str, Any], called: str
) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    monkeypatch.setattr(server.pump, "ready", replace(server.pump.ready, tools=True, tool_style="hermes"))
    tools = [{**SPACE, "tools": [LOOK, {**LOOK, "name": "hear"}]}, LOOK]
    chosen = {"type": "function", **choice}
    body = {"model": "fake", "input": "say 1", "tools": tools, "tool_choice": chosen}
    answer = server.http.post("/v1/responses", json=body)
    if called:
        assert answer.status_code == 200, answer.text
        assert f'"const": "{called}"' in seen[0].grammar.text
        assert seen[0].grammar.text.count('"const"') == 1
        assert answer.json()["tool_choice"] == {name: value for name, value in chosen.items() if value}
    else:
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "tool_choice"


@pytest.mark.parametrize(
    ("tools", "place"),
    [
        ([{**SPACE, "tools": [LOOK]}, {**LOOK, "name": "sky__look"}], "tools[1]"),
        ([LOOK, {**SPACE, "tools": [LOOK]}, {**SPACE, "name": "sky__", "tools": [LOOK]}], "tools[2].tools[0]"),
        ([{**SPACE, "tools": [LOOK, LOOK]}], "tools[0].tools[1]"),
    ],
    ids=["one outside", "another namespace", "the same one"],
)
@pytest.mark.parametrize("choice", ["auto", "none"])
def test_two_functions_of_one_name_are_refused(
    server: Running, monkeypatch: pytest.MonkeyPatch, tools: list[dict[str, Any]], place: str, choice: str
) -> None:
    monkeypatch.setattr(server.pump, "ready", replace(server.pump.ready, tools=True, tool_style="hermes"))
    body = {"model": "fake", "input": "say 1", "tools": tools, "tool_choice": choice}
    answer = server.http.post("/v1/responses", json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"] == place
    assert "sky__look" in error["message"]


def test_halves_of_characters_are_told_again_as_unknown_ones(server: Running) -> None:
    body = b'{"model": "fake", "input": "say 1", "instructions": "a\\ud800b", "metadata": {"\\udfff": "\\ud800"}}'
    headers = {"content-type": "application/json"}
    answer = server.http.post("/v1/responses", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert server.http.post("/v1/responses", content=b'{"model": "\\ud800"}', headers=headers).status_code == 400
    unknown = server.http.post("/v1/responses", content=b'{"model": "\\ud800", "input": "x"}', headers=headers)
    assert unknown.json()["error"]["code"] == "model_not_found"
    assert (answer.json()["instructions"], answer.json()["metadata"]) == ("a\ufffdb", {"\ufffd": "\ufffd"})
