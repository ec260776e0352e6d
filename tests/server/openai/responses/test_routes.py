"""Responses that follow on one another, are forgotten, and are seen by their own key alone."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.server.options import ServerOptions
from tests.later import Later
from tests.server.fakes import Running, fake_server

openai = Later("openai")


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


def test_nobody_sees_the_responses_of_another_key() -> None:
    _, server = fake_server(ServerOptions(model="fake", keys=("one", "two")))
    try:
        body = {"model": "fake", "input": "say 1"}
        told = server.http.post("/v1/responses", json=body, headers={"x-api-key": "one"}).json()
        for key, status in (("one", 200), ("two", 404)):
            assert server.http.get(f"/v1/responses/{told['id']}", headers={"x-api-key": key}).status_code == status
    finally:
        server.close()
