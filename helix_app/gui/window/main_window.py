"""The window. Requests leave it as signals, events come in through ``on_event``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from helix_app.base.settings import Settings
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.chat.page import ChatPage
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.help.help import Help
from helix_app.gui.inspect.desk import RunDesk
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.settings.preferences import Preferences
from helix_app.gui.state import State
from helix_app.gui.window import menus
from helix_app.gui.window.model_desk import ModelDesk
from helix_app.gui.window.navigation import Navigation, Page
from helix_app.gui.window.placement import DockPlace, restore
from helix_app.gui.window.status import StatusBar
from helix_app.gui.window.toolbar import Toolbar
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.loading import DevicesFound, LoadProgress, MemoryUse, ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest

TOLD_MS = 6000


class MainWindow(QMainWindow):
    """Toolbar, pages, live dock and status bar; or the welcome card while there is no model.

    Attributes:
        state: what the window is about.
        preferences: the dialog of the settings.
        desk: the recorded runs and the page that shows them.
        help: what the Help menu opens, and the times of frames.
        theme: colours and fonts.
        models: what is loaded or is to be.
        model_desk: what is shown of that.
        pages: the rail and the pages it turns; ``pages.add`` registers one.

    Signals:
        generate_requested: a GenerateRequest.
        compare_requested: a CompareRequest.
        benchmark_requested: a BenchAsked.
        cancel_requested: stop the reply or the comparison.
        load_requested: a LoadChoice.
        unload_requested: free the model.
        download_requested: fetch the model of this catalog id.
        download_cancel_requested: stop fetching it.
        forget_requested: wipe what was learnt from replies.
        checkup_requested: look for what is wrong with this computer.
        settings_changed: the new Settings, to be saved.
        closing: the window closes.
    """

    generate_requested = Signal(object)
    compare_requested = Signal(object)
    benchmark_requested = Signal(object)
    cancel_requested = Signal()
    load_requested = Signal(object)
    unload_requested = Signal()
    download_requested = Signal(str)
    download_cancel_requested = Signal(str)
    forget_requested = Signal()
    checkup_requested = Signal()
    settings_changed = Signal(object)
    closing = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            raise RuntimeError("MainWindow needs a QApplication")
        self.theme = Theme(app, settings.theme, self)
        self.state = State(settings, self)
        self.preferences = Preferences(self.theme, self.state, self)
        self.models = ModelFlow(settings, self)
        self.setWindowTitle("Helix")
        self.setWindowIcon(icon("app", "", size=32))
        self.setMinimumSize(720, 560)
        self._build()
        desk = self.model_desk = ModelDesk(self, self, self.models, self.load_view)
        self._connect()
        self._handlers: dict[type, Callable[[Any], None]] = {
            CatalogChanged: desk.on_catalog_changed,
            DownloadProgress: self.load_view.on_download_progress,
            DownloadDone: self.load_view.on_download_done,
            DownloadFailed: self.load_view.on_download_failed,
            events.Forgotten: self.on_forgotten,
            events.CheckupDone: self.help.on_checkup_done,
            LoadProgress: desk.on_load_progress,
            DevicesFound: self.toolbar.on_devices_found,
            ModelReady: desk.on_model_ready,
            Unloaded: desk.on_unloaded,
            events.Notice: self.chat.notices.add,
            MemoryUse: self.status.show_memory,
            events.PrefillProgress: self.chat.on_prefill_progress,
            events.PrefillDone: self.live.blocks.on_prefill,
            events.RoundDone: self.on_round_done,
            events.TextDelta: self.chat.on_text_delta,
            events.CacheSnapshot: self.on_cache_snapshot,
            events.Finished: self.on_finished,
            events.Failed: self.on_failed,
            events.CompareArm: self.compare.on_arm,
            events.CompareDone: self.on_compare_done,
            **self.benchmark.handlers(),
        }
        self.on_settings_applied()
        self._restore()
        self.pages.show_page("chat")

    # ------------------------------------------------------------------ construction

    def _build(self) -> None:
        self.actions_ = menus.build(self)
        self.toolbar = Toolbar(self.theme)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.chat = ChatPage(self.theme, self.settings)
        self.load_view = LoadView(self.theme, self.models, self.chat, self)
        self.welcome, self.strip = self.load_view.welcome, self.load_view.strip
        self.pages = Navigation(self.theme)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.pages)
        self.add_page(Page("chat", self.tr("Chat"), "chat", self.chat, live=True))
        self.pages.stack.addWidget(self.welcome)  # without a parent it would live on, and with it the window
        self.desk = RunDesk(self.theme, self)
        self.add_page(Page("inspect", self.tr("Inspect"), "inspect", self.desk.page))
        self.compare = ComparePage(self.theme, self.settings)
        self.add_page(Page("compare", self.tr("Compare"), "compare", self.compare))
        self.benchmark = BenchmarkPage(self.theme, self.settings)
        self.add_page(Page("benchmark", self.tr("Benchmark"), "benchmark", self.benchmark))
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self.pages.stack, 1)
        middle.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._middle = middle
        self.setCentralWidget(middle)
        self.live = LiveDock(self.theme)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.live)
        self.dock_place = DockPlace(self, self.live)
        self.help = Help(self.theme, self.state, self, self.live, page=self._page_name, ready=lambda: self.models.ready)
        self.status = StatusBar(self.theme)
        self.setStatusBar(self.status)

    def _connect(self) -> None:
        self.chat.generate_requested.connect(self.desk.begin)
        self.chat.generate_requested.connect(self.generate_requested)
        self.desk.connect_chat(self.chat.origins)
        self.desk.show_requested.connect(lambda: self.pages.show_page("inspect"))
        self.desk.told.connect(lambda text: self.status.showMessage(text, TOLD_MS))
        self.chat.cancel_requested.connect(self.cancel_requested)
        self.chat.generating_changed.connect(self.on_generating_changed)
        self.chat.cleared.connect(self.on_new_chat)
        self._connect_measuring()
        self.preferences.opened.connect(lambda dialog: self.help.add_key(dialog, "page_settings"))
        self.help.checkup_requested.connect(self.checkup_requested)
        self.toolbar.picked.connect(self.model_desk.on_picked)
        self.toolbar.new_chat.clicked.connect(self.actions_.new_chat.trigger)
        self.toolbar.options.clicked.connect(self.preferences.open_dialog)
        self.toolbar.live.clicked.connect(lambda shown: self.live.setVisible(shown))
        self.dock_place.shown_changed.connect(self.on_live_shown_changed)
        self.pages.page_changed.connect(self.on_page_changed)
        self.model_desk.load_requested.connect(self.load_requested)
        self.model_desk.download_requested.connect(self.download_requested)
        self.load_view.cancel_requested.connect(self.cancel_requested)
        self.load_view.download_cancel_requested.connect(self.download_cancel_requested)
        menus.connect(
            self.actions_,
            self,
            self.state,
            pages=self.pages,
            chat=self.chat,
            pick=self.model_desk.on_picked,
            runs=self.desk,
            live=self.live,
            help=self.help,
            preferences=self.preferences,
        )
        self.chat.context_requested.connect(self.preferences.set_context)
        self.actions_.unload.triggered.connect(self.unload_requested)
        self.state.settings_changed.connect(self.on_settings_applied)
        self.state.settings_changed.connect(lambda: self.settings_changed.emit(self.settings))
        self.preferences.saved.connect(self.models.load_after)
        self.preferences.forget_requested.connect(self.forget_requested)

    def _connect_measuring(self) -> None:
        """Join the pages that measure, which need the engine to themselves, and what waits for them."""
        chat, page, benchmark = self.chat, self.compare, self.benchmark
        page.compare_requested.connect(self.compare_requested)
        page.cancel_requested.connect(self.cancel_requested)
        page.running_changed.connect(lambda running: chat.block("compare_running" if running else ""))
        page.running_changed.connect(self.help.on_writing)
        page.may_run = lambda: self.occupied("compare_reply_running")
        benchmark.asked.connect(self.benchmark_requested)
        benchmark.running_changed.connect(self.on_benchmark)
        benchmark.may_run = lambda: self.occupied("bench_reply_running")
        chat.cleared.connect(self.live.blocks.on_new_chat)
        chat.race_requested.connect(self.race)

    def _restore(self) -> None:
        self.resize(1280, 800)
        self.resizeDocks([self.live], [344], Qt.Orientation.Horizontal)
        restore(self, self.settings)
        self.dock_place.restored()

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self.state.settings

    def set_focus_aside(self) -> None:
        """Take the cursor away from where nothing can be written any more."""
        self._middle.setFocus()

    # ------------------------------------------------------------------ for app.py

    def start(self) -> None:
        """Everything is wired: load the chosen model as soon as the catalog is known."""
        self.models.start()

    @Slot(object)
    def on_event(self, event: object) -> None:
        """Take in one event; an unknown one is ignored."""
        self.desk.on_event(event)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    @Slot(list)
    def on_events(self, batch: Iterable[object]) -> None:
        """Take in several events in order."""
        self.help.frames.on_batch()
        for event in batch:
            self.on_event(event)
        self.status.flush()
        self.chat.pace.pulse()
        self.compare.pace.pulse()
        self.live.pulse()

    # ------------------------------------------------------------------ replies

    def on_round_done(self, event: events.RoundDone) -> None:
        """One round: plots and status."""
        if not self.chat.is_current(event.request_id):
            return
        self.live.plots.on_round(event)
        self.chat.on_round_done(event)
        self.status.on_round(event)

    def on_finished(self, event: events.Finished) -> None:
        """A reply is complete."""
        if self.chat.is_current(event.request_id):
            self.status.on_finished(event)
        self.benchmark.setup.note_speed(event.metrics.plain_tokens_per_second)
        self.chat.on_finished(event)

    def on_cache_snapshot(self, event: events.CacheSnapshot) -> None:
        """The state of a pool."""
        self.live.blocks.apply(event)
        if event.pool == "target":
            self.status.set_blocks(event.used_blocks, event.num_blocks, event.cached_blocks)

    def on_failed(self, event: events.Failed) -> None:
        """Something failed: show it where it belongs."""
        if self.chat.on_failed(event):
            return
        if event.request_id:
            return  # of a reply that was given up
        self.model_desk.on_failed(event)

    def on_compare_done(self, event: events.CompareDone) -> None:
        """A comparison is over; what a person chose is loaded again if an arm had something else."""
        self.compare.on_done(event)
        if event.reload and self.models.loading is None:
            self.models.load()

    def on_new_chat(self) -> None:
        """Nothing is written yet: figures of the conversation before go."""
        self.live.plots.clear()
        self.status.on_new_chat()
        self._set_chat_actions()

    def _set_chat_actions(self) -> None:
        """Offer only what can be done with this conversation."""
        a, chat, page = self.actions_, self.chat, self.pages.current
        written, writing = chat.last_reply() is not None, chat.generating
        a.stop.setEnabled(writing)
        a.again.setEnabled(written and not writing)
        a.copy_reply.setEnabled(written)
        a.latest.setEnabled(bool(chat.view.messages()) and page is not None)

    def on_generating_changed(self, generating: bool) -> None:
        """A reply began or ended."""
        self._set_chat_actions()
        self.help.on_writing(generating)

    # ------------------------------------------------------------------ measuring

    def race(self, request: GenerateRequest) -> None:
        """Show the compare page and let it write this reply again, with drafts and without."""
        self.pages.show_page("compare")
        self.compare.race(request)

    def occupied(self, replying: str) -> str:
        """Why nothing can be measured now, as a code of messages.py; ``replying`` while a reply is being written."""
        if self.chat.generating:
            return replying
        if self.compare.running:
            return "bench_compare_running"
        if self.benchmark.running:
            return "bench_running"
        return "bench_load_running" if self.models.loading is not None else ""

    def on_benchmark(self, running: bool) -> None:
        """A benchmark began or ended: meanwhile nothing else is written or loaded."""
        self.chat.block("bench_running" if running else "")
        self.toolbar.set_locked(self.tr("A benchmark is running") if running else "")
        self.actions_.unload.setEnabled(not running and self.models.ready is not None)

    # ------------------------------------------------------------------ settings and pages

    def _page_name(self) -> str:
        return self.pages.current.name if self.pages.current is not None else ""

    def on_settings_applied(self) -> None:
        """Other settings are in effect."""
        s = self.settings
        self.theme.choose(s.theme)
        self.models.set_settings(s)
        self.toolbar.set_settings(self.models.asked)
        self.chat.set_settings(s, self.state.seed)
        self.compare.set_settings(s)
        self.benchmark.set_settings(s)
        self.status.set_mode(s.mode)
        a = self.actions_
        {"system": a.theme_system, "light": a.theme_light, "dark": a.theme_dark}[s.theme].setChecked(True)

    def on_forgotten(self, event: events.Forgotten) -> None:
        """What was learnt is wiped, or could not be."""
        if not self.preferences.on_forgotten(event) and event.failed is not None:
            self.chat.show_error(event.failed)

    def add_page(self, page: Page) -> None:
        """Register a page with the rail and the View menu."""
        self.actions_.view.insertAction(self.actions_.after_pages, self.pages.add(page))

    def on_page_changed(self, name: str) -> None:
        """Another page is shown, or the card in place of all."""
        page = self.pages.current
        self.toolbar.setVisible(bool(name))
        self.status.setVisible(bool(name))
        self.dock_place.set_room(page is not None and page.live)
        for action in (self.actions_.new_chat, self.actions_.focus):
            action.setEnabled(bool(name))
        self._set_chat_actions()
        for control in (self.actions_.live, self.toolbar.live):
            control.setEnabled(page is not None and page.live)

    def on_live_shown_changed(self, shown: bool) -> None:
        """The dock was closed or came back."""
        self.actions_.live.setChecked(shown)
        self.toolbar.live.setChecked(shown)

    def event(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.UpdateRequest:  # which paints all that changed
            return super().event(event)
        began, done = time.perf_counter(), super().event(event)
        self.help.frames.on_paint(time.perf_counter() - began)
        return done

    def closeEvent(self, event: QCloseEvent) -> None:
        self.state.change(**self.dock_place.placement())
        self.closing.emit()
        super().closeEvent(event)
