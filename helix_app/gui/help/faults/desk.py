"""Faults that nobody expected are told once a kind, and never many at a time."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot, qVersion
from PySide6.QtWidgets import QApplication, QWidget

from helix_app import __version__
from helix_app.base.failures import kind_of
from helix_app.base.process.components import components
from helix_app.base.redacted import bare_trace, without_person
from helix_app.gui.help.diagnostics import Rows
from helix_app.gui.help.faults.dialog import FaultDialog
from helix_app.gui.inspect.desk import RunDesk
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.protocol.events import CompareDone, Failed, Finished, TextDelta
from helix_app.protocol.faults import Fault
from helix_app.protocol.inquiries import RedactAsked, Redacted, ReportAsked, ReportMade
from helix_app.protocol.models.hub import DownloadFailed
from helix_app.protocol.requests import GenerateRequest

MOST_DIALOGS = 3  # in one session; whatever else fails is in the log
WAIT_MS = 20_000  # after which the report is copied with what was found until then
_WHAT = {
    "window": "A fault in the window",
    "engine": "A fault in the engine",
    "before": "The window before did not end properly",
}


class FaultDesk(QObject):
    """Opens a dialog about a new kind of fault; those that come while it is open join it.

    Attributes:
        dialog: the one that is open.

    Signals:
        asked: a ReportAsked, or a RedactAsked: reports are shown once nothing private is left in them.
    """

    asked = Signal(object)

    def __init__(
        self, theme: Theme, window: QWidget, runs: RunDesk, facts: Callable[[], Rows], parent: QObject | None = None
    ) -> None:
        """
        Args:
            facts: what the window shows and runs on, for the report: in English.
        """
        super().__init__(parent)
        self._theme, self._window, self._runs, self._facts = theme, window, runs, facts
        self._known: set[str] = set()
        self._told = 0  # dialogs
        self._faults: list[Fault] = []  # of the open dialog
        self._computer = ""  # what was found out for the report
        self._number = 0  # of the last question about the report's lines
        self._waited = False  # long enough for what is to be found out
        self.dialog: FaultDialog | None = None

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            Failed: self.on_failed,
            DownloadFailed: self.on_failed,
            CompareDone: self.on_compare_done,
            ReportMade: self.on_report_made,
            Redacted: self.on_redacted,
        }

    def on_failed(self, event: Failed | DownloadFailed) -> None:
        """Something failed; what was expected is told elsewhere."""
        if event.code == "internal":
            self.tell(Fault("engine", kind_of(event.detail) or event.detail, event.detail))

    def on_compare_done(self, event: CompareDone) -> None:
        """A comparison is over."""
        if event.failed is not None:
            self.on_failed(event.failed)

    @Slot(object)
    def tell(self, fault: Fault) -> None:
        """Tell of a fault, unless its kind was told before."""
        if fault.kind in self._known:
            return
        self._known.add(fault.kind)
        if self.dialog is not None:
            self._faults.append(fault)
            self.dialog.add_other()
            self._redact()
        elif self._told < MOST_DIALOGS:
            self._told += 1
            self._open(fault)

    def _open(self, fault: Fault) -> None:
        self._faults, self._computer, self._waited = [fault], "", False
        dialog = FaultDialog(self._theme, fault, has_run=bool(self._runs.book.latest), parent=self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._on_closed)
        dialog.save_requested.connect(lambda: self._runs.save(self._runs.book.latest))
        dialog.quit_requested.connect(self._quit)
        self.dialog = dialog
        dialog.open()
        self._redact()
        QTimer.singleShot(WAIT_MS, dialog, self._on_waited)
        self.asked.emit(ReportAsked())

    def on_report_made(self, event: ReportMade) -> None:
        """What is to be known of this computer."""
        self._computer = event.text
        self._redact()

    def on_redacted(self, event: Redacted) -> None:
        """A report that may be shown; one that was asked for again meanwhile is not."""
        if self.dialog is not None and event.number == self._number:
            self.dialog.show_report(event.text, complete=bool(self._computer) or self._waited)

    def _on_waited(self) -> None:
        if not self._computer:
            self._waited = True
            self._redact()

    def _redact(self) -> None:
        if self.dialog is not None:
            self._number += 1
            self.asked.emit(RedactAsked(self._number, tuple(self._lines()), tuple(dict.fromkeys(self._texts()))))

    def _lines(self) -> list[str]:
        """The report: plain text in English."""
        system = f"{platform.system()} {platform.release()}"
        lines = [f"Helix {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {system}"]
        lines.append(", ".join(f"{part.name} {part.version}" for part in components()))
        for fault in self._faults:
            before = fault.origin == "before"
            cause = f": {fault.cause}" if fault.cause else ""
            lines += ["", f"{_WHAT[fault.origin]}{cause}", *([fault.kind] if before else [])]
            lines += (without_person(fault.trace) if before else bare_trace(fault.trace)).splitlines()
        lines += ["", "Window", *(f"  {name}: {text}" for name, text in self._facts())]
        return [*lines, "", *self._computer.splitlines()] if self._computer else lines

    def _texts(self) -> Iterator[str]:
        """What was written in the conversations of this session."""
        for run in self._runs.book.runs():
            written: list[str] = []
            for item in run.items:
                if isinstance(item.event, GenerateRequest):
                    yield from (message.content for message in item.event.messages)
                elif isinstance(item.event, TextDelta):
                    written.append(item.event.text)
                elif isinstance(item.event, Finished):
                    yield item.event.text
            yield "".join(written)

    def _on_closed(self) -> None:
        self.dialog, self._faults = None, []

    def _quit(self) -> None:
        self._window.close()
        QApplication.quit()  # also where closing the window is what fails
