"""A thread that runs an engine client and hands the events of many replies to whoever waits for each.

submit --> waiting --first--> client.stream(first, intake) --> events, by request_id --> Handle
              |                              ^
              +--- while a stream runs ------+ intake.put
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from helix_app.base.failures import failure
from helix_app.protocol.events import CacheSnapshot, EngineClient, Event, Failed, Finished, Notice, PoolName
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest
from helix_app.server.backends.backend import Handle, PoolBlocks, Watch

log = logging.getLogger(__name__)


class Pump:
    """A ``Backend`` over an engine client of its own.

    Attributes:
        ready: the loaded model.
        pools: blocks by pool, as the last snapshot of each told.
    """

    def __init__(self, client: EngineClient, on_notice: Callable[[Notice], None] | None = None) -> None:
        """``on_notice`` is told, on the pump's thread, what concerns no reply alone."""
        self._client = client
        self._on_notice = on_notice or (lambda _: None)
        self._lock = threading.Lock()  # guards what follows
        self._work = threading.Condition(self._lock)
        self._waiting: deque[Joining] = deque()
        self._handles: dict[str, Handle] = {}
        self._intake: Intake | None = None
        self._begun: set[str] = set()  # of whom this stream has told something; for the thread alone
        self._closed = False
        self.ready: ModelReady | None = None
        self.pools: Mapping[PoolName, PoolBlocks] = {}
        self._thread = threading.Thread(target=self._run, name="helix-pump", daemon=True)

    def load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        """Load a model; for the calling thread, before ``start``."""
        for event in self._client.stream(request, cancel):
            self._note(event)
            yield event

    def start(self) -> None:
        """Begin to write what is submitted."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def submit(self, request: GenerateRequest, watch: Watch | None = None) -> Handle:
        """See ``Backend``. An id that is in use is refused with ValueError."""
        handle = Handle(request, watch)
        joining = Joining(request, handle.stop)
        with self._lock:
            if request.request_id in self._handles:
                raise ValueError(f"there is a reply {request.request_id} already")
            closed = self._closed
            if not closed:
                self._handles[request.request_id] = handle
                if self._intake is None or not self._intake.put(joining):
                    self._waiting.append(joining)
                    self._work.notify()
        if closed:
            handle.put(Failed("engine_died", "closed", request_id=request.request_id))
        return handle

    def close(self, seconds: float = 10.0) -> None:
        """End every reply and the thread, then the client."""
        with self._lock:
            self._closed = True
            for handle in self._handles.values():
                handle.stop.set()
            self._work.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._client.close()
        if self._thread.is_alive():  # it waited for a client that only ends when it is closed
            self._thread.join(seconds)

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._closed:
                    self._work.wait()
                if not self._waiting:
                    return
                first = self._waiting.popleft()
                self._intake = intake = Intake()
                while self._waiting:
                    intake.put(self._waiting.popleft())
            try:
                self._stream(first, intake)
            except Exception as error:  # a client promises not to; its replies must end all the same
                log.exception("the engine's stream ended with an error")
                self._fail_all(failure(error), intake)
            else:
                self._fail_all(Failed("engine_died", "the stream ended without a result"), intake)

    def _stream(self, first: Joining, intake: Intake) -> None:
        for event in self._client.stream(first.request, first.cancel, intake):
            name = getattr(event, "request_id", "")
            handle = self._handles.get(name) if name else None
            if handle is None:
                self._note(event)
                continue
            self._begun.add(name)
            if isinstance(event, (Finished, Failed)):
                intake.answered(name)
                self._begun.discard(name)
                with self._lock:
                    del self._handles[name]
            handle.put(event)

    def _fail_all(self, failed: Failed, intake: Intake) -> None:
        """The stream is over: of whom nothing was told has its turn now, who has no result but that gets this one."""
        left = [joining for joining in intake.close() if joining.request.request_id not in self._begun]
        self._begun.clear()
        with self._lock:
            self._intake = None
            self._waiting.extendleft(reversed(left))
            waiting = {joining.request.request_id for joining in self._waiting}
            lost = [handle for name, handle in self._handles.items() if name not in waiting]
            for handle in lost:
                del self._handles[handle.request.request_id]
        for handle in lost:
            handle.put(replace(failed, request_id=handle.request.request_id))

    def _note(self, event: Event) -> None:
        """What concerns the model, its cache or everybody."""
        if isinstance(event, ModelReady):
            self.ready = event
        elif isinstance(event, CacheSnapshot):
            self.pools = {**self.pools, event.pool: PoolBlocks.of(event)}
        elif isinstance(event, Notice):
            self._on_notice(event)
        elif isinstance(event, Failed):
            log.error("the engine failed: %s", event.code)
