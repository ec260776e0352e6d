"""The window. Requests leave it as signals, events come in through ``on_event``."""

from __future__ import annotations

import time
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.base.settings import Settings
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.chat.composing.count_line import CountLine
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.chat.composing.drafts import Drafts
from helix_app.gui.chat.cut import CutMarker
from helix_app.gui.chat.first_note import FirstNote
from helix_app.gui.chat.page import ChatPage
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.desk import ChatDesk
from helix_app.gui.chats.record import context_tokens
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.help.help import Help
from helix_app.gui.inspect.desk import RunDesk
from helix_app.gui.kit import tab_order
from helix_app.gui.library.desk import LibraryDesk
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.prompting.desk import PromptingDesk
from helix_app.gui.routing import Router
from helix_app.gui.server.page import ServerPage
from helix_app.gui.settings.preferences import Preferences
from helix_app.gui.state import State
from helix_app.gui.window import menus
from helix_app.gui.window.alerts import Alerts
from helix_app.gui.window.bars.status import StatusBar
from helix_app.gui.window.bars.toolbar import Toolbar
from helix_app.gui.window.keys.shortcuts import Shortcuts
from helix_app.gui.window.late_pages import LatePages
from helix_app.gui.window.navigation import Navigation, Page
from helix_app.gui.window.placement import DockPlace, restore
from helix_app.gui.window.requests import RequestWindow
from helix_app.protocol import events
from helix_app.protocol.conversations.chats import OpenRun, RunOpened
from helix_app.protocol.requests import GenerateRequest

TOLD_MS = 6000


