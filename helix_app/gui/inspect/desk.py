"""Runs in the window: recorded, looked into, saved and opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from weakref import WeakValueDictionary

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from helix_app.base.process import heap
from helix_app.gui.chat.origins import Origins
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.inspect.run_book import RunBook
from helix_app.gui.kit.open_dialogs import ask_open, ask_save
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.conversations.chats import RunOpened
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.run import SUFFIX, Run, RunItem
from helix_app.runs.trace import Trace


class RunDesk(QObject):
    """Keeps the book of this session's runs and feeds whoever looks into one.

    A trace is made when somebody asks for it, and grows with its run as long as somebody holds it; while nobody does,
    recording is all that it costs.

    Attributes:
        book: the recorded runs.

    Signals:
        show_requested: bring the page into sight.
        open_requested: read the run file of this path.
        save_requested: (path, Run) to write.
        available_changed: there is a run to look into now, or none any more.
        told: something to say for a moment.
        completed: (request id, what ``KeepRun`` holds) of a reply that came to its end, all of it recorded.
        wanted: id of a reply whose run is kept elsewhere and is asked for.
    """

    show_requested = Signal()
    open_requested = Signal(str)
    save_requested = Signal(str, object)
    available_changed = Signal(bool)
    told = Signal(str)
    completed = Signal(str, object)
    wanted = Signal(str)

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._window = theme, window
        self.book = RunBook(parent=self)
        self._traces: WeakValueDictionary[str, Trace] = WeakValueDictionary()
        self._shown = ""  # request id on the page; empty: none, or a file
        self._opened: Run | None = None
        self.is_kept: Callable[[str], bool] = lambda _request_id: False  # whether a run is kept elsewhere
        self._waiting: dict[str, list[Callable[[], None]]] = {}  # what is to be done once a run is here
        self._fetched: set[str] = set()  # ids of runs that came from there: as long as they are kept there, they count
        self._chosen = False  # a person asked for what is shown: a new reply does not take its place
        self.book.recorded.connect(self.on_recorded)

    @cached_property
    def page(self) -> InspectPage:
        """The page that shows a run; it is made now if it was not wanted before."""
        page = InspectPage(self._theme)
        page.open_requested.connect(self.ask_and_open)
        page.save_requested.connect(self.save_shown)
        page.shown.connect(self.on_page_shown)
        return page

    @property
    def in_sight(self) -> bool:
        """Whether the page is made and shown."""
        return "page" in self.__dict__ and self.page.isVisible()

    def connect_chat(self, origins: Origins) -> None:
        """Give the replies of the chat their runs."""
        origins.has_run = self.has_run
        origins.find_trace = lambda request_id: self.trace(request_id) if self.has_run(request_id) else None
        origins.fetch = self.fetch
        origins.inspect_requested.connect(self.inspect)
        origins.save_requested.connect(self.save)
        self.book.dropped.connect(origins.on_dropped)

    def has_run(self, request_id: str) -> bool:
        """Whether there is a run of a reply to look into, here or elsewhere."""
        here = self.book.run(request_id) is not None and request_id not in self._fetched
        return here or self.is_kept(request_id)

    def on_event(self, event: object) -> None:
        """Record an event of the running reply."""
        self.book.on_event(event)

    def fetch(self, request_id: str, then: Callable[[], None]) -> bool:
        """Ask for a run that is kept elsewhere, and do something once it is here; False where it is not kept."""
        if self.book.run(request_id) is not None or not self.is_kept(request_id):
            return False
        first = request_id not in self._waiting
        self._waiting.setdefault(request_id, []).append(then)
        if first:
            self.wanted.emit(request_id)
        return True

    def on_run_opened(self, news: RunOpened) -> None:
        """A run that was asked for is here, or is not kept any more."""
        waiting = self._waiting.pop(news.id, [])
        if not news.items:
            self.told.emit(self.tr("The run of this reply is not kept any more"))
            return
        self._fetched.add(news.id)
        self.book.add(news.id, [RunItem(*item) for item in news.items])
        if self.book.run(news.id) is not None:
            for then in waiting:
                then()

    def begin(self, request: GenerateRequest) -> None:
        """A reply is asked for."""
        self.book.begin(request)
        self.available_changed.emit(True)
        if not self._chosen and self.in_sight:
            self._show(request.request_id)

    def trace(self, request_id: str) -> Trace | None:
        """The run of a request to look into; None when it is not there any more."""
        known = self._traces.get(request_id)
        run = self.book.run(request_id)
        if known is None and run is not None:
            known = self._traces[request_id] = Trace(run.items)
        return known

    def on_recorded(self, request_id: str, item: RunItem) -> None:
        """A run grew."""
        run = self.book.run(request_id)
        if isinstance(item.event, events.Finished) and run is not None and run.complete:
            self.completed.emit(request_id, tuple((kept.seconds, kept.event) for kept in run.items))
        trace = self._traces.get(request_id)
        if trace is None:
            return
        trace.add(item)
        if request_id == self._shown:
            if isinstance(item.event, (events.Finished, events.Failed)):
                self.page.end()
            else:
                self.page.grow()

    # ------------------------------------------------------------------ what the person does

    def on_page_shown(self) -> None:
        """The page came into sight: it shows the last reply, unless something was chosen."""
        if not self._chosen and self.book.latest and self._shown != self.book.latest:
            self._show(self.book.latest)

    def inspect_last(self) -> None:
        """Show the run of the last reply."""
        self.inspect(self.book.latest)

    def inspect(self, request_id: str) -> None:
        """Show the run of a reply."""
        if self.fetch(request_id, lambda: self.inspect(request_id)):
            return
        if self._show(request_id):
            self._chosen = request_id != self.book.latest
            self.show_requested.emit()

    def _show(self, request_id: str) -> bool:
        trace = self.trace(request_id)
        if trace is None:
            return False
        self._shown, self._opened, self._chosen = request_id, None, False
        self.page.show_trace(trace, complete=trace.end is not None)
        return True

    def save(self, request_id: str) -> None:
        """Ask where to, and write the run of a reply."""
        if self.fetch(request_id, lambda: self.save(request_id)):
            return
        run = self.book.run(request_id)
        if run is not None:
            self._ask_and_save(run)

    def save_shown(self) -> None:
        """Ask where to, and write what the page shows; the last reply while it shows nothing."""
        if self._opened is not None:
            self._ask_and_save(self._opened)
        else:
            self.save(self._shown or self.book.latest)

    def save_last(self) -> None:
        """Ask where to, and write what is in sight: the page's run, else the last reply."""
        if self.in_sight:
            self.save_shown()
        else:
            self.save(self.book.latest)

    def _ask_and_save(self, run: Run) -> None:
        kinds = self.tr("Helix runs (*{suffix})").format(suffix=SUFFIX)
        chosen, _ = ask_save(self._window, self.tr("Save run"), f"run{SUFFIX}", kinds)
        if chosen:
            path = Path(chosen)
            self.save_requested.emit(str(path if path.suffix else path.with_name(path.name + SUFFIX)), run)

    def ask_and_open(self) -> None:
        """Choose a run file and show it."""
        kinds = self.tr("Helix runs (*{suffix});;All files (*)").format(suffix=SUFFIX)
        chosen = ask_open(self._window, self.tr("Open run"), kinds)
        if chosen:
            self.open_requested.emit(chosen)

    # ------------------------------------------------------------------ run files

    @Slot(str)
    def on_file_begun(self, path: str) -> None:
        """A run file is being read."""
        self._shown, self._chosen, self._opened = "", True, Run()
        self.page.show_trace(Trace(), complete=False)
        self.page.show_nothing(self.tr("Opening {file}…").format(file=Path(path).name))
        self.show_requested.emit()

    @Slot(list)
    def on_file_batch(self, items: list[RunItem]) -> None:
        """Its next items."""
        if self._opened is None:
            return
        if (len(self._opened.items) + len(items)) // heap.EVERY > len(self._opened.items) // heap.EVERY:
            heap.set_aside()
        self._opened.items += items
        trace = self.page.trace
        first = not trace.version
        for item in items:
            trace.add(item)
        if first:
            self.page.show_trace(trace, complete=False)
        self.page.grow()

    @Slot(str)
    def on_file_opened(self, _path: str) -> None:
        """All of it is here."""
        if self._opened is not None:
            self._opened.complete = self.page.trace.end is not None
            self.page.end()
            self.page.pick(0)

    @Slot(str)
    def on_file_saved(self, path: str) -> None:
        """A run is in its file."""
        self.told.emit(self.tr("The run was saved as {file}").format(file=path))

    @Slot(str, object)
    def on_file_failed(self, _path: str, failed: events.Failed) -> None:
        """A file could not be read, or a run not written."""
        if failed.code != "run_not_saved":
            self._opened, self._chosen = None, False
            self._shown = ""
            self.page.show_nothing(
                self.tr("Nothing to look into yet. Ask something in the chat, or open a run that was saved.")
            )
            if self.book.latest:
                self._show(self.book.latest)
        self.page.show_failure(failed)
        self.show_requested.emit()
