"""The engine in a child process, behind the same interface as the engine itself.

Importing torch, a crashed GPU library or an out-of-memory kill then never freezes or ends the window.
Importing this module does not import torch.
"""

from __future__ import annotations

import itertools
import logging
import pickle
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace

from helix_app.base.errors import HostError
from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.engine.host.child import Broken, Done, Hello, Items, Ready, Run
from helix_app.engine.host.client import DEFAULT_ENGINE, cancelled_result, refused
from helix_app.engine.host.crowd import Crowd, Stop
from helix_app.engine.host.patience import Patience
from helix_app.engine.host.process import BrokenEngineError, ChildGone, ChildProcess
from helix_app.engine.host.progress import lighter
from helix_app.protocol.events import Event, Failed, Notice
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.fit import Fit
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest, LoadRequest, Request, UnloadRequest

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1  # how late a cancel is noticed while the child is silent; longer than rounds are gathered
_MAX_DEATHS = 3  # of children in one reply, before it is given up
_FORGIVEN_SECONDS = 3600.0  # after which the death of a child no longer speaks against its device
_KEEPS_MEMORY = ("directml",)  # devices whose memory is free only when the process ends
_DIED_LOADING = reason_of("device_died_loading")


class HostClient:
    """An ``events.EngineClient`` whose engine lives in a child process.

    The child starts with ``start`` or the first request. One that dies or hangs in the middle of replies is replaced:
    the new one loads what was loaded and goes on with the same replies, the second time on the CPU. One that died in
    between is replaced by the next request.
    """

    def __init__(
        self,
        target: str = DEFAULT_ENGINE,
        *,
        grace_seconds: float = 5.0,
        close_seconds: float = 2.0,
        start_seconds: float = 300.0,
        hang_seconds: float = 120.0,
        hang_seconds_cpu: float = 900.0,
        gather_seconds: float = 0.06,
    ) -> None:
        """
        Args:
            target: ``"module:callable"`` that makes the engine, imported in the child.
            grace_seconds: silence after Stop before the child is killed.
            close_seconds: how long ``close`` (and a crash) waits for the child to end by itself.
            start_seconds: how long importing the engine may take.
            hang_seconds: silence in a reply or a load after which a child that uses a GPU counts as hung.
            hang_seconds_cpu: the same on the CPU, where a pass may take minutes, and while a load tries cards.
            gather_seconds: from one sending of a reply's rounds to the next; 0 sends every event by itself. Text grows
                sixteen times a second then, and of a child that is killed so much is written anew.
        """
        self._target, self._gather_seconds = target, gather_seconds
        self._grace_seconds = grace_seconds
        self._close_seconds = close_seconds
        self._start_seconds = start_seconds
        self._patience = Patience(hang_seconds, hang_seconds_cpu)
        self._turn = threading.Lock()  # held by the running stream
        self._lock = threading.Lock()  # guards _child and _closed
        self._child: ChildProcess | None = None
        self._closed = False
        self._loaded: LoadRequest | None = None
        self._deaths = 0  # of children in replies since a model was loaded or all was well for long
        self._died_at = 0.0
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

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """See ``events.EngineClient``. A second stream at the same time is ``Failed("engine_busy")``."""
        if not self._turn.acquire(blocking=False):
            yield from refused(Failed("engine_busy"), request, others)
            return
        crowd: Crowd | None = None
        if isinstance(request, GenerateRequest):
            crowd = Crowd(Joining(request, cancel), others or Intake())
        failed: Failed | None = None
        try:
            yield from self._replies(crowd) if crowd is not None else self._answer(request, cancel)
        except HostError as error:
            log.error("engine process: %s", error.detail)
            failed = error.as_event()
        except BrokenEngineError as error:
            failed = error.failed
        finally:
            self._turn.release()
            if others is not None and failed is None:
                others.close()
        if failed is not None:
            yield from crowd.failed(failed) if crowd is not None else refused(failed, request, others)

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
        if isinstance(request, LoadRequest):
            yield from self._load(request, cancel)
        else:
            yield from self._ask(request, cancel)
            if isinstance(request, UnloadRequest):
                self._renew()

    def _ask(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        """Send a request to a child that is ready; cancelled while it starts, it is answered here."""
        child = self._ensure_child()
        if not (yield from self._await_ready(child, cancel)):
            if isinstance(request, LoadRequest):
                self._loaded = None  # as the result says
            yield cancelled_result(request)
            return
        before = self._loaded
        with closing(self._exchange(child, request, Stop(cancel))) as events:
            for event in events:
                if isinstance(event, ModelReady) and isinstance(request, LoadRequest):
                    self._loaded = replace(request, stop_at="never")
                elif isinstance(event, Failed) and isinstance(request, LoadRequest):
                    self._loaded = before if event.kept else None
                elif isinstance(event, Unloaded):
                    self._loaded = None
                yield event

    def _load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load; what was loaded before comes back where loading cost it its child."""
        before = self._loaded
        try:
            if (yield from self._refused(request, cancel)):
                return
            renewed = self._renew()
        except HostError as error:
            log.warning("engine process while looking at a load: %s", error.detail)
            renewed = True  # by its death: what was loaded went with it
        self._deaths = 0
        failed: Failed | None = None
        try:
            for event in self._load_or_on_cpu(request, cancel):
                failed = event if renewed and before is not None and isinstance(event, Failed) else None
                if failed is None:
                    yield event
        except HostError as error:
            self._loaded = None if cancel.is_set() else before
            if cancel.is_set() and not self._closed:
                yield Unloaded()
                return
            if self._closed or before is None:
                raise
            log.warning("engine process while loading: %s", error.detail)
            failed = error.as_event()
        if failed is not None and before is not None:
            yield from self._bring_back(before, failed, cancel)

    def _bring_back(self, before: LoadRequest, failed: Failed, cancel: threading.Event) -> Iterator[Event]:
        """Load what was loaded before, and tell then why the other could not be."""
        yield LoadProgress("bring_back", detail=before.target_name)
        for event in self._ask(before, cancel):
            if not isinstance(event, Failed):
                yield event
            if isinstance(event, Unloaded):  # stopped
                return
        yield replace(failed, kept=self._loaded is not None)

    def _load_or_on_cpu(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load; a device that ends the child while it loads is given up for the CPU."""
        self._patience.forget_device()
        try:
            yield from self._ask(request, cancel)
            return
        except HostError as error:
            if cancel.is_set() or self._closed or self._patience.on_cpu or request.device == "cpu":
                raise
            log.warning("engine process while loading: %s", error.detail)
            detail = error.detail
        device = self._patience.device_name or request.device
        yield Notice("fallback_cpu", fields_of(device=device, reason=_DIED_LOADING), detail)
        yield from self._ask(replace(request, device="cpu"), cancel)

    def _refused(self, request: LoadRequest, cancel: threading.Event) -> Generator[Event, None, bool]:
        """Whether the load cannot succeed, asked of a child that would have to end for it; its Failed is told then."""
        child = self._child
        if child is None or not child.alive or not child.used_up or not child.loaded:
            return False
        look = self._exchange(child, replace(request, check_only=True), Stop(cancel))
        told = [replace(e, kept=True) if isinstance(e, Failed) else e for e in look if isinstance(e, (Fit, Failed))]
        if cancel.is_set() and not told:  # too late for the look; what is loaded need not go for it
            told = [Failed("load_cancelled", kept=True)]
        yield from told
        return bool(told)

    def _replies(self, crowd: Crowd) -> Iterator[Event]:
        """Write replies, with another child if one dies: first the same again, then on the CPU with less memory."""
        deaths = 0
        while not crowd.over():
            try:
                yield from self._replies_once(crowd, told=deaths > 0)
                deaths = 0
                continue
            except HostError as error:
                if self._closed:
                    raise
                yield from crowd.stopped()
                if crowd.over():
                    return
                log.error("engine process: %s", error.detail)
                deaths, now = crowd.died(), time.monotonic()
                self._deaths = 1 if now > self._died_at + _FORGIVEN_SECONDS else self._deaths + 1
                self._died_at = now
                if self._loaded is None:
                    raise
                yield from crowd.failed(error.as_event(), _MAX_DEATHS)
                detail = error.detail
            notice, fields = "engine_restarted", tuple[tuple[str, str], ...]()
            if deaths > 1 or (self._deaths > 1 and not self._patience.on_cpu):
                if not self._patience.on_cpu:
                    notice, fields = "engine_restarted_on_cpu", (("device", self._patience.device_name),)
                self._loaded = lighter(self._loaded)
            for name in crowd.names:
                yield Notice(notice, fields, detail, name)

    def _replies_once(self, crowd: Crowd, told: bool) -> Iterator[Event]:
        """One attempt. Raises HostError when the child dies or hangs."""
        child = self._ensure_child()
        if not (yield from self._await_ready(child, crowd.cancel)):
            yield from crowd.stopped()
            return
        if self._loaded is not None and not child.loaded:
            if not told:  # it died in between
                for name in crowd.names:
                    yield Notice("engine_restarted", request_id=name)
            with closing(self._exchange(child, self._loaded, Stop(crowd.cancel))) as events:
                for event in events:
                    if isinstance(event, Failed) and not crowd.cancel.is_set():
                        yield from crowd.failed(event)
                        return
                    if not isinstance(event, (Failed, Unloaded)):
                        yield event
            if crowd.cancel.is_set():
                yield from crowd.stopped()
                return
        with closing(self._exchange(child, crowd.begin(), crowd)) as events:
            for event in events:
                seen = crowd.take(event)
                if seen is not None:
                    yield seen

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
                raise BrokenEngineError(message.failed)
            elif time.monotonic() > deadline:
                self._drop(child, 0)
                raise HostError(detail="did not start")
        return False

    def _exchange(self, child: ChildProcess, request: Request, told: Stop | Crowd) -> Generator[Event, None, None]:
        """Send one request and yield what answers it. An abandoned one is cancelled and waited for."""
        number = next(self._numbers)
        child.send(Run(number, request))
        self._patience.begin()
        try:
            for event in self._events(child, number, told):
                self._note(child, event)
                yield event
        except GeneratorExit:
            abandoned = threading.Event()
            abandoned.set()
            with suppress(HostError):
                for _ in self._events(child, number, Stop(abandoned)):
                    pass
            raise

    def _events(self, child: ChildProcess, number: int, told: Stop | Crowd) -> Iterator[Event]:
        """The events of one request up to its Done, passing on what is told and killing a child that ignores Stop."""
        silent = longest = 0.0  # counted in polls: a computer that slept was not silent
        while True:
            for word in told.messages(number):
                child.send(word)
                silent = 0.0
            message = self._receive(child)
            if message is None:
                silent += POLL_SECONDS
                # a pass that took long before may take as long again
                if told.told and silent > max(self._grace_seconds, 2 * longest):
                    if not told.wanted:
                        self._drop(child, 0)
                        raise HostError(detail="did not answer Stop")
                    yield from told.let_go()
                if silent > self._patience.limit:
                    self._drop(child, 0)
                    raise HostError(detail=f"did not answer for {silent:.0f} seconds")
                continue
            longest, silent = max(longest, silent), 0.0
            if isinstance(message, Done) and message.number == number:
                return
            if isinstance(message, Items) and message.number == number:
                for pickled in message.events:
                    yield pickle.loads(pickled)

    def _note(self, child: ChildProcess, event: Event) -> None:
        """What an event says about the child and its device."""
        self._patience.note(event)
        if isinstance(event, ModelReady):
            child.loaded = True
            child.used_up = child.used_up or event.device in _KEEPS_MEMORY
        elif isinstance(event, Notice) and event.code == "moved_to_cpu":
            child.used_up = True  # a device that was lost comes back only to a new process

    # ------------------------------------------------------------------- the child

    def _renew(self) -> bool:
        """Take a new child where the old one cannot give the device or its memory back; whether that was so."""
        child = self._child
        if child is None or not child.used_up:
            return False
        self._drop(child, self._close_seconds)
        self.start()
        return True

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
                self._child = ChildProcess(self._target, self._gather_seconds)
            except OSError as error:
                self._child = None
                raise HostError(detail=str(error)) from error
            return self._child

    def _receive(self, child: ChildProcess) -> Hello | Ready | Broken | Items | Done | None:
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
