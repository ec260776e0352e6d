"""Models brought to this computer, one after the other, on a thread of their own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.bridge.worker import Sink, Task, TaskWorker
from helix_app.protocol.events import Event
from helix_app.protocol.hub import DownloadFailed, DownloadProgress


@dataclass(eq=False)
class _Download:
    model_id: str
    cancel: threading.Event = field(default_factory=threading.Event)


class Downloads(QObject):
    """The downloads of a window.

    Attributes:
        worker: what does them; to be moved to a thread.

    Signals:
        arrived: a download is over, however it ended.
    """

    arrived = Signal()
    _asked = Signal(object)

    def __init__(
        self,
        fetch: Callable[[str, threading.Event], Iterator[Event]],
        sink: Sink,
        show: Sink,
        parent: QObject | None = None,
    ) -> None:
        """
        Args:
            fetch: bring a model to this computer, on the worker's thread; ends with DownloadDone or DownloadFailed.
            sink: takes its events, from that thread.
            show: takes events of this one.
        """
        super().__init__(parent)
        self._fetch, self._show = fetch, show
        self._running: _Download | None = None
        self._waiting: deque[_Download] = deque()
        self.worker = TaskWorker(sink)
        self._asked.connect(self.worker.run)
        self.worker.done.connect(self._on_done)

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
        if self._running is not None:
            self._running.cancel.set()

    def _find(self, model_id: str) -> _Download | None:
        active = [self._running] if self._running is not None else []
        return next((d for d in (*active, *self._waiting) if d.model_id == model_id), None)

    def _begin(self) -> None:
        if self._running is not None or not self._waiting:
            return
        download = self._running = self._waiting.popleft()
        self._asked.emit(
            Task(
                lambda: self._fetch(download.model_id, download.cancel),
                lambda failed: DownloadFailed(download.model_id, failed.code, failed.detail, failed.fields),
            )
        )

    @Slot(object)
    def _on_done(self, _: Task) -> None:
        self._running = None
        self.arrived.emit()
        self._begin()