class MainWindow(RequestWindow):
    """Toolbar, pages, live dock and status bar; or the welcome card while there is no model. Signals: as its base's.

    Attributes:
        state: what the window is about.
        preferences: the dialog of the settings.
        book: the conversations; ``chats`` lists them beside the chat.
        desk: the recorded runs and the page that shows them.
        help: what the Help menu opens, and the times of frames.
        theme: colours and fonts.
        models: what decides which model is loaded.
        shortcuts: the keys of commands.
        pages: the rail and the pages it turns.
    """

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            raise RuntimeError("MainWindow needs a QApplication")
        self.theme = Theme(app, settings.theme, settings.text_size, self)
        self.state = State(settings, self)
        self.state.settings_changed.connect(lambda: self.theme.choose(self.settings.theme))  # before all who draw
        self.state.settings_changed.connect(lambda: self.theme.resize_text(self.settings.text_size))
        self.preferences = Preferences(self.theme, self.state, self)
        self.models = ModelFlow(self.state, self)
        self.setWindowTitle("Helix")
        self.setWindowIcon(icon("app", "", size=32))
        self.setMinimumSize(720, 560)
        self._router = Router()
        self._build()
        self._connect()
        self._route()
        self._restore()
        self.pages.show_page("chat")

    # ------------------------------------------------------------------ construction

    def _build(self) -> None:
        theme, state = self.theme, self.state
        self.actions_ = menus.build(self)
        self.shortcuts = Shortcuts(self)
        self.toolbar = Toolbar(theme, state)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.book = ChatBook(self)
        self.chat = ChatPage(theme, state, self.book)
        self.chats = ChatDesk(theme, state, self.book, self.chat)
        self.counting = Counting(state, self.book, self.chat.composer, self)
        self.count_line = CountLine(theme, state, self.counting, self.chat.composer)
        self.cut = CutMarker(theme, self.book, self.chat.list, self.chat.view, self)
        self.drafts = Drafts(state, self.book, self.chat.composer, self.chat.attaching, self)
        self.first_note = FirstNote(theme, state, self.chat.list, self)
        self.prompting = PromptingDesk(theme, state, self.book, self.chat.composer, self.counting, self)
        self.load_view = LoadView(theme, state, self.models, self)
        self.welcome, self.strip = self.load_view.welcome, self.load_view.strip
        self.pages = Navigation(theme)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.pages)
        self.add_page(Page("chat", self.tr("Chat"), "chat", self.chats, live=True))
        self.pages.stack.addWidget(self.welcome)  # without a parent it would live on, and with it the window
        self.desk = RunDesk(theme, self)
        self.add_page(Page("inspect", self.tr("Inspect"), "inspect", lambda: self.desk.page))
        self.late = LatePages(theme, state, self._router, self)
        self.add_page(Page("compare", self.tr("Compare"), "compare", lambda: self.compare))
        self.add_page(Page("benchmark", self.tr("Benchmark"), "benchmark", lambda: self.benchmark))
        self.add_page(Page("server", self.tr("Server"), "server", lambda: self.server, live=True))
        self.library = LibraryDesk(theme, state, self.models, self.load_view, self)
        self.add_page(Page("models", self.tr("Models"), "models", lambda: self.library.page))
        self._middle = self.pages.under(self.strip)
        self.setCentralWidget(self._middle)
        self.live = LiveDock(theme, state)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.live)
        self.dock_place = DockPlace(self, self.live)
        self.help = Help(theme, state, self, self.live, self.desk, page=self._page_name)
        self.alerts = Alerts(self)
        self.status = StatusBar(theme, state)
        self.setStatusBar(self.status)

    def _connect(self) -> None:
        self._connect_chat()
        self._connect_runs()
        self._connect_pages()
        self._connect_bars()
        self._connect_models()
        self._connect_menus()
        self.help.checkup_requested.connect(self.checkup_requested)
        self.preferences.opened.connect(lambda dialog: self.help.add_key(dialog, "page_settings"))
        self.preferences.saved.connect(self.models.load_after)
        self.preferences.forget_requested.connect(self.forget_requested)
        self.state.settings_changed.connect(lambda: self.settings_changed.emit(self.settings))
        self.state.catalog_changed.connect(self.on_catalog_changed)
        self.state.model_changed.connect(self.on_model_changed)

    def _connect_chat(self) -> None:
        chat = self.chat
        self.book.asked.connect(self.chats_asked)
        self.chats.sidebar.new_requested.connect(self.actions_.new_chat.trigger)
        self.chats.sidebar.left.connect(chat.take_cursor)
        chat.composer.options_requested.connect(self.actions_.prompting.trigger)
        chat.generate_requested.connect(self.desk.begin)  # before the reply
        chat.generate_requested.connect(self.generate_requested)
        chat.cancel_requested.connect(self.reply_cancel_requested)
        chat.attaching.read_requested.connect(self.read_requested)
        chat.race_requested.connect(self.race)
        chat.context_requested.connect(self.preferences.set_context)
        self.counting.asked.connect(self.prompt_asked)
        self.counting.changed.connect(
            lambda: self.status.show_prompt(self.counting.counted, self.counting.settings.max_tokens)
        )
        self.first_note.models_requested.connect(self.toolbar.target.open_menu)

    def _connect_runs(self) -> None:
        desk, book = self.desk, self.book
        desk.connect_chat(self.chat.origins)
        desk.is_kept = lambda request_id: request_id in book.current.runs
        desk.wanted.connect(lambda message_id: book.ask(OpenRun(message_id)))
        desk.completed.connect(lambda name, items: book.keep_run(name, items) if self.settings.keep_runs else None)
        desk.show_requested.connect(lambda: self.pages.show_page("inspect"))

    def _connect_pages(self) -> None:
        for told in (self.chats.told, self.library.told, self.desk.told):
            told.connect(lambda text: self.status.showMessage(text, TOLD_MS))
        self.library.show_requested.connect(lambda: self.pages.show_page("models"))
        self.late.compare_requested.connect(self.compare_requested)
        self.late.compare_cancel_requested.connect(self.cancel_requested)
        self.late.benchmark_asked.connect(self.benchmark_requested)
        self.late.serving_asked.connect(self.serving_requested)
        self.late.page_wanted.connect(self.pages.widget)
        self.library.page_wanted.connect(lambda: self.pages.widget("models"))
        self.pages.page_changed.connect(self.on_page_changed)

    def _connect_bars(self) -> None:
        toolbar = self.toolbar
        toolbar.picked.connect(self.models.pick)
        toolbar.new_chat.clicked.connect(self.actions_.new_chat.trigger)
        toolbar.chats.clicked.connect(self.actions_.chats.trigger)
        self.chats.shown_changed.connect(toolbar.show_chats)
        toolbar.show_chats(self.chats.list_shown)
        self.book.current_changed.connect(lambda *_: self.status.set_context(context_tokens(self.book.current)))
        toolbar.options.clicked.connect(self.preferences.open_dialog)
        toolbar.live.clicked.connect(lambda shown: self.live.setVisible(shown))
        self.dock_place.shown_changed.connect(self.on_live_shown_changed)

    def _connect_models(self) -> None:
        self.models.load_requested.connect(self.load_requested)
        self.models.download_requested.connect(self.chat.error.hide)
        self.models.download_requested.connect(self.download_requested)
        self.actions_.unload.triggered.connect(self.unload_requested)
        self.welcome.open_requested.connect(self.actions_.open_file.trigger)
        self.load_view.cancel_requested.connect(self.cancel_requested)
        self.load_view.failed.connect(self.chat.show_error)
        self.load_view.download_cancel_requested.connect(self.download_cancel_requested)

    def _connect_menus(self) -> None:
        menus.connect(
            self.actions_,
            self,
            self.state,
            self.theme,
            pages=self.pages,
            chat=self.chat,
            chats=self.chats,
            prompting=self.prompting,
            models=self.models,
            runs=self.desk,
            live=self.live,
            help=self.help,
            preferences=self.preferences,
            shortcuts=self.shortcuts,
        )
        self._name_keys()

    def _name_keys(self) -> None:
        """Give the commands the keys that a person chose, and let tooltips tell them."""
        shortcuts, toolbar, composer = self.shortcuts, self.toolbar, self.chat.composer
        menus.register(self, self.actions_, shortcuts)
        shortcuts.load(self.settings.shortcuts)
        shortcuts.edited.connect(lambda kept: self.state.change(shortcuts=kept))
        told = {toolbar.new_chat: "new_chat", self.chats.sidebar.new: "new_chat", toolbar.chats: "chats"}
        told |= {toolbar.live: "live", toolbar.options: "settings", composer.options: "prompting"}
        for widget, name in {**told, composer.clip: "attach"}.items():
            shortcuts.tell(widget, name)
        shortcuts.tell(composer.button, "stop", lambda: composer.generating)

    def _route(self) -> None:
        """Let every part have its events; the models come last, for what they decide replaces what was shown."""
        chat = (self.book, self.chats, self.chat, self.cut, self.first_note, self.counting, self.drafts, self.alerts)
        shown = (self.live, self.status, self.late, *chat, self.help, self.load_view)
        for part in (*shown, self.library, self.models):
            self._router.add(part.handlers())
        self._router.add({**self.toolbar.handlers(), RunOpened: self.desk.on_run_opened})
        self._router.add({events.Forgotten: self.on_forgotten, events.Failed: self.on_failed})

    def _restore(self) -> None:
        self.resize(1280, 800)
        self.resizeDocks([self.live], [344], Qt.Orientation.Horizontal)
        restore(self, self.settings)
        self.dock_place.restored()

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self.state.settings

    @property
    def compare(self) -> ComparePage:
        """The page of comparisons."""
        return self.late.compare

    @property
    def benchmark(self) -> BenchmarkPage:
        """The page of benchmarks."""
        return self.late.benchmark

    @property
    def server(self) -> ServerPage:
        """The page of the local API."""
        return self.late.server

    def set_focus_aside(self) -> None:
        """Take the cursor away from where nothing can be written any more."""
        self._middle.setFocus()

    # ------------------------------------------------------------------ for app.py

    def start(self) -> None:
        """Everything is wired: load the chosen model as soon as the catalog is known."""
        self.models.start()
        self.book.start(self.settings.last_chat)
        self.drafts.start()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.on_about_to_quit)

    def on_about_to_quit(self) -> None:
        """Windows ends the session, which closes no window: what is to be kept is kept now, or never."""
        if self.isVisible():
            self.close()

    @Slot(object)
    def on_event(self, event: object) -> None:
        """Take in one event; an unknown one is ignored."""
        self.desk.on_event(event)
        self._router.route(event)

    @Slot(list)
    def on_events(self, batch: Iterable[object]) -> None:
        """Take in several events in order."""
        self.help.frames.on_batch()
        for event in batch:
            self.on_event(event)
        self.status.flush()
        self.chat.pulse()
        self.late.pulse()
        self.live.pulse()

    def on_failed(self, event: events.Failed) -> None:
        """Something failed: show it where it belongs."""
        if self.chat.on_failed(event) or event.request_id:  # or of a reply that was given up
            return
        self.models.on_failed(event)
        self.load_view.on_failed(event)
        if self.pages.current is not None and event.code != "load_cancelled":
            self.pages.show_page("chat")  # where the error is

    def on_forgotten(self, event: events.Forgotten) -> None:
        """What was learnt is wiped, or could not be."""
        if not self.preferences.on_forgotten(event) and event.failed is not None:
            self.chat.show_error(event.failed)

    # ------------------------------------------------------------------ what the person does

    def race(self, request: GenerateRequest) -> None:
        """Show the compare page and let it write this reply again, with drafts and without."""
        self.pages.show_page("compare")
        self.compare.race(request)

    # ------------------------------------------------------------------ state and pages

    def on_catalog_changed(self) -> None:
        """The models people can choose; without one on this computer the card is shown."""
        if self.models.nothing_here() and self.chat.is_empty and self._page_name() != "models":
            self.pages.cover(self.welcome)
            self.welcome.take_cursor()

    def on_model_changed(self) -> None:
        """A model is there: write. Without one the composer is closed; do not jump to the first button."""
        ready = self.state.ready
        title = self.tr("Helix") if ready is None else self.tr("{model} – Helix").format(model=ready.target_name)
        self.setWindowTitle(title)
        if ready is not None and self.pages.current is None:
            self.pages.show_page("chat")
        if ready is None and self.state.loading is None:
            self.set_focus_aside()
        elif tab_order.takes_text(self.focusWidget()):
            return  # whoever writes elsewhere goes on
        elif ready is not None or (self.pages.current is not None and self.chat.isVisible()):
            self.chat.take_cursor()  # a message can be written meanwhile

    def _page_name(self) -> str:
        return self.pages.current.name if self.pages.current is not None else ""

    def add_page(self, page: Page) -> None:
        """Register a page with the rail and the View menu."""
        action = self.pages.add(page)
        self.actions_.view.insertAction(self.actions_.after_pages, action)
        self.shortcuts.add(f"page_{page.name}", menus.plain(self.actions_.view.title()), action)
        self.shortcuts.tell(self.pages.button(page.name), f"page_{page.name}")

    def on_page_changed(self, name: str) -> None:
        """Another page is shown, or the card in place of all."""
        page = self.pages.current
        self.toolbar.setVisible(bool(name))
        self.status.setVisible(bool(name))
        self.dock_place.set_room(page is not None and page.live)
        for action in (self.actions_.new_chat, self.actions_.focus):
            action.setEnabled(bool(name))
        self.toolbar.chats.setEnabled(page is not None and page.live)
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

    def focusNextPrevChild(self, next: bool) -> bool:
        if not self.chat.isVisible():
            return super().focusNextPrevChild(next)
        view = self.chat.view  # messages are made when they are needed: the earlier ones last
        order = tab_order.as_read(tab_order.chain(self), view.messages(), self.chat.composer.clip)
        return tab_order.step(order, self.focusWidget(), next, view)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.chat.leave()
        self.drafts.close()
        self.models.close()
        self.state.change(**self.dock_place.placement())
        self.closing.emit()
        super().closeEvent(event)
