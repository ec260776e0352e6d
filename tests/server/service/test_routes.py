"""The service's own routes: whole replies, batches, streams, sockets, health and figures; and what they refuse."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.server.fakes import FakeClient, Running

LARGE = "x" * (10 << 20)


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_a_reply_with_its_figures(server: Running) -> None:
    told = server.http.post("/generate", json={"prompt": "say 3", "max_tokens": 10}).json()
    assert told["generated_text"] == "w0 w1 w2 "
    assert (told["tokens_generated"], told["prompt_tokens"], told["cached_tokens"]) == (3, 3, 2)
    assert (told["acceptance_rate"], told["finish_reason"]) == (0.75, "eos")
    assert {"time_seconds", "tokens_per_second", "time_to_first_token", "seed", "drafted_tokens", "draft"} <= set(told)


def test_a_stream_says_what_the_whole_reply_does(server: Running) -> None:
    whole = server.http.post("/generate", json={"prompt": "echo a b c"}).json()
    answer = server.http.post("/generate/stream", json={"prompt": "echo a b c"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert "".join(event["text"] for event in events) == whole["generated_text"] == "a b c "
    assert [event["done"] for event in events] == [False] * 3 + [True]
    assert {key: events[-1][key] for key in whole} == whole


def test_a_batch_keeps_its_order_and_tells_a_failure_in_its_place(server: Running, fake: FakeClient) -> None:
    prompts = ["say 2", "fail prompt_too_long", "say 1"]
    told = server.http.post("/generate/batch", json={"prompts": prompts}).json()
    assert [item["prompt"] for item in told["replies"]] == prompts
    assert [item["reply"]["generated_text"] for item in told["replies"][::2]] == ["w0 w1 ", "w0 "]
    assert told["replies"][1]["error_code"] == "prompt_too_long"
    assert told["tokens_generated"] == 3


def test_health_docs_and_schema(server: Running) -> None:
    told = server.http.get("/health").json()
    assert (told["status"], told["model"], told["context_length"]) == ("ok", "fake", 256)
    page = server.http.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) >= 3
    for file in files:  # none of them from the web
        assert file.startswith("/docs-files/")
        assert server.http.get(file).status_code == 200
    assert "/generate/stream" in server.http.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({}, 400, "api_field_missing", "prompt"),
        ({"prompt": ""}, 400, "api_field_invalid", "prompt"),
        ({"prompt": 7}, 400, "api_field_invalid", "prompt"),
        ({"prompt": "x", "max_tokens": -1}, 400, "api_field_invalid", "max_tokens"),
        ({"prompt": "x", "max_tokens": "9"}, 400, "api_field_invalid", "max_tokens"),
        ({"prompt": "x", "max_tokens": True}, 400, "api_field_invalid", "max_tokens"),
        ({"prompt": "x", "temperature": -0.5}, 400, "api_field_invalid", "temperature"),
        ({"prompt": "x", "top_p": 0}, 400, "api_field_invalid", "top_p"),
        ({"prompt": "x", "seed": 2**64}, 400, "api_field_invalid", "seed"),
        ({"prompt": "x", "stop": ["y" * 10_000]}, 400, "api_field_invalid", "stop[0]"),
        ({"prompt": "x", "stop": "y"}, 400, "api_field_invalid", "stop"),
        ({"prompt": "x", "wings": 2}, 400, "api_field_unknown", "wings"),
        ({"prompt": "fail prompt_too_long"}, 400, "prompt_too_long", "Shorten it"),
        ({"prompt": "fail engine_died"}, 503, "engine_died", "stopped unexpectedly"),
        ({"prompt": "fail internal"}, 500, "internal", "log file"),
    ],
)
@pytest.mark.parametrize("route", ["/generate", "/generate/stream"])
def test_what_is_refused(server: Running, route: str, body: dict[str, Any], status: int, code: str, says: str) -> None:
    answer = server.http.post(route, json=body)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "error_code"}
    assert answer.json()["error_code"] == code
    assert says in answer.json()["error"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b'"x"', b"\xff\xfe{}", b'{"prompt": "\xff"}', b"[" * 100000],
)
def test_bodies_that_are_no_json(server: Running, content: bytes) -> None:
    answer = server.http.post("/generate", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"].startswith("api_")


def test_a_body_that_is_too_large(server: Running) -> None:
    def chunks() -> Any:
        yield from (b"x" * (1 << 20) for _ in range(10))

    for answer in (
        server.http.post("/generate", json={"prompt": LARGE}),
        server.http.post("/generate", content=chunks()),
    ):
        assert answer.status_code == 413
        assert answer.json()["error_code"] == "api_body_large"
    assert server.http.get("/health").json()["status"] == "ok"


def test_there_is_nothing_there(server: Running) -> None:
    assert server.http.get("/nowhere").json()["error_code"] == "api_route_unknown"
    answer = server.http.get("/generate")
    assert (answer.status_code, answer.json()["error_code"]) == (405, "api_method_unknown")


def test_too_many_prompts(server: Running) -> None:
    answer = server.http.post("/generate/batch", json={"prompts": ["x"] * 65})
    assert answer.status_code == 400
    assert "65 prompts" in answer.json()["error"]
