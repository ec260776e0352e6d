"""The first requests of programs that people connect, with the fields that they send: answered, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.server.fakes import READY, Running, fake_server, user

LOOK: Any = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOL: Any = {"type": "function", "function": {"name": "look", "description": "d", "parameters": LOOK, "strict": False}}
FLAT: Any = {"type": "function", "name": "look", "description": "d", "parameters": LOOK, "strict": False}
CALL: Any = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"path": "a"}'}}
STOPS = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<file_sep>", "<|endoftext|>", "</fim_middle>", "</code>"]
STOPS += ["\n\n", "\r\n\r\n", "/src/", "#- coding: utf-8", "```"]
STOPS += [f"\n{word}" for word in ("function", "class", "module", "export", "import")]
EPHEMERAL = {"type": "ephemeral"}

CHATS: dict[str, dict[str, Any]] = {
    "an editor's chat": {
        "messages": [
            {"role": "system", "content": "Be"},
            {"role": "user", "content": [{"type": "text", "text": "say 2"}]},
        ],
        "max_tokens": 99, "temperature": 0.5, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0, "stop": STOPS,
        "stream_options": {"include_usage": True}, "tools": [TOOL], "parallel_tool_calls": False,
    },
    "an editor's agent": {
        "messages": [{"role": "developer", "content": "Be"}, *user("say 2")],
        "temperature": 0, "max_completion_tokens": 99, "tools": [TOOL], "tool_choice": "auto", "stop": [],
        "parallel_tool_calls": False, "prompt_cache_key": "thread-1", "prompt_cache_retention": "24h",
    },
    "a page of chats": {"messages": user("say 2"), "user": "a@b.c", "max_tokens": None, "metadata": {"chat": "1"}},
    "a library of chains": {
        "messages": [{"content": "say 2", "role": "user"}], "n": 1, "temperature": 0.7, "top_p": None, "seed": None,
        "logprobs": False, "logit_bias": None, "service_tier": "auto", "safety_identifier": "x",
    },
    "agents with names": {
        "messages": [
            {"role": "system", "content": "Be", "name": "boss"},
            {"role": "user", "content": "x", "name": "ann"},
            {"role": "assistant", "content": None, "name": "helper", "tool_calls": [{**CALL, "index": 0}]},
            {"role": "tool", "tool_call_id": "c1", "name": "look", "content": "wet"},
            *user("say 2"),
        ],
        "tools": [TOOL],
    },
    "a router of prompts": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "say 2", "cache_control": EPHEMERAL}]}],
        "reasoning": None, "audio": None, "functions": None, "prediction": None, "web_search_options": None,
    },
}  # fmt: skip
COMPLETIONS: dict[str, dict[str, Any]] = {
    "an editor's completion": {
        "prompt": "say 2", "max_tokens": 64, "temperature": 0.01, "stop": STOPS, "suffix": "", "top_p": 1,
    },
    "a library of chains": {
        "prompt": ["say 2"], "frequency_penalty": 0, "logit_bias": {}, "logprobs": None, "max_tokens": 256, "n": 1,
        "presence_penalty": 0, "seed": None, "temperature": 0.7, "top_p": 1, "best_of": 1,
    },
}  # fmt: skip
RESPONSES: dict[str, dict[str, Any]] = {
    "an agent in a terminal": {
        "instructions": "Be",
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Rules"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "look"}]},
            {"type": "reasoning", "summary": [], "content": None, "encrypted_content": None},
            {"type": "function_call", "name": "look", "arguments": "{}", "call_id": "c1", "id": "f1"},
            {"type": "function_call_output", "call_id": "c1", "output": "wet"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "say 2"}]},
        ],
        "tools": [FLAT], "tool_choice": "auto", "parallel_tool_calls": True, "reasoning": None, "store": False,
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "thread-1",
        "client_metadata": {"x-installation-id": "1"},
    },
    "a kit of agents": {
        "input": [{"content": "say 2", "role": "user"}], "include": [], "tools": [], "metadata": {"trace": "1"},
        "prompt": None, "conversation": None, "stream_options": {"include_obfuscation": False}, "top_logprobs": None,
    },
}  # fmt: skip
SYSTEM = [
    {"type": "text", "text": "Be brief."},
    {"type": "text", "text": "Rules", "cache_control": {**EPHEMERAL, "ttl": "1h", "scope": "global"}},
]
MESSAGES: dict[str, dict[str, Any]] = {
    "an agent that asks whether it may": {
        "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}], "metadata": {"user_id": "u"},
    },
    "an agent in a terminal": {
        "max_tokens": 32_000, "temperature": 1, "system": SYSTEM, "metadata": {"user_id": "u"},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<reminder>"}, {"type": "text", "text": "look"}]},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "x"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"path": "a"}, "caller": {"type": "direct"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "wet"}]},
                {"type": "text", "text": "say 2", "cache_control": EPHEMERAL},
            ]},
        ],
        "tools": [{"name": "look", "description": "d", "input_schema": LOOK, "eager_input_streaming": True,
                   "cache_control": EPHEMERAL}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    },
    "a word in the middle": {
        "max_tokens": 9, "cache_control": EPHEMERAL, "speed": "standard",
        "messages": [*user("x"), {"role": "system", "content": "Be brief."}, *user("say 2")],
    },
    "a title by a schema": {
        "max_tokens": 9, "messages": user("say 2"), "thinking": {"type": "disabled"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
    },
}  # fmt: skip
ALL = {
    "/v1/chat/completions": CHATS,
    "/v1/completions": COMPLETIONS,
    "/v1/responses": RESPONSES,
    "/v1/messages?beta=true": MESSAGES,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """Over a model that calls tools and does not reason."""
    _, running = fake_server()
    running.pump.ready = replace(READY, tools=True, tool_style="hermes", thinking=("", ""))
    yield running
    running.close()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("path", "name"), [(path, name) for path, bodies in ALL.items() for name in bodies])
def test_it_is_answered(server: Running, path: str, name: str, stream: bool) -> None:
    body = {"model": "fake", **ALL[path][name], "stream": stream}
    headers = {"authorization": "Bearer none", "x-api-key": "none", "anthropic-beta": "a-2025-01-01,b-2025-02-02"}
    answer = server.http.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "w0" in answer.text or "done" in answer.text
    assert '"error":{' not in answer.text


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("/v1/chat/completions", {"verbosity": "low"}, "verbosity", "not supported"),
    ("/v1/chat/completions", {"store": True}, "store", "only false"),
    (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
        "messages[0].content[0].type",
        "'image_url' is not supported, only 'text'",
    ),
    ("/v1/chat/completions", {"reasoning_effort": "high"}, "reasoning_effort", "does not reason"),
    ("/v1/completions", {"suffix": "}"}, "suffix", "'}' is not supported"),
    ("/v1/responses", {"tools": [{"type": "web_search"}]}, "tools[0].type", "'web_search' is not supported"),
    ("/v1/responses", {"include": ["message.output_text.logprobs"]}, "include[0]", "is not supported"),
    ("/v1/messages", {"thinking": {"type": "enabled", "budget_tokens": 300}}, "", "does not reason"),
    ("/v1/messages", {"output_config": {"effort": "least"}}, "", "output_config.effort"),
    ("/v1/messages", {"context_management": {"edits": [{"type": "compact_20260112"}]}}, "", "compact_20260112"),
    ("/v1/messages", {"tools": [{"name": "a", "input_schema": LOOK, "strict": True}]}, "", "tools[0].strict"),
    ("/v1/messages", {"speed": "fast"}, "", "'fast' is not supported"),
]


@pytest.mark.parametrize(("path", "changes", "param", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_would_change_the_reply_is_refused_by_name(
    server: Running, path: str, changes: dict[str, Any], param: str, says: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "/v1/chat/completions": {"messages": user("say 1")},
        "/v1/completions": {"prompt": "say 1"},
        "/v1/responses": {"input": "say 1"},
        "/v1/messages": {"max_tokens": 200, "messages": user("say 1")},
    }
    answer = server.http.post(path, json={"model": "fake", **bodies[path], **changes})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert says in error["message"]
    assert error.get("param", "") == param


@pytest.mark.parametrize("thinking", [READY.thinking, ("", "")], ids=["a model that reasons", "one that does not"])
@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh", "max"])
def test_an_effort_is_taken_and_changes_nothing(
    server: Running, monkeypatch: pytest.MonkeyPatch, effort: str, thinking: tuple[str, str]
) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    monkeypatch.setattr(server.pump, "ready", replace(server.pump.ready, thinking=thinking))
    body = {"model": "fake", "max_tokens": 9, "messages": user("say 1")}
    for more in ({}, {"output_config": {"effort": effort}}):
        answer = server.http.post("/v1/messages", json={**body, **more})
        assert answer.status_code == 200, answer.text
    assert replace(seen[0], request_id="") == replace(seen[1], request_id="")
    told = server.http.get("/openapi.json").json()["components"]["schemas"]["OutputConfig"]["properties"]["effort"]
    assert "of no effect" in str(told)


def test_names_reach_the_engine(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    server.http.post("/v1/chat/completions", json={"model": "fake", **CHATS["agents with names"]})
    assert [message.name for message in seen[0].messages] == ["boss", "ann", "helper", "look", ""]
    assert "index" not in seen[0].messages[2].tool_calls


@pytest.mark.parametrize(
    ("thinking", "asked"),
    [({"type": "adaptive"}, True), ({"type": "enabled", "budget_tokens": 31_999}, True), ({"type": "disabled"}, False)],
    ids=str,
)
def test_a_model_that_reasons_is_told(
    server: Running, monkeypatch: pytest.MonkeyPatch, thinking: dict[str, Any], asked: bool
) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    monkeypatch.setattr(server.pump, "ready", replace(READY, thinking_switch="enable_thinking"))
    body = {"model": "fake", "max_tokens": 32_000, "messages": user("say 1"), "thinking": thinking}
    answer = server.http.post("/v1/messages", json={**body, "output_config": {"effort": "low"}})
    assert answer.status_code == 200, answer.text
    assert seen[0].thinking is asked
