"""Errors that nobody caught: logged with their traceback, and told once each."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from helix_app.base.process.crashes import Crash, Session
from helix_app.protocol.faults import Fault

log = logging.getLogger(__name__)


class FaultReporter(QObject):
    """Turns uncaught exceptions of any thread into faults, which a person is told.

    An error raised again at the same lines is the same error: it is logged in one line and not told again, so that a
    fault in a handler that runs thirty times a second fills neither screen nor disk.

    Signals:
        happened: a Fault, on whichever thread it was; connect it with a queued connection, for the handler that failed
            has not returned yet.
    """

    happened = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: set[str] = set()

    def install(self) -> None:
        """Become the hook of the interpreter and of its threads."""
        sys.excepthook = self.report
        threading.excepthook = self._on_thread_fault
        sys.unraisablehook = self._on_unraisable

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the error and tell it if it is new. Never raises."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        lines = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace))
        known = "|".join([kind.__name__, *lines])
        if known in self._known:
            log.error("again: %s", kind.__name__)
            return
        self._known.add(known)
        log.critical("uncaught error", exc_info=(kind, error, trace))
        text = "".join(traceback.format_exception(kind, error, trace))
        try:
            self.happened.emit(Fault("window", known, text))
        except RuntimeError:  # the window is gone
            log.info("nobody is there to be told")

    def tell(self, crash: Crash) -> None:
        """Tell of a window of before."""
        log.warning("did not end properly: %s %s", crash.began, crash.cause)
        self.happened.emit(Fault("before", crash.began, crash.trace, crash.cause))

    def _on_thread_fault(self, fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is not None:
            self.report(fault.exc_type, fault.exc_value, fault.exc_traceback)

    def _on_unraisable(self, fault: Any) -> None:
        """What went wrong while an object was cleared away stops nothing: the log is enough."""
        log.error("%s", fault.err_msg or "an error while an object was cleared away", exc_info=fault.exc_value)


@contextmanager
def watching(parent: QObject, tell: Callable[[Fault], None], *, asks_before: bool) -> Iterator[FaultReporter]:
    """Faults of this process are told within, and with ``asks_before`` also that a window of before crashed.

    Args:
        tell: is given each Fault, on the thread of its own object.
    """
    reporter, session = FaultReporter(parent), Session()
    reporter.happened.connect(tell, Qt.ConnectionType.QueuedConnection)
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    reporter.install()
    try:
        for crash in session.begin() if asks_before else ():
            reporter.tell(crash)
        yield reporter
    finally:
        session.end()
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
