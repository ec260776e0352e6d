"""What is wrong with this computer is looked for on a thread of its own, when a person asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base.language import english
from helix_app.bridge.worker import OwnThread, Task, TaskWorker
from helix_app.protocol.events import CheckupDone, Event

log = logging.getLogger(__name__)
Examine = Callable[[threading.Event], CheckupDone]


def examine(cancel: threading.Event) -> CheckupDone:
    """What is wrong with this computer, as ``doctor`` says it."""
    from helix_app.doctor import report as doctor

    with english():  # for whoever is sent the report
        facts, found = doctor.examine(cancel, log.info)
        return CheckupDone("\n".join(doctor.as_text(facts, found)), len(found))


class Checkups(OwnThread):
    """Looks once at a time; asked while it looks, it goes on.

    Signals:
        news: a list with the CheckupDone.
    """

    news = Signal(list)
    _asked = Signal(object)
    _told = Signal(object)

    def __init__(self, examine: Examine, parent: QObject | None = None) -> None:
        worker = TaskWorker(lambda event: self._told.emit(event))
        super().__init__(worker, "helix-checkup", parent)
        self._worker, self._examine = worker, examine
        self._cancel = threading.Event()
        self._looking = False
        self._asked.connect(self._worker.run)
        self._told.connect(self._on_told)

    @Slot()
    def ask(self) -> None:
        """Look at this computer."""
        if self._looking or not self._begin():
            return
        self._looking = True
        self._asked.emit(Task(lambda: iter((self._examine(self._cancel),)), lambda failed: CheckupDone(failed=failed)))

    @Slot()
    def shutdown(self) -> None:
        """Give up and end the thread. May be called twice."""
        self._cancel.set()
        super().shutdown()

    @Slot(object)
    def _on_told(self, event: Event) -> None:
        self._looking = False
        if not self._over:
            self.news.emit([event])
