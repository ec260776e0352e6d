"""What stands before the routes: names and pages that are not the server's own, keys, rates, full queues, time."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from helix_app.server.guard import host_name
from helix_app.server.options import Limits
from tests.server.fakes import Running, serving

SAY = {"prompt": "say 1"}


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:5", "a"), ("A", "a"), ("[::1]:5", "::1"), ("127.0.0.1", "127.0.0.1"), ("", ""), ("[", ""), ("x@y:1", "y")],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.x.y"])
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
        private = {**preflight, "access-control-request-private-network": "true"}  # as browsers asked of public pages
        assert server.http.options("/generate", headers=private).status_code == 200
        answer = server.http.post("/generate", json=SAY, headers={"origin": origin, "x-api-key": "k"})
        assert answer.json()["generated_text"] == "w0 "
        assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("allowed", ["https://friend.example", "*"])
def test_pages_that_are_allowed_read_why_they_are_refused(allowed: str) -> None:
    origin, readable = "https://friend.example", "access-control-allow-origin"
    limits = Limits(requests_per_minute=1, body_bytes=1000)
    with serving(origins=(allowed,), keys=("k",), limits=limits) as (_, server):

        def answer(key: str, body: object = SAY, **headers: str) -> httpx.Response:
            return server.http.post("/generate", json=body, headers={"x-api-key": key, **headers})

        assert answer("k", origin=origin).status_code == 200
        for key, body, status in (("wrong", SAY, 401), ("k", "x" * 2000, 413), ("k", SAY, 429)):
            told = answer(key, body, origin=origin)
            assert (told.status_code, told.headers[readable]) == (status, allowed)
        other = answer("wrong", origin="https://evil.example")
        assert other.headers.get(readable) == ("*" if allowed == "*" else None)
        assert readable not in answer("wrong").headers


def test_keys_in_both_headers_and_none() -> None:
    with serving(keys=("one", "zwölf")) as (_, server):
        for headers in ({"x-api-key": "one"}, {"authorization": "Bearer one"}, {"authorization": "bearer  one"}):
            assert server.http.post("/generate", json=SAY, headers=headers).status_code == 200
        other = {"x-api-key": "zwölf".encode()}
        assert server.http.post("/generate", json=SAY, headers=other).status_code == 200  # type: ignore[arg-type]
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


def test_a_request_without_a_host(server: Running) -> None:
    for head in (b"GET /health HTTP/1.0\r\n\r\n", b"GET /health HTTP/1.1\r\nhost: \r\nconnection: close\r\n\r\n"):
        answer = _sent(server.url, head)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"Send a Host header" in answer


def test_head_is_get_without_a_body(server: Running) -> None:
    for path, status in (("/health", 200), ("/v1/models", 200), ("/docs", 200), ("/nowhere", 404), ("/generate", 405)):
        answer = server.http.head(path)
        assert (answer.status_code, answer.content) == (status, b"")
        assert int(answer.headers["content-length"]) > 0


def test_the_address_itself_leads_to_what_there_is() -> None:
    with serving(keys=("k",)) as (_, server):
        for method in ("GET", "HEAD"):
            answer = server.http.request(method, "/")
            assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b'{"prompt": "say 1"}', {}, "content-type is not application/json"),
        (b"prompt=say", {"content-type": "application/x-www-form-urlencoded"}, "content-type is not application/json"),
        (b"[1]", {"content-type": "application/json"}, "not a JSON object"),
        (b'{"prompt": "\xff"}', {"content-type": "application/json"}, "not JSON"),
        (b'{"prompt": ', {"content-type": "application/json"}, "cannot be read"),
        (b"[" * 100_000, {"content-type": "application/json"}, "cannot be read"),
    ],
    ids=["none", "form", "list", "bytes", "cut", "deep"],
)
def test_a_body_that_is_no_json(server: Running, body: bytes, headers: dict[str, str], says: str) -> None:
    answer = server.http.post("/generate", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "api_body_invalid")
    assert says in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/generate"), ("DELETE", "/v1/models"), ("OPTIONS", "/v1/messages")]
)
def test_a_wrong_method_names_the_right_ones(server: Running, method: str, path: str) -> None:
    answer = server.http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] in ("GET", "POST")
    assert "does not take" in answer.text


def _sent(url: str, *pieces: bytes) -> bytes:
    """All that comes back on a connection that says no more than this."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        told = b""
        while data := connection.recv(65_536):
            told += data
        return told


def test_a_request_that_never_ends_is_not_waited_for() -> None:
    head = b"POST /generate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with serving(limits=Limits(read_seconds=0.3, body_bytes=1 << 20)) as (_, server):
        assert _sent(server.url, head) == b""
        assert _sent(server.url) == b""
        for length in (b"content-length: 99\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"):
            answer = _sent(server.url, head + length)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"api_request_slow" in answer
            assert b"within 1 second." in answer  # a body may be as large as takes longer than a head


def test_a_body_has_a_second_for_each_mebibyte_that_it_may_have() -> None:
    assert Limits().body_seconds == Limits().read_seconds == 60
    assert Limits(body_bytes=1 << 30).body_seconds == 1024
