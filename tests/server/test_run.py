"""Addresses: which are this computer's own, which port is taken, and how they are written."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import socket
import sys
import threading
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from helix_app.base.errors import HelixError
from helix_app.server import run
from helix_app.server.app import make_app, make_desk
from helix_app.server.backends.pump import Pump
from helix_app.server.options import ServerOptions
from helix_app.server.run import address_of, is_loopback, listen, serve
from tests.server.fakes import FakeClient, serving
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_which_addresses_only_this_computer_reaches(host: str, own: bool) -> None:
    assert is_loopback(host) == own


@pytest.mark.parametrize("host", ["127.evil.example", "localhost.evil.example", "::1:2", "128.0.0.1", ""])
def test_what_only_looks_like_it(host: str) -> None:
    assert not is_loopback(host)


def test_any_port_and_one_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as bound:
        host, port = bound.getsockname()
        assert address_of(bound) == f"http://{host}:{port}"
        bound.listen()
        with pytest.raises(HelixError) as raised:
            listen("127.0.0.1", port)
    assert (raised.value.code, raised.value.fields["port"]) == ("server_port_taken", str(port))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere an address is bound once")
def test_an_address_that_two_have_bound_is_had_by_the_first_that_answers() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            first.listen()
            desk = make_desk(Pump(FakeClient()), ServerOptions())
            with pytest.raises(HelixError) as raised:
                serve(make_app(desk), desk, second, threading.Event(), lambda: None)
    assert (raised.value.code, raised.value.fields["port"]) == ("server_port_taken", str(port))


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7", "x" * 300])
def test_addresses_that_are_not_here(host: str) -> None:
    with pytest.raises(HelixError):
        listen(host, 0)


@pytest.mark.parametrize(
    ("number", "port", "reason"),
    [
        (errno.EACCES, 80, "the system keeps this port back; those from 1024 on are free to all programs"),
        (errno.EACCES, 50000, "Permission denied"),
        (errno.EADDRNOTAVAIL, 8080, "this computer has no such address"),
        (errno.ENETUNREACH, 8080, "Network is unreachable"),
    ],
)
def test_why_an_address_cannot_be_had(number: int, port: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "words of the system")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(HelixError) as raised:
        listen("127.0.0.1", port)
    assert (raised.value.code, raised.value.fields["reason"]) == ("server_address", reason)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_the_address_of_ipv6_is_in_brackets() -> None:
    try:
        bound = listen("::1", 0)
    except HelixError:
        pytest.skip("IPv6 is switched off here")
    with bound:
        assert address_of(bound).startswith("http://[::1]:")


def sent(port: int, request: bytes) -> bytes:
    """What the server answers to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as own:
        own.sendall(request)
        answer = b""
        while piece := own.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "request_",
    [b"hello there\r\n\r\n", b"GET /health HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n"],
    ids=["words", "no host", "tls"],
)
def test_what_is_no_http_is_answered_in_the_form_of_the_api(request_: bytes) -> None:
    with serving() as (_, server):
        head, _, body = sent(int(server.url.rpartition(":")[2]), request_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"content-type: application/json" in head
    assert json.loads(body)["error_code"] == "api_http_invalid"


@pytest.mark.parametrize("system", ["win32", "linux"])
def test_on_windows_connections_beyond_what_its_loop_takes_are_closed(
    monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """Its ``select`` raises for more sockets than it has room for, which would end the server."""
    monkeypatch.setattr(run, "sys", SimpleNamespace(platform=system, version_info=(3, 10)))
    monkeypatch.setattr(run, "_MOST", 2)
    ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serving() as (_, server), ExitStack() as held:
        port = int(server.url.rpartition(":")[2])

        def answered() -> bool:
            own = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            with contextlib.suppress(ConnectionError):
                own.sendall(ask)
                return own.recv(65536).startswith(b"HTTP/1.1 200")
            return False

        assert [answered() for _ in range(4)] == [True, True, *([system == "linux"] * 2)]
        held.close()
        wait_for(answered)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no runner is told its loop there")
@pytest.mark.parametrize("system", ["win32", "linux"])
def test_on_windows_no_connection_that_breaks_off_ends_all_others(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    """Its own kind of loop closes the socket that listens then."""
    kinds: list[type] = []

    class Selecting(asyncio.SelectorEventLoop):
        pass

    async def main() -> None:
        kinds.append(type(asyncio.get_running_loop()))

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(asyncio, "SelectorEventLoop", Selecting)
    run._complete(main())
    assert (kinds == [Selecting]) == (system == "win32")
