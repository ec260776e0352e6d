"""What a window wants to know of this computer and of newer versions is found out on threads of its own."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from helix_app.base import settings
from helix_app.base.redacted import without_person, without_texts
from helix_app.engine.machine import jobs
from helix_app.engine.machine.hardware import cpu_name, system_cards
from helix_app.engine.machine.memory import total_memory
from helix_app.protocol.inquiries import (
    Answer,
    Inquiry,
    MachineAsked,
    MachineMeasured,
    RedactAsked,
    Redacted,
    ReportAsked,
    ReportMade,
    UpdateAsked,
    UpdateKnown,
)

log = logging.getLogger(__name__)
HOUR_MS = 3_600_000  # between two looks at whether the releases page is to be asked
_MEASURE_SECONDS = 30.0
_STOP_SECONDS = 3.0  # that the end of the program waits for what was asked
_REPORT_FAILED = "This computer could not be looked at; the log file says why."

Find = Callable[[Any, threading.Event], Answer]


def measure(asked: MachineAsked, cancel: threading.Event) -> MachineMeasured:
    """What this computer has; memory is read in a process of its own, for some tenths of a second."""
    rates: dict[str, Any] = {}
    try:
        rates = jobs.run("bandwidth", asked.device, seconds=_MEASURE_SECONDS, cancel=cancel)
    except jobs.JobError as exc:
        log.info("memory of %s is not measured: %s", asked.device, exc)
    try:
        cards = tuple((card.name or card.vendor, card.memory_bytes) for card in system_cards())
    except Exception:  # whatever a system says of its cards, the rest is known
        log.exception("the cards of this computer cannot be told")
        cards = ()
    return MachineMeasured(asked.device, total_memory(), cpu_name(), os.cpu_count() or 1, cards, **rates)


def make_report(_asked: ReportAsked, cancel: threading.Event) -> Answer:
    """This computer and the last lines of the logs; a report that fails itself still is one."""
    from helix_app.doctor.fault_report import fault_report

    try:
        return ReportMade(fault_report(cancel))
    except Exception:  # something is wrong here, or there would be no report
        log.exception("no report of this computer")
        return ReportMade(_REPORT_FAILED)


def redact(asked: RedactAsked, _cancel: threading.Event) -> Answer:
    """The lines of a report without what is private; long conversations take a second."""
    kept = without_texts(map(without_person, asked.lines), asked.texts)
    return Redacted(asked.number, "\n".join(kept) + "\n")


def look_for_update(_asked: UpdateAsked, cancel: threading.Event) -> Answer:
    """Whether there is a newer version."""
    if not settings.load().updates:
        return UpdateKnown("off")
    from helix_app.hub.updates import look  # which imports what asks over the network

    return look(cancel)


FINDERS: Mapping[type, Find] = {
    ReportAsked: make_report,
    RedactAsked: redact,
    MachineAsked: measure,
    UpdateAsked: look_for_update,
}


class Inquiries(QObject):
    """Finds out one thing of a kind at a time; asked the same meanwhile, it goes on.

    Signals:
        news: a list with the answer.
    """

    news = Signal(list)
    _told = Signal(object, object)

    def __init__(self, finders: Mapping[type, Find] = FINDERS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._finders = finders
        self._cancel = threading.Event()
        self._asked: dict[Inquiry, threading.Thread] = {}
        self._told.connect(self._on_told)
        self._timer = QTimer(self)
        self._timer.setInterval(HOUR_MS)
        self._timer.timeout.connect(self.look_for_updates)

    @Slot()
    def start(self) -> None:
        """Look for a newer version now and whenever that is due, where the settings want it."""
        self._timer.start()
        self.look_for_updates()

    @Slot()
    def look_for_updates(self) -> None:
        """Whether there is a newer version: off, due or known already is decided where it is found out."""
        self.ask(UpdateAsked())

    @Slot(object)
    def ask(self, asked: Inquiry) -> None:
        """Find something out."""
        if asked in self._asked or self._cancel.is_set():
            return
        self._asked[asked] = threading.Thread(target=self._run, args=(asked,), name="helix-inquiry", daemon=True)
        self._asked[asked].start()

    @Slot()
    def shutdown(self) -> None:
        """Give up, and wait until the processes that were started for it have ended. May be called twice."""
        self._timer.stop()
        if self._cancel.is_set():
            return
        self._cancel.set()
        end = time.monotonic() + _STOP_SECONDS
        for asked, thread in self._asked.items():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                log.warning("left behind: %s", type(asked).__name__)

    def _run(self, asked: Inquiry) -> None:
        answer: Answer | None = None
        try:
            answer = self._finders[type(asked)](asked, self._cancel)
        except Exception:
            log.exception("not found out: %s", asked)
        with suppress(RuntimeError):  # the window is gone just now
            self._told.emit(asked, answer)

    @Slot(object, object)
    def _on_told(self, asked: Inquiry, answer: Answer | None) -> None:
        self._asked.pop(asked, None)
        if answer is not None and not self._cancel.is_set():
            self.news.emit([answer])
