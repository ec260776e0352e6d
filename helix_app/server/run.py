"""Runs an application on an address until it is to stop, and lets what is being written end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import json
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import uvicorn
from h11 import Data, EndOfMessage, Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from helix_app.base import texts
from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.server.desk import Desk
from helix_app.server.http.errors import ApiError, body_of

_POLL_SECONDS = 0.1  # how late Ctrl-C is noticed
_FREE_FROM = 1024  # the first port that systems give to all programs
_BACKLOG = 2048  # connections that wait to be accepted
_MOST = 400  # connections on Windows, whose ``select`` takes 512 sockets and raises for more


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _prompt(seconds: float) -> type[H11Protocol]:
    """A protocol that closes a connection on which no head of a request comes within so many seconds."""

    class Prompt(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if sys.platform == "win32" and len(self.connections) > _MOST:
                transport.close()  # before the loop reads from it
                return
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._unwatch()

        def send_400_response(self, msg: str) -> None:
            """What is no HTTP is told in the API's form, too."""
            error = ApiError(400, "api_http_invalid")
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            body = json.dumps(body_of(error, "service")).encode()
            for event in (Response(status_code=400, headers=headers, reason=b"Bad Request"), Data(data=body)):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.write(self.conn.send(EndOfMessage()) or b"")
            self.transport.close()

        def _watch(self) -> None:
            """Time runs from the first byte of a head to its last, and before there is any."""
            waits = self.cycle is None or self.cycle.response_complete
            if not waits or self.transport.get_protocol() is not self:  # which a socket of the web has taken over
                self._unwatch()
            elif self._late is None:
                self._late = self.loop.call_later(seconds, self.transport.close)

        def _unwatch(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Prompt


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; 0 takes any port that is free.

    Raises:
        HelixError: ``server_port_taken`` where another program listens there, else ``server_address``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port with others
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as exc:
        bound.close()
        raise _not_had(host, port, exc) from exc
    return bound


def _not_had(host: str, port: int, exc: Exception) -> HelixError:
    if getattr(exc, "errno", None) == errno.EADDRINUSE:
        return HelixError("server_port_taken", host=host, port=port)
    return HelixError("server_address", host=host, port=port, reason=_why(port, exc))


def _why(port: int, exc: Exception) -> str:
    if not isinstance(exc, OSError):
        return str(exc).lower().rstrip(".")
    if isinstance(exc, socket.gaierror):  # whose numbers are its own
        return texts.why(exc)
    if exc.errno == errno.EADDRNOTAVAIL:
        return reason_of("address_elsewhere")
    if exc.errno == errno.EACCES and port < _FREE_FROM:  # Windows keeps others back as well
        return reason_of("port_not_given")
    return texts.why(exc)


def address_of(bound: socket.socket) -> str:
    """The URL of a socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, desk: Desk, bound: socket.socket, stop: threading.Event, on_ready: Callable[[], None]) -> None:
    """Answer requests until ``stop`` is set; ``on_ready`` is called once they are answered.

    Raises:
        HelixError: another program, which had bound the address as well, answers there since.
    """
    host, port = bound.getsockname()[:2]
    try:
        bound.listen(_BACKLOG)
    except OSError as exc:
        raise _not_had(host, port, exc) from exc
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        http=_prompt(desk.options.limits.read_seconds),
        ws="auto",
        ws_max_size=desk.options.limits.body_bytes,
    )
    server = _Server(config)

    async def run() -> None:
        running = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started and not running.done():
            await asyncio.sleep(0.01)
        if not running.done():
            on_ready()
        while not stop.is_set() and not running.done():
            await asyncio.sleep(_POLL_SECONDS)
        await desk.drain(desk.options.limits.drain_seconds)
        server.should_exit = True
        await running

    _complete(run())


def _complete(main: Coroutine[Any, Any, None]) -> None:
    """Run to its end; not by Windows' own kind of loop.

    That one closes the socket that listens when a connection breaks off before it is accepted (CPython's issue 93821).
    """
    if sys.platform == "win32" and sys.version_info >= (3, 11):
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main)
    else:
        asyncio.run(main)
