"""Run files are read and written on a thread of their own: a long run is shown as it comes, and nothing stalls."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.bridge.worker import OwnThread
from helix_app.engine.host.client import failure
from helix_app.protocol.events import Failed
from helix_app.runs import run as runs

BATCH = 100  # items that are handed over at a time: with the first painting of a page 80 ms, where 200 took 115
EVERY, BREATH = 16, 0.0005  # after so many items, seconds in which the window's thread has the interpreter for itself


@dataclass(frozen=True, eq=False)
class _Work:
    """A file to read, or with ``items`` to write."""

    path: Path
    items: tuple[runs.RunItem, ...] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)


class _Worker(QObject):
    """Signals: batch(_Work, list of RunItem), done(_Work), failed(_Work, Failed)."""

    batch = Signal(object, list)
    done = Signal(object)
    failed = Signal(object, object)

    @Slot(object)
    def run(self, work: _Work) -> None:
        """Read or write. Never raises."""
        try:
            if work.items is not None:
                runs.save(work.items, work.path)
            else:
                self._read(work)
        except Exception as error:
            self.failed.emit(work, failure(error))
        else:
            self.done.emit(work)

    def _read(self, work: _Work) -> None:
        batch: list[runs.RunItem] = []
        for item in runs.read(work.path):
            if work.cancel.is_set():
                return
            batch.append(item)
            if len(batch) == BATCH:
                self.batch.emit(work, batch)
                batch = []
            if len(batch) % EVERY == 0:
                time.sleep(BREATH)
        if batch:
            self.batch.emit(work, batch)


class RunFiles(OwnThread):
    """Opens and saves runs for a window. Opening another file gives up the one that is being read.

    Signals:
        begun: a file is being read; its path.
        batch: the next items of it, a list of RunItem.
        opened: all of it is there; its path.
        saved: a run is in the file of this path.
        failed: (path, Failed); what was handed over of it is to be dropped.
    """

    begun = Signal(str)
    batch = Signal(list)
    opened = Signal(str)
    saved = Signal(str)
    failed = Signal(str, object)
    _asked = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        worker = _Worker()
        super().__init__(worker, "helix-run-files", parent)
        self._worker = worker
        self._reading: _Work | None = None
        self._asked.connect(self._worker.run)
        self._worker.batch.connect(self._on_batch)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)

    @Slot(str)
    def open(self, path: str) -> None:
        """Read a file."""
        self._give_up()
        self._reading = _Work(Path(path))
        self.begun.emit(path)
        self._ask(self._reading)

    @Slot(str, object)
    def save(self, path: str, run: runs.Run) -> None:
        """Write a run as it is now."""
        self._ask(_Work(Path(path), tuple(run.items)))

    @Slot()
    def shutdown(self) -> None:
        """End the thread once what is being written is written. May be called twice."""
        self._give_up()
        super().shutdown()

    def _ask(self, work: _Work) -> None:
        if self._begin():
            self._asked.emit(work)

    def _give_up(self) -> None:
        if self._reading is not None:
            self._reading.cancel.set()
            self._reading = None

    @Slot(object, list)
    def _on_batch(self, work: _Work, items: list[runs.RunItem]) -> None:
        if work is self._reading:
            self.batch.emit(items)

    @Slot(object)
    def _on_done(self, work: _Work) -> None:
        if work.items is not None:
            self.saved.emit(str(work.path))
        elif work is self._reading:
            self._reading = None
            self.opened.emit(str(work.path))

    @Slot(object, object)
    def _on_failed(self, work: _Work, failed: Failed) -> None:
        if work is self._reading:
            self._reading = None
        elif work.items is None:
            return
        self.failed.emit(str(work.path), failed)
