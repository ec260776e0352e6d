"""The engine: one loaded target, one stream of events for each request."""

from __future__ import annotations

import gc
import logging
import threading
import traceback
from collections.abc import Iterable, Iterator

import torch

from helix_app.engine.certify import Certified, certify
from helix_app.engine.device import is_out_of_memory
from helix_app.engine.generation import Session
from helix_app.engine.loading import LoadCancelled, Loaded, load
from helix_app.engine.scheduler import MAX_RUNNING, Scheduler, write_reply
from helix_app.errors import HelixError
from helix_app.events import (
    Event,
    Failed,
    GenerateRequest,
    LoadRequest,
    ModelReady,
    Request,
    Unloaded,
    UnloadRequest,
)
from helix_app.logs import log_file

log = logging.getLogger(__name__)


class Engine:
    """Runs requests one after another; the in-process form of ``events.EngineClient``.

    Attributes:
        ready: what is loaded, None for nothing.
    """

    def __init__(self) -> None:
        self._session: Session | None = None
        self.ready: ModelReady | None = None

    @property
    def session(self) -> Session | None:
        """The loaded session, for tests and benchmarks that look inside."""
        return self._session

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        """Run one request and yield its events (see events.EngineClient)."""
        request_id = request.request_id if isinstance(request, GenerateRequest) else ""
        try:
            if isinstance(request, LoadRequest):
                yield from self._load(request, cancel)
            elif isinstance(request, UnloadRequest):
                self._unload()
                yield Unloaded()
            else:
                if self._session is None:
                    raise HelixError("no_model_loaded")
                yield from write_reply(self._session, request, cancel)
                self._session.remeasure()
        except HelixError as exc:
            log.info("request refused: %s", exc)
            yield exc.as_event(request_id)
        except LoadCancelled:
            self._unload()
            yield Unloaded()
        except Exception as exc:  # whatever a library raises, no traceback reaches a person
            log.exception("request failed")
            if is_out_of_memory(exc):
                device = self.ready.device_name if self.ready else "this device"
                yield Failed("device_out_of_memory", str(exc), (("device", device),), request_id)
            else:
                yield Failed("internal", traceback.format_exc(), (("log", str(log_file())),), request_id)

    def stream_many(
        self, requests: Iterable[GenerateRequest], cancel: threading.Event, max_running: int = MAX_RUNNING
    ) -> Iterator[Event]:
        """Write many replies at once; events of all of them, told apart by ``request_id``.

        A request that makes no sense fails by itself. ``cancel`` ends them all within a round.
        """
        if self._session is None:
            raise HelixError("no_model_loaded")
        scheduler = Scheduler(self._session, max_running)
        try:
            for request in requests:
                try:
                    scheduler.add(request, cancel)
                except HelixError as exc:
                    yield exc.as_event(request.request_id)
            while scheduler.busy:
                yield from scheduler.step()
        except RuntimeError as exc:
            log.exception("many requests failed")
            code = "device_out_of_memory" if is_out_of_memory(exc) else "internal"
            device = self.ready.device_name if self.ready else "this device"
            raise HelixError(code, detail=str(exc), device=device, log=str(log_file())) from exc
        finally:
            scheduler.close()

    def certify(self, request: GenerateRequest, cancel: threading.Event) -> Iterator[Event | Certified]:
        """Write a reply and show that speculation did not change it (see ``certify.py``)."""
        if self._session is None:
            raise HelixError("no_model_loaded")
        yield from certify(self._session, request, cancel)

    def _load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        self._unload()
        for item in load(request, cancel):
            if isinstance(item, Loaded):
                self._session, self.ready = item.session, item.ready
                yield from item.session.snapshots(full=True)
                yield item.ready
            else:
                yield item

    def _unload(self) -> None:
        if self._session is None:
            return
        self._session = self.ready = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Free the models."""
        self._unload()
