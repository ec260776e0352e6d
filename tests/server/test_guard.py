"""What stands before the routes: names and pages that are not the server's own, keys, rates, full queues, time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from helix_app.server.guard import host_name
from helix_app.server.options import Limits, ServerOptions
from tests.server.fakes import FakeClient, Running, fake_server
from tests.waiting import wait_for

SAY = {"prompt": "say 1"}


@contextmanager
def serving(**options: Any) -> Iterator[tuple[FakeClient, Running]]:
    """A server of its own."""
    fake, running = fake_server(ServerOptions(model="fake", **options))
    try:
        yield fake, running
    finally:
        fake.gate.set()
        running.close()


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:5", "a"), ("A", "a"), ("[::1]:5", "::1"), ("127.0.0.1", "127.0.0.1"), ("", ""), ("[", ""), ("x@y:1", "y")],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "localhost.evil.example", "", "127.0.0.1.x.y"])
def test_a_name_that_was_made_to_lead_here(server: Running, host: str) -> None:
    for path in ("/generate", "/v1/chat/completions", "/health"):
        answer = server.http.post(path, json=SAY, headers={"host": host})
        assert answer.status_code == 403
        assert "api_host_refused" in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:5", "192.168.0.7:8765"])
def test_names_of_this_computer_and_addresses(server: Running, host: str) -> None:
    assert server.http.post("/generate", json=SAY, headers={"host": host}).status_code == 200


def test_pages_of_others(server: Running) -> None:
    def answer(origin: str) -> httpx.Response:
        return server.http.post("/generate", json=SAY, headers={"origin": origin})

    for origin in ("https://evil.example", "null", "http://localhost"):
        assert answer(origin).json()["error_code"] == "api_origin_refused"
    assert answer(server.url).status_code == 200
    with pytest.raises(InvalidStatus) as raised:
        connect(server.url.replace("http", "ws") + "/generate/ws", proxy=None, origin="https://evil.example")  # type: ignore[arg-type]
    assert raised.value.response.status_code == 403
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert server.http.options("/generate", headers=preflight).status_code == 403


def test_pages_that_are_allowed() -> None:
    origin = "https://friend.example"
    with serving(origins=(origin,), keys=("k",)) as (_, server):
        preflight = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key",
        }
        answer = server.http.options("/generate", headers=preflight)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        answer = server.http.post("/generate", json=SAY, headers={"origin": origin, "x-api-key": "k"})
        assert answer.json()["generated_text"] == "w0 "
        assert answer.headers["access-control-allow-origin"] == origin


def test_keys_in_both_headers_and_none() -> None:
    with serving(keys=("one", "zwölf")) as (_, server):
        for headers in ({"x-api-key": "one"}, {"authorization": "Bearer one"}, {"authorization": "bearer  one"}):
            assert server.http.post("/generate", json=SAY, headers=headers).status_code == 200
        wrong: list[dict[str, Any]] = [
            {}, {"x-api-key": ""}, {"x-api-key": "on"}, {"x-api-key": "one "[:2]}, {"authorization": "Basic one"},
            {"authorization": "Bearer"}, {"x-api-key": b"\xff\xfe"},
        ]  # fmt: skip
        for headers in wrong:
            assert server.http.post("/generate", json=SAY, headers=headers).json()["error_code"] == "api_key_wrong"
        assert server.http.get("/v1/models").json()["error"]["code"] == "invalid_api_key"
        assert server.http.post("/v1/messages", json={}).json()["error"]["type"] == "authentication_error"
        assert server.http.get("/metrics").status_code == 401
        assert server.http.get("/health").status_code == server.http.get("/docs").status_code == 200
        with pytest.raises(InvalidStatus) as raised:
            connect(server.url.replace("http", "ws") + "/generate/ws", proxy=None)
        assert raised.value.response.status_code == 401
        assert json.loads(raised.value.response.body)["error_code"] == "api_key_wrong"


def test_a_key_that_asks_too_often_waits() -> None:
    with serving(keys=("one", "two"), limits=Limits(requests_per_minute=2)) as (_, server):
        answers = [server.http.post("/generate", json=SAY, headers={"x-api-key": "one"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error_code"] == "api_rate_limited"
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        assert server.http.post("/generate", json=SAY, headers={"x-api-key": "two"}).status_code == 200


def test_a_full_queue_refuses_and_a_flood_of_one_key_does_not_hold_others_up() -> None:
    with serving(keys=("flood", "calm"), limits=Limits(running=1, waiting=3)) as (fake, server):
        done: list[str] = []

        def ask(key: str, prompt: str) -> None:
            server.http.post("/generate", json={"prompt": prompt}, headers={"x-api-key": key})
            done.append(prompt)

        threads = [threading.Thread(target=ask, args=("flood", "hold"))]
        threads[0].start()
        wait_for(lambda: server.desk.queue.running == 1)
        for number in range(2):
            threads.append(threading.Thread(target=ask, args=("flood", f"echo flood{number}")))
            threads[-1].start()
            wait_for(lambda count=number + 1: server.desk.queue.waiting == count)
        threads.append(threading.Thread(target=ask, args=("calm", "echo calm")))
        threads[-1].start()
        wait_for(lambda: server.desk.queue.waiting == 3)
        answer = server.http.post(
            "/v1/completions", json={"model": "fake", "prompt": "x"}, headers={"x-api-key": "flood"}
        )
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(answer.headers["retry-after"]) >= 1
        fake.gate.set()
        for thread in threads:
            thread.join(60)
        assert fake.orders == ["hold", "echo calm", "echo flood0", "echo flood1"]
        assert sorted(done) == sorted(fake.orders)


def test_time_is_up_while_writing_and_while_waiting() -> None:
    with serving(limits=Limits(running=1, seconds=1.0)) as (_, server):
        told = server.http.post("/generate", json={"prompt": "forever", "max_tokens": 10**6}).json()
        assert told["finish_reason"] == "time"
        assert told["generated_text"].startswith("on on ")
        chat = {"model": "fake", "messages": [{"role": "user", "content": "forever"}], "stream": True}
        assert '"finish_reason":"length"' in server.http.post("/v1/chat/completions", json=chat).text
        held = threading.Thread(target=server.http.post, args=("/generate",), kwargs={"json": {"prompt": "hold"}})
        held.start()
        wait_for(lambda: server.desk.queue.running == 1)
        answer = server.http.post("/generate", json=SAY)
        held.join(60)
        # whoever waited either came after the one that held it up, or was told that it did not
        assert answer.status_code in (200, 503)
        wait_for(lambda: (server.desk.queue.running, server.desk.queue.waiting) == (0, 0))


def test_being_stopped_ends_streams_cleanly() -> None:
    fake, server = fake_server(ServerOptions(model="fake", limits=Limits(drain_seconds=0.2)))
    chat = {"model": "fake", "messages": [{"role": "user", "content": "forever"}], "stream": True, "max_tokens": 10**6}
    with server.http.stream("POST", "/v1/chat/completions", json=chat) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        server.stop.set()
        rest = list(lines)
    assert rest[-2:] == ["data: [DONE]", ""]
    assert "The server is being stopped" in rest[-4]
    server.close()
    assert fake.open == 0
