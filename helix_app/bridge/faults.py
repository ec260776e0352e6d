"""Errors that nobody caught: logged with their traceback, and shown once each."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from helix_app.base.process import logs
from helix_app.protocol.events import Event, Failed

log = logging.getLogger(__name__)


class FaultReporter:
    """Turns uncaught exceptions of any thread into ``Failed("internal")`` events.

    An error raised again at the same lines is the same error: it is logged in one line and not shown
    again, so that a fault in a handler that runs thirty times a second fills neither screen nor disk.
    """

    def __init__(self, post: Callable[[Event], None]) -> None:
        """``post`` shows an event and must be thread-safe."""
        self._post = post
        self._known: set[tuple[object, ...]] = set()

    def install(self) -> None:
        """Become the hook of the interpreter and of its threads."""
        sys.excepthook = self.report
        threading.excepthook = self._on_thread_fault

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the error and show it if it is new. Never raises."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        lines = tuple((frame.filename, frame.lineno) for frame in traceback.extract_tb(trace))
        if (kind, lines) in self._known:
            log.error("again: %s: %s", kind.__name__, error)
            return
        self._known.add((kind, lines))
        log.critical("uncaught error", exc_info=(kind, error, trace))
        text = "".join(traceback.format_exception(kind, error, trace))
        self._post(Failed("internal", text, (("log", str(logs.log_file())),)))

    def _on_thread_fault(self, fault: threading.ExceptHookArgs) -> None:
        if fault.exc_value is not None:
            self.report(fault.exc_type, fault.exc_value, fault.exc_traceback)
