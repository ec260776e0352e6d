"""Responses that follow on one another, are forgotten, and are seen by their own key alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helix_app.server.options import ServerOptions
from tests.later import Later
from tests.server.fakes import READY, Running, fake_server

openai = Later("openai")


@pytest.fixture
def _with_tools(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model calls tools."""
    monkeypatch.setattr(server.pump, "ready", replace(READY, tools=True, tool_style="hermes"))


@pytest.fixture
def seen(server: Running, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that come to the engine."""
    found: list[Any] = []
    submit = server.pump.submit

    def seeing(request: Any, watch: Any) -> Any:
        found.append(request)
        return submit(request, watch)

    monkeypatch.setattr(server.pump, "submit", seeing)
    return found


def test_one_follows_on_another(client: openai.OpenAI, seen: list[Any]) -> None:
    one = client.responses.create(model="fake", input="say 2", instructions="Never carried on.")
    two = client.responses.create(model="fake", input="say 1", previous_response_id=one.id, store=False)
    asked = [(message.role, message.content) for message in seen[1].messages]
    assert asked == [("user", "say 2"), ("assistant", "w0 w1 "), ("user", "say 1")]
    assert client.responses.retrieve(one.id).output_text == "w0 w1 "
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(two.id)
    client.responses.delete(one.id)
    with pytest.raises(openai.NotFoundError, match="keeps the last"):
        client.responses.create(model="fake", input="x", previous_response_id=one.id)


def test_a_reply_that_went_on_with_a_begun_answer_is_one_turn_with_it(client: openai.OpenAI, seen: list[Any]) -> None:
    begun: Any = [{"role": "user", "content": "Go on."}, {"role": "assistant", "content": "say 2"}]
    one = client.responses.create(model="fake", input=begun)
    two = client.responses.create(model="fake", input="say 1", previous_response_id=one.id)
    turns = [("user", "Go on."), ("assistant", "say 2w0 w1 "), ("user", "say 1")]
    assert [(message.role, message.content) for message in seen[1].messages] == turns
    made: list[Any] = [client.responses.input_items.list(each.id, order="asc").data for each in (one, two)]
    told = [[(item.role, item.content[0].text) for item in items] for items in made]
    assert told == [[("user", "Go on."), ("assistant", "say 2")], turns]


def test_nobody_sees_the_responses_of_another_key() -> None:
    _, server = fake_server(ServerOptions(model="fake", keys=("one", "two")))
    try:
        body = {"model": "fake", "input": "say 1"}
        told = server.http.post("/v1/responses", json=body, headers={"x-api-key": "one"}).json()
        for key, status in (("one", 200), ("two", 404)):
            assert server.http.get(f"/v1/responses/{told['id']}", headers={"x-api-key": key}).status_code == status
    finally:
        server.close()


@pytest.mark.usefixtures("_with_tools")
def test_what_a_response_was_made_of_is_paged_through(client: openai.OpenAI) -> None:
    one = client.responses.create(model="fake", input="say 2")
    call: Any = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    output: Any = {"type": "function_call_output", "call_id": "c1", "output": "seen"}
    two = client.responses.create(
        model="fake", input=[call, output, {"role": "user", "content": "say 1"}], previous_response_id=one.id
    )
    latest = client.responses.input_items.list(two.id, limit=2)
    assert latest.has_more
    assert [item.type for item in latest.data] == ["message", "function_call_output"]
    told = [item.to_dict() for item in client.responses.input_items.list(two.id, limit=2, order="asc")]  # all pages
    assert [(item.get("role"), item["type"]) for item in told] == [
        ("user", "message"), ("assistant", "message"), (None, "function_call"), (None, "function_call_output"),
        ("user", "message"),
    ]  # fmt: skip
    assert told[0]["content"] == [{"type": "input_text", "text": "say 2"}]
    assert told[1]["content"] == [{"type": "output_text", "text": "w0 w1 ", "annotations": []}]
    assert (told[2]["name"], told[2]["call_id"], told[3]["output"]) == ("look", "c1", "seen")
    assert len({item["id"] for item in told}) == 5


@pytest.mark.usefixtures("_with_tools")
def test_a_call_of_a_namespace_is_told_with_it(client: openai.OpenAI) -> None:
    tools: Any = [{"type": "namespace", "name": "maps", "tools": [{"type": "function", "name": "look"}]}]
    calls: Any = [
        {"type": "function_call", "call_id": "c1", "namespace": "maps", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "other", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "seen"},
        {"role": "user", "content": "say 1"},
    ]
    made = client.responses.create(model="fake", input=calls, tools=tools, tool_choice="none")
    told = [item.to_dict() for item in client.responses.input_items.list(made.id, order="asc")]
    assert [(item.get("namespace"), item["name"]) for item in told[:2]] == [("maps", "look"), (None, "other")]


def test_pages_before_an_item_and_what_cannot_be_asked(client: openai.OpenAI, server: Running) -> None:
    texts: Any = [{"role": "user", "content": f"say {n}"} for n in range(4)]
    path = f"/v1/responses/{client.responses.create(model='fake', input=texts).id}/input_items"

    def page(**query: Any) -> list[str]:
        told = server.http.get(path, params={"order": "asc", **query}).json()
        return [item["content"][0]["text"] for item in told["data"]]

    ids = [item["id"] for item in server.http.get(path, params={"order": "asc"}).json()["data"]]
    assert page(before=ids[3], limit=2) == ["say 1", "say 2"]
    assert page(after=ids[0], before=ids[3]) == ["say 1", "say 2"]
    assert page(after=ids[3]) == []
    for query, field in (({"limit": 0}, "limit"), ({"order": "up"}, "order"), ({"after": "msg_x"}, "after")):
        refused = server.http.get(path, params=query)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, field)
    assert server.http.get("/v1/responses/resp_x/input_items").status_code == 404
