"""The engine in a child process, behind the same interface as the engine itself.

Importing torch, a crashed GPU library or an out-of-memory kill then never freezes or ends the window.
Importing this module does not import torch.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace

from helix_app.engine.client import DEFAULT_ENGINE, cancelled_result, request_id_of
from helix_app.engine.host_child import Broken, Cancel, Done, Hello, Item, Ready, Run
from helix_app.engine.host_process import ChildGone, ChildProcess
from helix_app.errors import HostError
from helix_app.events import (
    Event,
    Failed,
    GenerateRequest,
    LoadProgress,
    LoadRequest,
    ModelReady,
    Notice,
    Request,
    Unloaded,
    UnloadRequest,
)

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05  # how late a cancel is noticed while the child is silent


class _BrokenEngineError(Exception):
    def __init__(self, failed: Failed) -> None:
        self.failed = failed


class HostClient:
    """An ``events.EngineClient`` whose engine lives in a child process.

    The child starts with ``start`` or the first request. One that died is replaced by the next
    request, which first loads again what was loaded.
    """

    def __init__(
        self,
        target: str = DEFAULT_ENGINE,
        *,
        grace_seconds: float = 5.0,
        close_seconds: float = 2.0,
        start_seconds: float = 300.0,
    ) -> None:
        """
        Args:
            target: ``"module:callable"`` that makes the engine, imported in the child.
            grace_seconds: silence after Stop before the child is killed.
            close_seconds: how long ``close`` (and a crash) waits for the child to end by itself.
            start_seconds: how long importing the engine may take.
        """
        self._target = target
        self._grace_seconds = grace_seconds
        self._close_seconds = close_seconds
        self._start_seconds = start_seconds
        self._turn = threading.Lock()  # held by the running stream
        self._lock = threading.Lock()  # guards _child and _closed
        self._child: ChildProcess | None = None
        self._closed = False
        self._loaded: LoadRequest | None = None
        self._numbers = itertools.count()

    @property
    def pid(self) -> int | None:
        """Process id of the child while it runs."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def start(self) -> None:
        """Start the child now, without waiting for it. Failures show with the first request."""
        try:
            self._ensure_child()
        except HostError as error:
            log.warning("the engine process could not be started: %s", error.detail)

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        """See ``events.EngineClient``. A second stream at the same time is ``Failed("engine_busy")``."""
        request_id = request_id_of(request)
        if not self._turn.acquire(blocking=False):
            yield Failed("engine_busy", request_id=request_id)
            return
        try:
            yield from self._answer(request, cancel)
        except HostError as error:
            log.error("engine process: %s", error.detail)
            yield error.as_event(request_id)
        except _BrokenEngineError as error:
            yield replace(error.failed, request_id=request_id)
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the child: politely, then by force. Ends a running stream."""
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            child.end(self._close_seconds if child.ready else 0)  # half an import has nothing to save

    # ----------------------------------------------------------------- one request

    def _answer(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        if isinstance(request, UnloadRequest) and self.pid is None:
            self._loaded = None
            yield Unloaded()
            return
        child = self._ensure_child()
        if not (yield from self._await_ready(child, cancel)):
            yield cancelled_result(request)
            return
        if isinstance(request, GenerateRequest) and self._loaded is not None and not child.loaded:
            yield Notice("engine_restarted", request_id=request.request_id)
            with closing(self._exchange(child, self._loaded, cancel)) as events:
                for event in events:
                    if isinstance(event, Failed) and not cancel.is_set():
                        yield replace(event, request_id=request.request_id)
                        return
                    if not isinstance(event, (Failed, Unloaded)):
                        yield event
            if cancel.is_set():
                yield cancelled_result(request)
                return
        with closing(self._exchange(child, request, cancel)) as events:
            for event in events:
                if isinstance(event, ModelReady) and isinstance(request, LoadRequest):
                    self._loaded = request
                elif isinstance(event, Unloaded) or (isinstance(event, Failed) and isinstance(request, LoadRequest)):
                    self._loaded = None  # a load frees what was there before it can fail
                yield event

    def _await_ready(self, child: ChildProcess, cancel: threading.Event) -> Generator[Event, None, bool]:
        """Wait until the child has imported the engine. False when cancelled; the child goes on."""
        if child.ready:
            return True
        yield LoadProgress("start_engine")
        deadline = time.monotonic() + self._start_seconds
        while not cancel.is_set():
            message = self._receive(child)
            if isinstance(message, Hello):
                yield LoadProgress("import")
            elif isinstance(message, Ready):
                child.ready = True
                return True
            elif isinstance(message, Broken):
                self._drop(child, self._close_seconds)
                raise _BrokenEngineError(message.failed)
            elif time.monotonic() > deadline:
                self._drop(child, 0)
                raise HostError(detail="did not start")
        return False

    def _exchange(self, child: ChildProcess, request: Request, cancel: threading.Event) -> Generator[Event, None, None]:
        """Send one request and yield what answers it. An abandoned one is cancelled and waited for."""
        number = next(self._numbers)
        child.send(Run(number, request))
        try:
            for message in self._messages(child, number, cancel):
                if isinstance(message.event, ModelReady):
                    child.loaded = True
                yield message.event
        except GeneratorExit:
            abandoned = threading.Event()
            abandoned.set()
            with suppress(HostError):
                for _ in self._messages(child, number, abandoned):
                    pass
            raise

    def _messages(self, child: ChildProcess, number: int, cancel: threading.Event) -> Iterator[Item]:
        """The items of one request up to its Done, passing cancel on and killing a child that ignores it."""
        deadline: float | None = None
        while True:
            if deadline is None and cancel.is_set():
                child.send(Cancel(number))
                deadline = time.monotonic() + self._grace_seconds
            message = self._receive(child)
            if message is None:
                if deadline is not None and time.monotonic() > deadline:
                    self._drop(child, 0)
                    raise HostError(detail="did not answer Stop")
                continue
            if deadline is not None:
                deadline = time.monotonic() + self._grace_seconds
            if isinstance(message, Done) and message.number == number:
                return
            if isinstance(message, Item) and message.number == number:
                yield message

    # ------------------------------------------------------------------- the child

    def _ensure_child(self) -> ChildProcess:
        """The running child, a new one if there is none. Raises HostError when it cannot be started."""
        with self._lock:
            if self._closed:
                raise HostError(detail="closed")
            child = self._child
            if child is not None and (child.alive or not child.ready):  # one that died on import has a reason to tell
                return child
            if child is not None:
                child.end(0)
                log.warning("engine process %d ended while idle: %s", child.pid, child.exit_text())
            try:
                self._child = ChildProcess(self._target)
            except OSError as error:
                self._child = None
                raise HostError(detail=str(error)) from error
            return self._child

    def _receive(self, child: ChildProcess) -> Hello | Ready | Broken | Item | Done | None:
        """The next message within POLL_SECONDS. Raises HostError when the child is gone."""
        try:
            return child.receive(POLL_SECONDS)
        except ChildGone:
            self._drop(child, self._close_seconds)
            detail = "closed" if self._closed else child.exit_text()
            raise HostError(detail=detail) from None

    def _drop(self, child: ChildProcess, patience: float) -> None:
        child.end(patience)
        with self._lock:
            if self._child is child:
                self._child = None
