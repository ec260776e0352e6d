"""What the window asks for, done on worker threads; what comes of it, as batches of events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from helix_app.bridge.coalescer import EventCoalescer
from helix_app.bridge.models.downloads import Downloads
from helix_app.bridge.worker import EngineWorker, Job, Task, TaskWorker, Work, thread_for
from helix_app.engine.host.client import cancelled_result
from helix_app.protocol.events import CompareDone, EngineClient, Event, Failed, Forgotten
from helix_app.protocol.intake import Joining
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.models.loading import DevicesFound, ModelReady, Unloaded
from helix_app.protocol.requests import (
    CatalogItem,
    CompareRequest,
    DevicesRequest,
    GenerateRequest,
    LoadChoice,
    LoadRequest,
    UnloadRequest,
)

log = logging.getLogger(__name__)

STOP_MS = 3000  # how long shutdown waits for a worker before it closes the client under it


@dataclass(frozen=True)
class Hub:
    """What the controller needs of the hub. Each is called on a worker thread.

    Attributes:
        resolve: names to paths. Raises HelixError.
        download: bring a model to this computer; ends with DownloadDone or DownloadFailed.
        catalog: the models to choose from, given the names and paths that were loaded before.
        forget: wipe what was learnt from replies; the number of tables. Raises HelixError.
    """

    resolve: Callable[[LoadChoice], LoadRequest]
    download: Callable[[str, threading.Event], Iterator[Event]]
    catalog: Callable[[Sequence[str]], tuple[CatalogItem, ...]]
    forget: Callable[[], int]


class SessionController(QObject):
    """One engine, its downloads and its catalog, for one window.

    The engine does one job at a time, and replies that come while one is written are written beside it. A load (or
    unload) cancels what runs and is done next; of several waiting the last one wins. A reply is refused while the
    engine does anything else.

    Attributes:
        threads: of the engine, of the catalog and what was learnt, and of downloads.
        tap: is given each event of the engine first, on whichever thread it comes; those it says True of are not told.

    Signals:
        events(list): what happened, in order, at most about thirty times a second. When a result
            arrives (ModelReady, Unloaded, Finished, Failed), the engine takes the next reply.
        busy_changed(bool): the engine took up work, or has none left.
    """

    events = Signal(list)
    busy_changed = Signal(bool)
    _start_asked = Signal()
    _job_asked = Signal(object)
    _catalog_asked = Signal(object)

    def __init__(
        self, client: EngineClient, hub: Hub, *, stop_ms: int = STOP_MS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._hub = hub
        self._stop_ms = stop_ms
        self._job: Job | None = None
        self._next: Work | None = None
        # replies that could not join: what they were to join was over just then, or is no reply
        self._replies: list[Joining] = []
        self._busy = False
        self._devices_wanted = False
        self._reserved = ""  # why nothing may begin
        self._opened: list[str] = []
        self._stopped: bool | None = None
        self.tap: Callable[[Event], bool] = lambda _event: False

        self._coalescer = EventCoalescer(parent=self)
        self._coalescer.events_ready.connect(self.events)
        self._engine_worker = EngineWorker(client, hub.resolve, self._take)
        self._downloads = Downloads(hub.download, self._coalescer.put, self._show, self)
        self._catalog_worker = TaskWorker(self._coalescer.put)
        self.threads = (
            thread_for(self._engine_worker, "helix-engine"),
            thread_for(self._catalog_worker, "helix-catalog"),
            *(thread_for(worker, "helix-downloads") for worker in self._downloads.workers),
        )

        self._start_asked.connect(self._engine_worker.start_engine)
        self._job_asked.connect(self._engine_worker.run)
        self._catalog_asked.connect(self._catalog_worker.run)
        self._engine_worker.done.connect(self._on_job_done)
        self._downloads.arrived.connect(self.refresh_catalog)

    @property
    def busy(self) -> bool:
        """Whether the engine has work that somebody waits for."""
        return (
            self._next is not None
            or bool(self._replies)
            or not (self._job is None or isinstance(self._job.work, DevicesRequest))
        )

    def start(self) -> None:
        """Start the threads, let the engine get ready and list the models. Returns at once."""
        for thread in self.threads:
            thread.start()
        self._start_asked.emit()
        self.refresh_catalog()

    def post(self, event: Event) -> None:
        """Show an event that comes from elsewhere, such as an error nobody caught. Thread-safe."""
        self._coalescer.put(event)

    # -------------------------------------------------------------------- the engine

    @Slot(object)
    def generate(self, request: GenerateRequest) -> None:
        """Write a reply, beside others if there are any; ``Failed("engine_busy")`` while the engine has other work."""
        self.write(Joining(request))

    def write(self, joining: Joining) -> None:
        """The same for a reply with an event of its own that ends it."""
        request = joining.request
        if self._reserved:
            self._show(Failed(self._reserved, request_id=request.request_id))
        elif self._job is None:
            self._begin(request, joining.cancel)
            self._announce()
        elif self._next is None and isinstance(self._job.work, GenerateRequest):
            if not self._job.others.put(joining):
                self._replies.append(joining)
        elif self._next is None and isinstance(self._job.work, DevicesRequest):
            self._job.cancel.set()
            self._replies.append(joining)
            self._announce()
        else:
            comparing = isinstance(self._job.work, CompareRequest)
            self._show(Failed("compare_running" if comparing else "engine_busy", request_id=request.request_id))

    @Slot(object)
    def compare(self, request: CompareRequest) -> None:
        """Write the same reply with two arms (``bridge/compare.py``); refused while the engine has other work."""
        if self._reserved:
            self._show(CompareDone(request.request_id, "failed", failed=Failed(self._reserved)))
        elif self._job is None:
            self._begin(request)
            self._announce()
        elif not self.busy:
            self._job.cancel.set()  # a search for devices
            self._next = request
            self._announce()
        else:
            writing = isinstance(self._job.work, GenerateRequest)
            failed = Failed("compare_reply_running" if writing else "compare_engine_busy")
            self._show(CompareDone(request.request_id, "failed", failed=failed))

    @Slot(str)
    def cancel_reply(self, request_id: str) -> None:
        """Stop one reply, being written or waiting; others go on."""
        self._drop_replies(request_id)
        if self._job is not None and isinstance(self._job.work, GenerateRequest):
            if self._job.work.request_id == request_id:
                self._job.cancel.set()
            self._job.others.cancel(request_id)

    @Slot()
    def cancel(self) -> None:
        """Stop what the engine does now and drop replies that wait for it. Stopping a load drops a load, too."""
        waited = bool(self._replies)
        self._drop_replies()
        if self._reserved and self._next is not None:
            self._wait_with(UnloadRequest())
            self._show(Unloaded())
        elif self._job is not None and isinstance(self._job.work, DevicesRequest):
            if self._next is not None:
                self._wait_with(None if isinstance(self._next, CompareRequest) else UnloadRequest())
            if self._next is not None or waited:
                self._announce()
        elif self._job is not None and isinstance(self._job.work, CompareRequest):
            self._job.cancel.set()  # a load that waits goes on: it can be stopped by itself
        elif self._job is not None and isinstance(self._job.work, GenerateRequest) and self._next is not None:
            self._wait_with(None)  # a load that waits for the end of replies
            self._show(Failed("load_cancelled", kept=True))
            self._announce()
        elif self._job is not None:
            self._job.stop()
            if not isinstance(self._job.work, GenerateRequest):
                self._wait_with(None)
                self._job.superseded.clear()  # nothing takes its place any more: its end is news

    @Slot(object)
    def load(self, choice: LoadChoice) -> None:
        """Load a model as soon as what runs has stopped."""
        self._take_over(choice)

    @Slot()
    def unload(self) -> None:
        """Free the models as soon as what runs has stopped."""
        self._take_over(UnloadRequest())

    @Slot()
    def look_for_devices(self) -> None:
        """List the devices (``DevicesFound``) once the engine has nothing else to do. Whatever else is asked for
        goes first: it ends the search, which then begins anew. Without an answer nothing is said."""
        self._devices_wanted = True
        self._begin_idle()

    def reserve(self, reason: str) -> bool:
        """Keep the engine idle until ``release``, for whoever measures something beside it; False while it has work.

        Replies and comparisons are refused meanwhile with the code ``reason``; a load waits for the release.
        """
        if self.busy or self._reserved or self._stopped is not None:
            return False
        self._reserved = reason
        if self._job is not None:
            self._job.cancel.set()  # a search for devices, which begins anew later
        return True

    def release(self) -> None:
        """Let the engine work again."""
        self._reserved = ""
        following, self._next = self._next, None
        if self._job is not None:
            self._next = following
        elif following is not None:
            self._begin(following)
        else:
            self._begin_idle()

    def _begin_idle(self) -> None:
        if self._devices_wanted and self._job is None and not self._reserved:
            self._begin(DevicesRequest())

    def _drop_replies(self, request_id: str = "") -> None:
        """A reply that waits, or every one, is over before it began."""
        dropped = [joining.request for joining in self._replies if request_id in ("", joining.request.request_id)]
        self._replies = [joining for joining in self._replies if joining.request not in dropped]
        for request in dropped:
            self._show(cancelled_result(request))

    def _take_over(self, work: LoadChoice | UnloadRequest) -> None:
        if self._reserved:
            self._wait_with(work)
            self._announce()
            return
        if self._job is None:
            self._begin(work)
            self._announce()
            return
        self._wait_with(work)
        self._drop_replies()
        if not isinstance(self._job.work, GenerateRequest):
            self._job.superseded.set()
        self._job.stop()
        self._announce()

    def _wait_with(self, work: Work | None) -> None:
        """Put ``work`` in the place of what waits; a comparison that waited is over before it began."""
        dropped, self._next = self._next, work
        if isinstance(dropped, CompareRequest):
            self._show(CompareDone(dropped.request_id, "cancelled"))

    def _begin(self, work: Work, cancel: threading.Event | None = None) -> None:
        if self._stopped is None:
            self._job = Job(work, cancel or threading.Event())
            self._job_asked.emit(self._job)

    def _begin_replies(self) -> None:
        """Write the replies that wait, together."""
        (first, *others), self._replies = self._replies, []
        self._begin(first.request, first.cancel)
        for joining in others:
            if self._job is not None:
                self._job.others.put(joining)

    @Slot(object, object)
    def _on_job_done(self, job: Job, result: Event | None) -> None:
        if job is not self._job:
            return
        self._job = None
        following = None
        if not self._reserved:
            following, self._next = self._next, None
        if isinstance(job.work, DevicesRequest):
            found = isinstance(result, DevicesFound) and bool(result.devices)
            self._devices_wanted = job.cancel.is_set() and not found
            result = result if found else None
        if following is not None:
            self._begin(following)
        elif self._replies:
            self._begin_replies()
        else:
            self._begin_idle()
        if isinstance(job.work, LoadChoice) and isinstance(result, ModelReady):
            self._remember(job.work)
        if result is not None:
            self._show(result)
        self._announce()

    def _take(self, event: Event) -> None:
        """An event of the engine, on its thread."""
        if not self.tap(event):
            self._coalescer.put_paced(event)

    def _show(self, event: Event) -> None:
        if not self.tap(event):
            self._coalescer.put(event)
            self._coalescer.flush()

    def _announce(self) -> None:
        if self._busy != self.busy:
            self._busy = self.busy
            self.busy_changed.emit(self._busy)

    # --------------------------------------------------------- downloads and catalog

    @Slot(str)
    def download(self, model_id: str) -> None:
        """Download a model, beside a few others or after them. Asking twice changes nothing."""
        if self._stopped is None:
            self._downloads.add(model_id)

    @Slot(str)
    def cancel_download(self, model_id: str) -> None:
        """Stop a download; what has arrived is kept for the next attempt."""
        self._downloads.cancel(model_id)

    @Slot()
    def refresh_catalog(self) -> None:
        """Look again which models are here."""
        opened = tuple(self._opened)
        self._catalog_asked.emit(Task(lambda: iter((CatalogChanged(self._hub.catalog(opened)),))))

    @Slot()
    def forget(self) -> None:
        """Wipe what was learnt from replies; ``Forgotten`` says how it went."""
        self._catalog_asked.emit(
            Task(lambda: iter((Forgotten(self._hub.forget()),)), lambda failed: Forgotten(0, failed))
        )

    def _remember(self, choice: LoadChoice) -> None:
        new = [name for name in (choice.target, choice.draft) if name not in self._opened]
        if new:
            self._opened += new
            self.refresh_catalog()

    # ----------------------------------------------------------------------- the end

    @Slot()
    def shutdown(self) -> bool:
        """Stop everything and deliver the last events. Returns False when a thread would not end in time.

        Cancel, quit, wait; a worker that does not come back is freed by closing its client. Downloads
        keep what has arrived.
        """
        if self._stopped is not None:
            return self._stopped
        self._stopped = False
        self._wait_with(None)
        self._coalescer.unpace()
        self._drop_replies()
        self._downloads.stop()
        if self._job is not None:
            self._job.stop()
        for thread in self.threads:
            thread.quit()
        engine_thread = self.threads[0]
        engine_thread.wait(self._stop_ms)
        self._client.close()
        stuck = [thread.objectName() for thread in self.threads if not thread.wait(self._stop_ms)]
        if stuck:
            log.error("still running after shutdown: %s", ", ".join(stuck))
        QCoreApplication.sendPostedEvents(self)  # the result of the job that was stopped
        self._coalescer.flush()
        self._stopped = not stuck
        return self._stopped
