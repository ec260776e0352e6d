"""Responses through the official client: whole, streamed, following on one another, forgotten; what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from helix_app.server.options import ServerOptions
from tests.server.fakes import Running, fake_server


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


def test_a_response(client: openai.OpenAI) -> None:
    told = client.responses.create(model="fake", input="say 3", instructions="Be brief.", metadata={"a": "b"})
    assert told.output_text == "w0 w1 w2 "
    assert (told.status, told.instructions, told.metadata) == ("completed", "Be brief.", {"a": "b"})
    assert told.usage is not None
    assert (told.usage.input_tokens, told.usage.output_tokens, told.usage.total_tokens) == (3, 3, 6)
    assert told.usage.input_tokens_details.cached_tokens == 2
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


def test_one_follows_on_another(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
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


def test_a_reply_without_room_to_end_is_incomplete() -> None:
    from helix_app.server.openai.responses.answer import Responding
    from helix_app.server.openai.responses.models import ResponsesBody
    from helix_app.server.reading import Answer, End
    from tests.engine.host.fake_engines import finished

    ended: list[Responding] = []
    answer = Responding("r", ResponsesBody(model="m", input="x"), ended.append)
    answer._take(Answer("y"))
    done = finished("r", "length", "y")
    answer._take(End("length", done.metrics, "y", ()))
    assert answer.told()["status"] == "incomplete"
    assert answer.told()["incomplete_details"] == {"reason": "max_output_tokens"}
    assert ended == [answer]


def test_nobody_sees_the_responses_of_another_key() -> None:
    _, server = fake_server(ServerOptions(model="fake", keys=("one", "two")))
    try:
        body = {"model": "fake", "input": "say 1"}
        told = server.http.post("/v1/responses", json=body, headers={"x-api-key": "one"}).json()
        for key, status in (("one", 200), ("two", 404)):
            assert server.http.get(f"/v1/responses/{told['id']}", headers={"x-api-key": key}).status_code == status
    finally:
        server.close()


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "picture"}]}, "input[0]"),
        ({"include": ["reasoning.encrypted_content"]}, "include"),
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
