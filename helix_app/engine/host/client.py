"""What both engine clients share, and the client that runs the engine in this process.

Importing this module does not import torch: the engine is named by an import string and imported by
the thread or process that is going to run it.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from helix_app.base.failures import failure
from helix_app.protocol.bench import BenchDone
from helix_app.protocol.events import EngineClient, Event, Failed, Finished, RunMetrics
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import Checked, DevicesFound, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import DevicesRequest, GenerateRequest, Request

log = logging.getLogger(__name__)

DEFAULT_ENGINE = "helix_app.engine.engine:Engine"
RESULTS = (ModelReady, Unloaded, Checked, DevicesFound, BenchDone, Finished, Failed)  # one of these ends every stream


def engine_factory(target: str) -> Callable[[], EngineClient]:
    """The callable that ``"module:name"`` stands for; imports the module."""
    module, _, name = target.partition(":")
    factory: Callable[[], EngineClient] = getattr(importlib.import_module(module), name)
    return factory


def request_id_of(request: Request) -> str:
    """The id that events of this request carry; empty for anything but a reply."""
    return request.request_id if isinstance(request, GenerateRequest) else ""


def cancelled_result(request: Request) -> Event:
    """The result of a request that was cancelled before the engine saw it."""
    if isinstance(request, DevicesRequest):
        return DevicesFound(())
    if not isinstance(request, GenerateRequest):
        return Unloaded()
    nothing = RunMetrics(
        tokens_generated=0,
        prompt_tokens=0,
        cached_tokens=0,
        time_seconds=0.0,
        tokens_per_second=None,
        decode_tokens_per_second=None,
        time_to_first_token=None,
        acceptance_rate=None,
        mean_accepted_length=None,
        target_passes=0,
        drafted_tokens=0,
        accepted_tokens=0,
        k_mean=None,
        k_min=None,
        k_max=None,
        plain_tokens_per_second=None,
        seed=request.sampling.seed or 0,
    )
    return Finished(request.request_id, "cancelled", "", (), nothing)


def guarded_stream(
    engine: EngineClient, request: Request, cancel: threading.Event, others: Intake | None = None
) -> Generator[Event, None, None]:
    """The engine's events for a request, always ended by a result: exceptions become ``Failed``.

    So is every reply that joined; one that the engine did not answer fails as the last one did.
    """
    others = others or Intake()
    events = (
        engine.stream(request, cancel, others)
        if isinstance(request, GenerateRequest)
        else engine.stream(request, cancel)
    )
    last: Event | None = None
    try:
        for last in events:
            if isinstance(last, (Finished, Failed)):
                others.answered(last.request_id)
            yield last
        if not isinstance(last, RESULTS):
            raise RuntimeError("the engine ended a request without a result")
    except Exception as error:
        last = failure(error, request_id_of(request))
        yield last
    finally:
        close = getattr(events, "close", None)  # an abandoned reply rolls back now, not at the next collection
        if close is not None:
            close()
        left = others.close()
    for joining in left:
        failed = last if isinstance(last, Failed) else failure(RuntimeError("the engine did not answer a reply"))
        yield replace(failed, request_id=joining.request.request_id)


def refused(failed: Failed, request: Request, others: Intake | None) -> Iterator[Event]:
    """The result of a stream that cannot begin, for its first request and for all that were to join."""
    yield replace(failed, request_id=request_id_of(request))
    for joining in others.close() if others is not None else ():
        yield replace(failed, request_id=joining.request.request_id)


class LocalClient:
    """Runs the engine in this process, on the thread that iterates over ``stream``.

    The engine is imported and made by the first request (or ``start``), on that same thread.
    """

    def __init__(self, target: str = DEFAULT_ENGINE, *, close_seconds: float = 5.0) -> None:
        self._target = target
        self._close_seconds = close_seconds
        self._turn = threading.Lock()
        self._engine: EngineClient | None = None
        self._cancel: threading.Event | None = None
        self._others: Intake | None = None
        self._closed = False

    def start(self) -> None:
        """Import and make the engine on the calling thread. Failures show with the first request."""
        if self._closed or not self._turn.acquire(blocking=False):
            return
        try:
            self._make()
        except Exception:
            log.warning("the engine could not be prepared", exc_info=True)
        finally:
            self._turn.release()

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """See ``events.EngineClient``. A second stream at the same time is ``Failed("engine_busy")``."""
        if not self._turn.acquire(blocking=False):
            yield from refused(Failed("engine_busy"), request, others)
            return
        others = others or Intake()
        try:
            self._cancel, self._others = cancel, others
            if self._closed:
                yield from refused(Failed("engine_died", "closed"), request, others)
                return
            if self._engine is None:
                yield LoadProgress("import")
            try:
                engine = self._make()
            except Exception as error:
                yield from refused(failure(error), request, others)
                return
            yield from guarded_stream(engine, request, cancel, others)
        finally:
            self._cancel = self._others = None
            self._turn.release()

    def close(self) -> None:
        """Cancel what runs, wait for it a bounded time and free the engine."""
        self._closed = True
        running, others = self._cancel, self._others
        if running is not None and others is not None:
            running.set()
            others.cancel()
        if not self._turn.acquire(timeout=self._close_seconds):
            log.warning("the engine is still working; it is left to end with the program")
            return
        try:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
        finally:
            self._turn.release()

    def _make(self) -> EngineClient:
        if self._engine is None:
            self._engine = engine_factory(self._target)()
        return self._engine
