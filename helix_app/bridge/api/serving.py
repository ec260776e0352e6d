"""The local API of a window: other programs' replies are written by the window's own engine, beside its own."""

from __future__ import annotations

import importlib.util
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from helix_app.base.errors import HelixError, InputError
from helix_app.base.failures import failure
from helix_app.bridge.api.served import Served
from helix_app.bridge.controller import SessionController
from helix_app.protocol.events import Failed
from helix_app.protocol.intake import Joining
from helix_app.protocol.serving import (
    ServedReplies,
    ServedRequest,
    ServingAsked,
    ServingBegun,
    ServingEnded,
    ServingNews,
    StartServing,
    StopServed,
    StopServing,
)

log = logging.getLogger(__name__)

SHOW_MS = 500  # how often figures of replies are told
CLOSE_SECONDS = 5.0
NEEDED = ("fastapi", "pydantic", "uvicorn", "websockets", "prometheus_client")
_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


class Serving(QObject):
    """Runs the server on a thread of its own; its replies go through the controller, as the window's do.

    Signals:
        news: a list of ServingNews.
    """

    news = Signal(list)
    _told = Signal(object)  # from the server's thread
    _asked = Signal(object)

    def __init__(self, controller: SessionController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None
        self.served = Served(self._asked.emit)
        controller.tap = self.served.take
        self._asked.connect(self._on_asked)
        self._told.connect(self._on_told)
        self._shown: ServedReplies | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(SHOW_MS)
        self._timer.timeout.connect(self._show)

    @property
    def running(self) -> bool:
        """Whether requests are answered, or are about to be."""
        return self._thread is not None

    @Slot(object)
    def ask(self, asked: ServingAsked) -> None:
        """Begin, end, or end one reply."""
        if isinstance(asked, StartServing):
            self._start(asked)
        elif isinstance(asked, StopServing):
            if self._stop is not None:
                self._stop.set()
                self.served.cancel()
        elif isinstance(asked, StopServed):
            self.served.cancel(asked.request_id)

    @Slot()
    def shutdown(self) -> bool:
        """End it at once, for the program ends. False when its thread would not."""
        thread = self._thread
        if thread is None or self._stop is None:
            return True
        self._stop.set()
        self.served.close()
        thread.join(CLOSE_SECONDS)
        return not thread.is_alive()

    # ------------------------------------------------------------------ the server's thread

    def _start(self, asked: StartServing) -> None:
        if self._thread is not None:
            return
        self.served.open()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(asked, self._stop), name="helix-server", daemon=True)
        self._thread.start()
        self._timer.start()

    def _run(self, asked: StartServing, stop: threading.Event) -> None:
        failed: Failed | None = None
        try:
            self._serve(asked, stop)
        except Exception as error:
            failed = failure(error)
        self._told.emit(ServingEnded(failed))

    def _serve(self, asked: StartServing, stop: threading.Event) -> None:
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise HelixError("server_extra", missing=", ".join(missing))
        from helix_app.server.app import make_app, make_desk
        from helix_app.server.options import ServerOptions
        from helix_app.server.run import address_of, is_loopback, listen, serve

        if not asked.key and not is_loopback(asked.host):
            raise InputError("server_key_needed", host=asked.host)
        bound = listen(asked.host, asked.port)
        try:
            desk = make_desk(self.served, ServerOptions(keys=(asked.key,) if asked.key else (), model=asked.model))
            url = _reachable(address_of(bound))
            app = _logged(make_app(desk), self._told.emit)
            serve(app, desk, bound, stop, lambda: self._told.emit(ServingBegun(url)))
        finally:
            bound.close()

    # ------------------------------------------------------------------ this thread

    @Slot(object)
    def _on_asked(self, joining: Joining) -> None:
        self._controller.write(joining)

    @Slot(object)
    def _on_told(self, news: ServingNews) -> None:
        if isinstance(news, ServingEnded):
            if self._thread is not None:
                self._thread.join(CLOSE_SECONDS)
            self._thread = self._stop = None
            self._timer.stop()
            self._show()
        self.news.emit([news])

    def _show(self) -> None:
        shown = ServedReplies(self.served.replies())
        if shown != self._shown:
            self._shown = shown
            self.news.emit([shown])


def _reachable(url: str) -> str:
    """The URL as others write it, where the socket is bound to every address."""
    if "//0.0.0.0:" not in url:
        return url
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it only tells which address would be used
            own = probe.getsockname()[0]
        except OSError:  # without a network
            own = "127.0.0.1"
    return url.replace("0.0.0.0", own)


def _logged(app: _App, told: Callable[[ServedRequest], None]) -> _App:
    """The same application; every request of HTTP is told once it is answered."""

    async def call(scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        at, begin, status = time.time(), time.monotonic(), 0

        async def heard(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, heard)
        finally:
            told(ServedRequest(at, str(scope["method"]), str(scope["path"]), status, time.monotonic() - begin))

    return call
