"""The application as a whole: whatever its schema lets through is answered, and what nobody expected has a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from helix_app.server.counting import PromptCounter
from helix_app.server.service import replies
from tests.later import Later
from tests.server.fakes import FakeClient, Running

schemathesis = Later("schemathesis")

_CALM: Any = {"suppress_health_check": list(HealthCheck)}


def operations() -> list[tuple[str, str]]:
    """(method, path) of all routes."""
    from helix_app.server.app import make_app, make_desk
    from helix_app.server.backends.pump import Pump
    from helix_app.server.options import ServerOptions
    from tests.server.fakes import FakeClient

    paths = make_app(make_desk(Pump(FakeClient()), ServerOptions())).openapi()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


@pytest.fixture(scope="module")
def schema(pair: tuple[FakeClient, Running]) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PromptCounter, "count", lambda *_: 3)  # a fake engine has no tokenizer
        yield schemathesis.openapi.from_url(f"{pair[1].url}/openapi.json")


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize(("method", "path"), operations(), ids=lambda text: text)
def test_whatever_is_asked_is_answered(schema: Any, method: str, path: str, mode: str) -> None:
    """No 5xx and no hang, for requests that keep to the schema and for others."""

    @given(case=schema[path][method.upper()].as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    @settings(max_examples=5, deadline=None, phases=[Phase.generate], derandomize=True, database=None, **_CALM)
    def ask(case: schemathesis.Case) -> None:
        if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
            case.body["model"] = "fake"  # further than to the model's name
        answer = case.call(timeout=30)
        assert answer.status_code < 500, (answer.status_code, answer.text, case.as_curl_command())
        if answer.status_code >= 400:
            assert "error" in answer.json()

    try:
        ask()
    except Unsatisfiable:
        pytest.skip("there is no way to ask this wrongly")


def test_every_route_is_in_the_schema(server: Running) -> None:
    paths = set(server.http.get("/openapi.json").json()["paths"])
    assert paths >= {
        "/generate", "/generate/batch", "/generate/stream", "/health", "/metrics", "/v1/models", "/v1/chat/completions",
        "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/messages/count_tokens",
    }  # fmt: skip


def test_what_nobody_expected_has_the_form_of_its_path(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("words of a library")

    monkeypatch.setattr(replies, "generated", fail)
    answer = server.http.post("/generate", json={"prompt": "say 1"}, headers={"connection": "close"})
    assert (answer.status_code, answer.json()["error_code"]) == (500, "internal")
    assert "words of a library" not in answer.text
    answer = server.http.post("/generate/stream", json={"prompt": "say 1"})
    assert '"error_code":"internal","done":true' in answer.text
    assert "words of a library" not in answer.text
    monkeypatch.undo()
    assert server.http.post("/generate", json={"prompt": "say 1"}).status_code == 200


def test_without_a_model_it_says_to_try_again(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.pump, "ready", None)
    assert server.http.get("/health").json()["status"] == "loading"
    bodies: dict[str, dict[str, Any]] = {
        "/generate": {"prompt": "x"},
        "/v1/completions": {"model": "fake", "prompt": "x"},
        "/v1/messages": {"model": "fake", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]},
    }
    for path, body in bodies.items():
        answer = server.http.post(path, json=body)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/completions/", "/v1/completions"),
        ("/openai/models", "/v1/models"),
        ("/v1/v1/messages", "/v1/messages"),
        ("/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/v1/generate/stream", "/generate/stream"),
    ],
)
def test_a_wrong_base_url_is_told_what_is_near(server: Running, path: str, near: str) -> None:
    answer = server.http.post(path, json={})
    assert answer.status_code == 404
    assert f"There is nothing at {path}, but there is {near}. Correct the base URL" in answer.text


def test_clients_of_ollama_are_told_what_to_set(server: Running) -> None:
    answer = server.http.post("/api/chat", json={"model": "fake", "messages": []})
    assert (answer.status_code, answer.json()["error_code"]) == (404, "api_route_ollama")
    assert "base URL that ends in /v1" in answer.json()["error"]
