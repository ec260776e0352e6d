"""The engine: one loaded target, one stream of events for each request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial

from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.base.message_texts.reasons import fields_of
from helix_app.base.process import throttling
from helix_app.base.process.logs import log_file
from helix_app.engine.host.client import cancelled_result
from helix_app.engine.loading.fitting.memory_use import given_back, memory_use
from helix_app.engine.loading.load import load
from helix_app.engine.loading.look import look
from helix_app.engine.loading.plan import plan
from helix_app.engine.loading.reading import LoadCancelled
from helix_app.engine.machine.devices.device import cpu, found_devices
from helix_app.engine.machine.devices.errors import is_out_of_memory
from helix_app.engine.machine.memory import return_memory
from helix_app.engine.measuring import calibration
from helix_app.engine.rounds.certify import Certified, certify
from helix_app.engine.rounds.recovery import LOST, Recovery
from helix_app.engine.rounds.scheduler import MAX_RUNNING, Scheduler
from helix_app.engine.rounds.session import LoadedModel, Session
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, Notice
from helix_app.protocol.intake import AskedEvent, Intake, Joining
from helix_app.protocol.models.loading import Checked, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import DevicesRequest, GenerateRequest, LoadRequest, Request, UnloadRequest

log = logging.getLogger(__name__)


class Engine:
    """One model and the replies it writes; the in-process form of ``events.EngineClient``.

    Attributes:
        ready: what is loaded, None for nothing.
    """

    def __init__(self) -> None:
        throttling.never()
        self._loaded: LoadedModel | None = None
        self._wanted: LoadRequest | None = None  # what is loaded, or will be for the next reply
        self._given_up: LoadRequest | None = None  # for a load that was stopped; back if the next fails
        self._lost: frozenset[str] = frozenset()  # devices that this process can no longer use

    @property
    def session(self) -> Session | None:
        """The loaded session, for tests and benchmarks that look inside."""
        return self._loaded.session if self._loaded is not None else None

    @property
    def ready(self) -> ModelReady | None:
        return self._loaded.ready if self._loaded is not None else None

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """Run one request and yield its events (see events.EngineClient)."""
        request_id = request.request_id if isinstance(request, GenerateRequest) else ""
        try:
            if isinstance(request, LoadRequest) and request.check_only:
                if request.stop_at == "never":
                    plan(request)
                else:
                    yield from look(request, cancel, self._lost, partial(given_back, self.session))
                yield Checked()
            elif isinstance(request, LoadRequest):
                yield from self._load_or_keep(request, cancel)
            elif isinstance(request, UnloadRequest):
                self._wanted = self._given_up = None
                self._unload()
                yield Unloaded()
            elif isinstance(request, DevicesRequest):
                yield found_devices(cancel)
            elif isinstance(request, GenerateRequest):
                yield from self._replies(Joining(request, cancel), others or Intake())
            else:
                raise TypeError("benchmarks have an engine of their own, bench/processes/host.py")
        except LoadCancelled:
            if isinstance(request, LoadRequest) and request.check_only:  # it took nothing: what is loaded stays
                yield Failed("load_cancelled", kept=self._loaded is not None)
                return
            self._unload()
            yield cancelled_result(request)
        except Exception as exc:
            yield self._failed(exc, request_id)

    def _failed(self, exc: Exception, request_id: str = "") -> Failed:
        """An exception as an event: whatever a library raises, no traceback reaches a person."""
        if isinstance(exc, HelixError):
            log.info("request refused: %s", exc.code)
            return exc.as_event(request_id)
        if is_out_of_memory(exc):
            log.error("request failed", exc_info=exc)
            return Failed("device_out_of_memory", str(exc), (("device", self._device),), request_id)
        return failure(exc, request_id)

    @property
    def _device(self) -> str:
        """What the model runs on; once what was loaded is given up for good, that was the CPU."""
        return self.ready.device_name if self.ready else cpu().name

    def stream_many(
        self, requests: Iterable[GenerateRequest], cancel: threading.Event, max_running: int = MAX_RUNNING
    ) -> Iterator[Event]:
        """Write many replies at once; events of all of them, told apart by ``request_id``.

        A request is taken from ``requests`` when it may run, so that the first replies begin at once however many
        there are. One that makes no sense fails by itself. ``cancel`` ends within a round all that were taken.
        """
        if self.session is None:
            raise HelixError("no_model_loaded")
        scheduler = Scheduler(self.session, max_running)
        try:
            scheduler.feed(requests, cancel)
            yield from self._run(scheduler)
        except (RuntimeError, MemoryError) as exc:
            log.exception("many requests failed")
            code = "device_out_of_memory" if is_out_of_memory(exc) else "internal"
            raise HelixError(code, detail=str(exc), device=self._device, log=str(log_file())) from exc
        finally:
            scheduler.close()

    def certify(self, request: GenerateRequest, cancel: threading.Event) -> Iterator[Event | Certified]:
        """Write a reply and show that speculation did not change it (see ``certify.py``)."""
        if self.session is None:
            raise HelixError("no_model_loaded")
        for event in certify(self.session, request, cancel):
            yield from self.session.take_notices()
            yield event

    def _replies(self, first: Joining, others: Intake) -> Iterator[Event]:
        """Write a reply and whatever joins it."""
        joining = [first]
        while joining:
            scheduler = yield from self._scheduler_for(joining, others)
            if scheduler is not None:
                yield from self._write(scheduler, joining, others)
            joining = [] if others.close_if_empty() else others.take()
        if self.session is not None:
            self.session.remeasure()
            calibration.check_step(self.session.runner, self.session.costs)

    def _scheduler_for(self, joining: list[Joining], others: Intake) -> Generator[Event, None, Scheduler | None]:
        """What writes these replies; None, with their results, where all were stopped while a model came back, or it
        did not come: then who waits has its result as well."""
        try:
            if self._loaded is None and self._wanted is not None:  # the last move to the CPU was stopped or failed
                stopped = AskedEvent(lambda: not others.wanted and all(reply.cancel.is_set() for reply in joining))
                yield from self._load_again(self._wanted, stopped)
            if self.session is None:
                raise HelixError("no_model_loaded")
        except LoadCancelled:
            yield from (cancelled_result(reply.request) for reply in joining)
            return None
        except Exception as exc:
            yield from (self._failed(exc, reply.request.request_id) for reply in (*joining, *others.take()))
            return None
        return Scheduler(self.session)

    def _write(self, scheduler: Scheduler, joining: list[Joining], others: Intake) -> Iterator[Event]:
        """The events of these replies and of those that join them."""
        scheduler.listen(others)
        with closing(self._run(scheduler, joining)) as events:
            for event in _results_last(events, scheduler):
                if isinstance(event, Finished) and self.session is not None:
                    yield memory_use(self.session)
                yield event

    def _run(self, scheduler: Scheduler, joining: Iterable[Joining] = ()) -> Generator[Event, None, None]:
        """All replies of a scheduler and those joining it, on another device if need be; closes it."""
        assert self._loaded is not None
        recovery = Recovery(scheduler, self._loaded, partial(self._to_cpu, scheduler))
        try:
            for reply in joining:
                yield from scheduler.join(reply)
            for event in recovery.run():
                if self.session is not None:
                    yield from self.session.take_notices()
                yield event
        finally:
            scheduler.close()
            if recovery.broken:  # it is loaded again for the next reply
                self._unload()

    def _to_cpu(
        self, scheduler: Scheduler, device: str, reason: str, detail: str
    ) -> Generator[Event, None, LoadedModel | None]:
        """Load what is loaded on the CPU instead, for a scheduler's replies; None where all of them were stopped."""
        yield Notice("moved_to_cpu", fields_of(device=device, reason=reason), detail)
        assert self._wanted is not None
        if reason == LOST and self._loaded is not None:
            self._lost |= {self._loaded.ready.device}
        try:
            yield from self._load_again(replace(self._wanted, device="cpu"), AskedEvent(lambda: scheduler.cancelled))
        except LoadCancelled:
            return None
        return self._loaded

    def _load_again(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load for a reply; what was stopped or failed is tried again with the next one."""
        self._unload()
        try:
            yield from self._load(request, cancel)
        finally:
            self._wanted = request

    def _load_or_keep(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load for a person. What cannot succeed changes nothing; what fails later brings back what was there."""
        before = self._wanted or self._given_up
        try:
            yield from self._load(request, cancel)
            return
        except LoadCancelled:
            if self._loaded is None:
                self._given_up = before
                raise
            failed = Failed("load_cancelled")
        except Exception as exc:
            failed = self._failed(exc)
        if self._loaded is None and before is not None:
            return_memory()
            yield LoadProgress("bring_back", detail=before.target_name)
            try:
                yield from self._load(before, cancel)
            except LoadCancelled:
                raise
            except Exception as exc:
                log.warning("what was loaded before cannot be loaded again: %s", exc)
        yield replace(failed, kept=self._loaded is not None)

    def _load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load in place of what is loaded, which goes as soon as ``request`` is known to make sense."""
        for item in load(request, cancel, self._lost, self._make_room, partial(given_back, self.session)):
            if isinstance(item, LoadedModel):
                return_memory()  # that only loading needed
                item.ready = replace(item.ready, memory=memory_use(item.session))
                self._loaded, self._given_up = item, None
                self._wanted = replace(request, stop_at="never")  # it was loaded: it comes back without a question
                yield from item.session.snapshots(full=True)
                yield item.ready
            else:
                yield item

    def _make_room(self) -> None:
        self._wanted = None
        self._unload()

    def _unload(self) -> None:
        if self._loaded is None:
            return
        self._loaded.session.release()
        self._loaded = None
        return_memory()

    def close(self) -> None:
        """Free the models."""
        self._unload()


def _results_last(events: Iterable[Event], scheduler: Scheduler) -> Iterator[Event]:
    """The same events; the last result comes behind the snapshots that follow it: a result is the end of all."""
    result: Event | None = None
    for event in events:
        if result is not None and not isinstance(event, CacheSnapshot):
            yield result
            result = None
        if isinstance(event, (Finished, Failed)) and not scheduler.busy:
            result = event
        else:
            yield event
    if result is not None:
        yield result
