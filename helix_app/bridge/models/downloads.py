"""Models brought to this computer, a few at once, each on a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.bridge.worker import Sink, Task, TaskWorker
from helix_app.protocol.events import Event
from helix_app.protocol.models.hub import DownloadFailed, DownloadProgress

AT_ONCE = 3


@dataclass(eq=False)
class _Download:
    model_id: str
    cancel: threading.Event = field(default_factory=threading.Event)
    task: Task | None = None  # once it runs


class Downloads(QObject):
    """The downloads of a window.

    Attributes:
        workers: what does them; each to be moved to a thread.

    Signals:
        arrived: a download is over, however it ended.
    """

    arrived = Signal()

    def __init__(
        self,
        fetch: Callable[[str, threading.Event], Iterator[Event]],
        sink: Sink,
        show: Sink,
        parent: QObject | None = None,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        """
        Args:
            fetch: bring a model to this computer, on a worker's thread; ends with DownloadDone or DownloadFailed.
            sink: takes its events, from that thread.
            show: takes events of this one.
            at_once: how many run beside each other; others wait.
        """
        super().__init__(parent)
        self._fetch, self._show = fetch, show
        self._waiting: deque[_Download] = deque()
        self._lanes = tuple(_Lane(TaskWorker(sink), self) for _ in range(at_once))
        self.workers = tuple(lane.worker for lane in self._lanes)
        for lane in self._lanes:
            lane.worker.done.connect(self._on_done)

    def add(self, model_id: str) -> None:
        """Download a model, after those asked for before. Asking twice changes nothing."""
        if self._find(model_id) is not None:
            return
        self._waiting.append(_Download(model_id))
        self._show(DownloadProgress(model_id, "connect", 0, 0))
        self._begin()

    def cancel(self, model_id: str) -> None:
        """Stop a download; what has arrived is kept for the next attempt."""
        download = self._find(model_id)
        if download is None:
            return
        download.cancel.set()
        if download in self._waiting:
            self._waiting.remove(download)
            self._show(DownloadFailed(model_id, "download_cancelled", fields=(("name", model_id),)))

    def stop(self) -> None:
        """Stop all of them."""
        self._waiting.clear()
        for lane in self._lanes:
            if lane.running is not None:
                lane.running.cancel.set()

    def _find(self, model_id: str) -> _Download | None:
        running = (lane.running for lane in self._lanes if lane.running is not None)
        return next((d for d in (*running, *self._waiting) if d.model_id == model_id), None)

    def _begin(self) -> None:
        for lane in self._lanes:
            if lane.running is None and self._waiting:
                lane.begin(self._waiting.popleft(), self._fetch)

    @Slot(object)
    def _on_done(self, task: Task) -> None:
        for lane in self._lanes:
            if lane.running is not None and lane.running.task is task:
                lane.running = None
        self.arrived.emit()
        self._begin()


class _Lane(QObject):
    """A worker, and the download that it does.

    Signals:
        asked: a Task for the worker, on its thread.
    """

    asked = Signal(object)

    def __init__(self, worker: TaskWorker, parent: QObject) -> None:
        super().__init__(parent)
        self.worker = worker
        self.running: _Download | None = None
        self.asked.connect(worker.run)

    def begin(self, download: _Download, fetch: Callable[[str, threading.Event], Iterator[Event]]) -> None:
        """Let the worker do this one."""
        download.task = Task(
            lambda: fetch(download.model_id, download.cancel),
            lambda failed: DownloadFailed(download.model_id, failed.code, failed.detail, failed.fields),
        )
        self.running = download
        self.asked.emit(download.task)
