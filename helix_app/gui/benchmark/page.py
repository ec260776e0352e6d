"""The benchmark page: set up, run, read, compare, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from helix_app.gui.benchmark.history import History, when
from helix_app.gui.benchmark.progress import ProgressStrip
from helix_app.gui.benchmark.result import ChangeSheet, ResultSheet
from helix_app.gui.benchmark.setup import Setup
from helix_app.gui.compare import arms
from helix_app.gui.kit.controls.notices import ErrorBox, NoticeBar
from helix_app.gui.kit.open_dialogs import ask_export
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import bench_views as bench, events
from helix_app.protocol.bench import BenchProgressed

SIDES = (248, 320)  # width of the list in a narrow and in a wide window
NARROW = 1040  # a page that is narrower has the narrow list


class BenchmarkPage(QWidget):
    """One benchmark at a time; those that were run stay in the list.

    Attributes:
        setup: what is measured next.
        result, change: a run, and two of them side by side.
        history: the list.
        progress: how far the one that runs is.
        error, notices: what went wrong; what is good to know.
        ask_path: asks a person where to; empty when they changed their mind.
        running: whether one runs.

    Signals:
        asked: a BenchAsked, for the bridge.
    """

    asked = Signal(object)

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self.ask_path: Callable[[QWidget, str], str] = ask_export
        self.running = False
        self._listed = False
        self._models: set[str] = set()  # those that the benchmark loads
        self._wanted: tuple[int, ...] = ()  # the runs that are to be shown
        self.setup = Setup(theme, state)
        self.setup.run_requested.connect(self.run)
        self.result = ResultSheet(theme)
        self.result.export_requested.connect(self.on_export_requested)
        self.change = ChangeSheet(theme)
        self.history = History(theme)
        self.history.new_requested.connect(self.show_setup)
        self.history.opened.connect(self.on_opened_by_person)
        self.history.compare_requested.connect(self.on_compare_requested)
        self.history.delete_requested.connect(self.on_delete_requested)
        self.progress = ProgressStrip(theme)
        self.progress.stop_requested.connect(lambda: self.asked.emit(bench.BenchCancel()))
        self.error = ErrorBox(theme)
        self.error.dismissed.connect(self.error.hide)
        self.error.hide()
        self.notices = NoticeBar(theme)
        self._stack = QStackedWidget()
        for part in (self.setup, self.result, self.change):
            self._stack.addWidget(part)
        self._margin = QWidget()
        room = QVBoxLayout(self._margin)
        room.setContentsMargins(24, 8, 24, 0)
        room.addWidget(self.error)
        self._margin.hide()
        main = QVBoxLayout()
        main.setContentsMargins(0, 0, 0, 0)
        main.setSpacing(0)
        main.addWidget(self.progress)
        main.addWidget(self._margin)
        main.addWidget(self.notices)
        main.addWidget(self._stack, 1)
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedWidth(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.history)
        row.addWidget(line)
        row.addLayout(main, 1)
        self.error.dismissed.connect(self._margin.hide)

    # ------------------------------------------------------------------ state

    @property
    def shown(self) -> QWidget | None:
        """The set-up, the result or the comparison."""
        return self._stack.currentWidget()

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            events.Finished: self.on_finished,
            BenchProgressed: self.progress.on_progressed,
            bench.BenchEnded: self.on_ended,
            bench.BenchListed: self.on_listed,
            bench.BenchOpened: self.on_opened,
            bench.BenchCompared: self.on_compared,
            bench.BenchExported: self.on_exported,
            bench.BenchFailed: lambda event: self.show_failure(event.failed),
        }

    # ------------------------------------------------------------------ what the person does

    def run(self) -> None:
        """Measure what is set up."""
        if self.running:
            return
        self.hide_failure()
        self.notices.clear()
        refused = self._state.refusal("bench_reply_running")
        if refused:
            self.show_failure(events.Failed(refused))
            return
        request = self.setup.request()
        self._models = arms.with_drafts({request.target, request.draft}, self._state.items)
        self._set_running(True)
        self.asked.emit(request)

    def show_setup(self) -> None:
        """Set up another benchmark."""
        self._wanted = ()
        self.history.select()
        self.hide_failure()
        self._stack.setCurrentWidget(self.setup)

    def on_opened_by_person(self, run_id: int) -> None:
        """A run was selected."""
        self._wanted = (run_id,)
        self.hide_failure()
        if self.shown is not self.result or self.result.view is None or self.result.view.entry.id != run_id:
            self.asked.emit(bench.BenchOpen(run_id))

    def on_compare_requested(self, a: int, b: int) -> None:
        """Two runs are to be set side by side."""
        self._wanted = (a, b)
        self.asked.emit(bench.BenchCompare(a, b))

    def on_export_requested(self, entry: bench.BenchEntry, code: bench.ExportFormat) -> None:
        """Ask where to, and export."""
        path = self.ask_path(self, f"benchmark-{entry.created[:10]}.{code}")
        if path:
            path = path if Path(path).suffix else f"{path}.{code}"
            self.asked.emit(bench.BenchExport(entry.id, code, path))

    def on_delete_requested(self, entry: bench.BenchEntry) -> None:
        """Ask, and delete."""
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Delete a benchmark"))
        box.setText(
            self.tr("Delete the benchmark of {model} from {when}?").format(
                model=entry.title.partition(" · ")[0], when=when(entry.created)
            )
        )
        box.setInformativeText(self.tr("It cannot be brought back. Export it first if you want to keep its figures."))
        delete = box.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        delete.clicked.connect(lambda: self.asked.emit(bench.BenchDelete(entry.id)))
        box.open()

    # ------------------------------------------------------------------ news

    def on_finished(self, event: events.Finished) -> None:
        """A reply of the chat tells how fast its model decodes plainly by itself."""
        self.setup.note_speed(event.plain_alone)

    def on_ended(self, event: bench.BenchEnded) -> None:
        """The benchmark is over, or was refused."""
        self._set_running(False)
        if event.failed is not None:
            self.show_failure(event.failed)
        elif event.view is None:
            self.notices.add(events.Notice("bench_stopped"))
        if event.view is not None and self.shown is self.setup:  # who reads something else is not disturbed
            self.show_view(event.view)

    def on_listed(self, event: bench.BenchListed) -> None:
        """The list changed."""
        self.setup.set_entries(event.entries)
        self.history.show_entries(event.entries)
        there = {entry.id for entry in event.entries}
        if self.shown is self.result and self.result.view is not None:
            run = self.result.view.entry.id
            if run not in there:
                self.show_setup()
            elif not self.history.selected():
                self.history.select(run)
        elif self.shown is self.change and not {*self._wanted} <= there:
            self.show_setup()

    def on_opened(self, event: bench.BenchOpened) -> None:
        """A run was read; shown unless the person went elsewhere meanwhile."""
        if self._wanted == (event.view.entry.id,):
            self.show_view(event.view)

    def show_view(self, view: bench.BenchView) -> None:
        """Show a run."""
        self._wanted = (view.entry.id,)
        self.result.show_view(view)
        self._stack.setCurrentWidget(self.result)

    def on_compared(self, event: bench.BenchCompared) -> None:
        """Two runs were compared; shown unless the person went elsewhere meanwhile."""
        if self._wanted != (event.change.a.id, event.change.b.id):
            return
        self.hide_failure()
        self.change.show_change(event.change)
        self._stack.setCurrentWidget(self.change)

    def on_exported(self, event: bench.BenchExported) -> None:
        """A file was written."""
        self.hide_failure()
        self.notices.clear()
        self.notices.add(events.Notice("bench_exported", (("file", event.path),)))

    def show_failure(self, failed: events.Failed) -> None:
        """Say what went wrong."""
        self.error.show_failure(failed)
        self._margin.show()

    def hide_failure(self) -> None:
        """Take it away."""
        self.error.hide()
        self._margin.hide()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._listed:
            self._listed = True
            self.asked.emit(bench.BenchList())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.history.setFixedWidth(SIDES[self.width() >= NARROW])

    def _set_running(self, running: bool) -> None:
        if running:
            self.progress.begin()
        else:
            self.progress.hide()
        if self.running != running:
            self.running = running
            self.setup.set_running(running)
            if running:
                self._state.begin("benchmark", self._models)
            else:
                self._state.end("benchmark")
