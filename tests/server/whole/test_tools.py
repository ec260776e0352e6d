"""Calls of tools, over a model that writes them as Hermes does: whole, streamed, one alone; and who knows none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.later import Later
from tests.server.fakes import READY, Running, fake_server

anthropic = Later("anthropic")
openai = Later("openai")

CALL = '<tool_call> {"name": "look", "arguments": {"at": "rain"}} </tool_call>'
TOOL: Any = {"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}
FLAT: Any = {"name": "look", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    _, running = fake_server()
    running.pump.ready = replace(READY, tools=True, tool_style="hermes")
    yield running
    running.close()


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


@pytest.fixture
def claude(server: Running) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=60) as made:
        yield made


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_a_chat_calls_tools(client: openai.OpenAI) -> None:
    asked: Any = {"model": "fake", "messages": user(f"echo I look. {CALL} {CALL}"), "tools": [TOOL]}
    whole = client.chat.completions.create(**asked).choices[0]
    assert whole.finish_reason == "tool_calls"
    assert whole.message.content == "I look."
    assert whole.message.tool_calls is not None
    assert [call.function.name for call in whole.message.tool_calls] == ["look", "look"]  # type: ignore[union-attr]
    assert json.loads(whole.message.tool_calls[0].function.arguments) == {"at": "rain"}  # type: ignore[union-attr]
    names, arguments, reason = {}, {}, None  # type: ignore[var-annotated]
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            reason = choice.finish_reason or reason
            for call in choice.delta.tool_calls or []:
                assert call.function is not None
                names[call.index] = call.function.name or names.get(call.index)
                arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert (names, reason) == ({0: "look", 1: "look"}, "tool_calls")
    assert [json.loads(text) for text in arguments.values()] == [{"at": "rain"}] * 2


def test_one_call_alone(client: openai.OpenAI, server: Running) -> None:
    asked: Any = {"model": "fake", "messages": user(f"echo {CALL} {CALL} {CALL} more"), "tools": [TOOL]}
    told = client.chat.completions.create(**asked, parallel_tool_calls=False).choices[0]
    assert told.message.tool_calls is not None
    assert len(told.message.tool_calls) == 1
    assert (told.finish_reason, told.message.content) == ("tool_calls", None)


def test_without_tools_what_looks_like_a_call_is_text(client: openai.OpenAI) -> None:
    told = client.chat.completions.create(model="fake", messages=user(f"echo {CALL}")).choices[0]
    assert told.message.tool_calls is None
    assert "<tool_call>" in (told.message.content or "")
    told = client.chat.completions.create(
        model="fake", messages=user(f"echo {CALL}"), tools=[TOOL], tool_choice="none"
    ).choices[0]
    assert told.message.tool_calls is None


def test_a_round_trip_reaches_the_engine(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    call = client.chat.completions.create(model="fake", messages=user(f"echo {CALL}"), tools=[TOOL]).choices[0].message
    assert call.tool_calls is not None
    answer: Any = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "wet"}
    client.chat.completions.create(model="fake", messages=[*user("x"), call, answer, *user("say 1")], tools=[TOOL])  # type: ignore[list-item]
    messages = seen[1].messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "user"]
    assert json.loads(messages[1].tool_calls)[0]["function"]["name"] == "look"
    assert (messages[2].content, messages[2].tool_call_id) == ("wet", call.tool_calls[0].id)
    assert json.loads(seen[1].tools[0])["function"]["name"] == "look"


def test_responses_call_tools_and_follow_on_them(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    tool: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
    asked: Any = {"model": "fake", "input": f"echo I look. {CALL}", "tools": [tool]}
    whole = client.responses.create(**asked)
    assert [item.type for item in whole.output] == ["message", "function_call"]
    call: Any = whole.output[1]
    assert (call.name, json.loads(call.arguments)) == ("look", {"at": "rain"})
    kinds = [event.type for event in client.responses.create(**asked, stream=True)]
    assert kinds.index("response.function_call_arguments.delta") < kinds.index("response.function_call_arguments.done")
    output: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "wet"}]
    client.responses.create(model="fake", input=[*output, *user("say 1")], previous_response_id=whole.id, tools=[tool])
    assert [message.role for message in seen[2].messages] == ["user", "assistant", "tool", "user"]
    assert json.loads(seen[2].messages[1].tool_calls)[0]["id"] == call.call_id


def test_functions_of_a_namespace_have_both_names(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    function: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
    tools: Any = [{"type": "namespace", "name": "mcp__sky", "description": "d", "tools": [function]}, function]
    call = CALL.replace("look", "mcp__sky__look")
    whole = client.responses.create(model="fake", input=f"echo {call}", tools=tools)
    item: Any = whole.output[-1]
    assert (item.namespace, item.name) == ("mcp__sky", "look")
    assert [json.loads(tool)["function"]["name"] for tool in seen[0].tools] == ["mcp__sky__look", "look"]
    output: Any = {"type": "function_call_output", "call_id": item.call_id, "output": "wet"}
    client.responses.create(model="fake", input=[item, output, *user("say 1")], tools=tools)  # type: ignore[list-item]
    client.responses.create(model="fake", input=[output, *user("say 1")], previous_response_id=whole.id, tools=tools)
    for request in seen[1:]:
        called = [message.tool_calls for message in request.messages if message.tool_calls]
        assert json.loads(called[0])[0]["function"]["name"] == "mcp__sky__look"


def test_messages_use_tools(claude: anthropic.Anthropic, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    asked: Any = {"model": "fake", "max_tokens": 99, "messages": user(f"echo I look. {CALL}"), "tools": [FLAT]}
    whole = claude.messages.create(**asked)
    assert [block.type for block in whole.content] == ["text", "tool_use"]
    use: Any = whole.content[1]
    assert (use.name, use.input, whole.stop_reason) == ("look", {"at": "rain"}, "tool_use")
    with claude.messages.stream(**asked) as stream:
        streamed: Any = stream.get_final_message().content[1]
    assert (streamed.name, streamed.input) == ("look", {"at": "rain"})
    result: Any = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "wet"}]}
    turns: Any = [*asked["messages"], {"role": "assistant", "content": whole.content}]
    turns.append({"role": "user", "content": [result, {"type": "text", "text": "say 1"}]})
    claude.messages.create(model="fake", max_tokens=9, tools=[FLAT], messages=turns)
    messages = seen[2].messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "user"]
    assert (messages[2].content, messages[2].tool_call_id) == ("wet", use.id)
    assert json.loads(messages[1].tool_calls)[0]["function"] == {"name": "look", "arguments": '{"at": "rain"}'}


def test_a_forced_call_is_a_grammar(server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    named: Any = {"type": "function", "function": {"name": "look"}}
    chat = {"model": "fake", "messages": user("say 1"), "tools": [TOOL]}
    for choice in ("required", named):
        assert server.http.post("/v1/chat/completions", json={**chat, "tool_choice": choice}).status_code == 200
    message = {"model": "fake", "max_tokens": 9, "messages": user("say 1"), "tools": [FLAT]}
    for choice in ({"type": "any"}, {"type": "tool", "name": "look"}):
        assert server.http.post("/v1/messages", json={**message, "tool_choice": choice}).status_code == 200
    assert {request.grammar.kind for request in seen} == {"lark"}
    assert all('"const": "look"' in request.grammar.text for request in seen)
    wrong: list[dict[str, Any]] = [
        {"tool_choice": {"type": "function", "function": {"name": "fly"}}},
        {"tool_choice": "required", "tools": []},
        {"tool_choice": "required", "response_format": {"type": "json_object"}},
    ]
    for changes in wrong:
        answer = server.http.post("/v1/chat/completions", json={**chat, **changes})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tool_choice")


def test_a_call_in_another_form_cannot_be_forced(server: Running, monkeypatch: Any) -> None:
    monkeypatch.setattr(server.pump, "ready", replace(READY, tools=True, tool_style="mistral"))
    body = {"model": "fake", "messages": user("x"), "tools": [TOOL], "tool_choice": "required"}
    answer = server.http.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "api_tool_choice")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": user("x")}),
        ("/v1/responses", {"input": "x"}),
        ("/v1/messages", {"messages": user("x"), "max_tokens": 4}),
        ("/v1/messages/count_tokens", {"messages": user("x")}),
    ],
)
def test_a_model_without_a_chat_template_names_what_continues_text(
    server: Running, monkeypatch: Any, path: str, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(server.pump, "ready", replace(READY, chat_template=False))
    answer = server.http.post(path, json={"model": "fake", **body})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert "/v1/completions" in error["message"]
    if not path.startswith("/v1/messages"):  # Anthropic's errors name no field
        assert error["param"] in body
    assert server.http.post("/v1/completions", json={"model": "fake", "prompt": "x"}).status_code == 200


def test_a_model_that_knows_no_tools_refuses_them(server: Running, monkeypatch: Any) -> None:
    monkeypatch.setattr(server.pump, "ready", READY)
    call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    bodies: list[dict[str, Any]] = [
        {"messages": user("x"), "tools": [TOOL]},
        {"messages": [*user("x"), {"role": "assistant", "tool_calls": [call]}, *user("y")]},
    ]
    for body in bodies:
        answer = server.http.post("/v1/chat/completions", json={"model": "fake", **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "api_tools")


def test_the_form_of_a_reply_reaches_the_engine(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    schema: Any = {"type": "object", "properties": {"a": {"type": "integer"}}}
    forms: list[Any] = [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}},
        {"type": "regex", "value": "a+"},
        {"type": "lark", "value": 'start: "a"'},
    ]
    for form in forms:
        client.chat.completions.create(model="fake", messages=user("say 1"), response_format=form)
    text: Any = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
    client.responses.create(model="fake", input="say 1", text=text)
    grammars = [request.grammar for request in seen]
    assert grammars[0] is None
    assert [grammar.kind for grammar in grammars[1:]] == ["json_object", "json_schema", "regex", "lark", "json_schema"]
    assert json.loads(grammars[2].text) == json.loads(grammars[5].text) == schema
    assert (grammars[3].text, grammars[4].text) == ("a+", 'start: "a"')
