"""The window. Requests leave it as signals, events come in through ``on_event``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from helix_app import events
from helix_app.gui import figures, menus
from helix_app.gui.about import AboutDialog
from helix_app.gui.chat.page import ChatPage
from helix_app.gui.icons import icon
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.loading import LoadStrip
from helix_app.gui.model_flow import ModelFlow
from helix_app.gui.open_dialogs import ask_file, ask_folder
from helix_app.gui.placement import placement, restore
from helix_app.gui.settings_dialog import SettingsDialog
from helix_app.gui.status import StatusBar
from helix_app.gui.theme import Theme
from helix_app.gui.toolbar import OPEN_FILE, OPEN_FOLDER, Toolbar
from helix_app.gui.welcome import WelcomePage
from helix_app.settings import Settings, changed


class MainWindow(QMainWindow):
    """Toolbar, conversation, live dock and status bar; or the welcome card while there is no model.

    Attributes:
        settings: the settings in effect.
        theme: colours and fonts.
        models: what is loaded or is to be.

    Signals:
        generate_requested: a GenerateRequest.
        cancel_requested: stop the reply.
        load_requested: a LoadChoice.
        unload_requested: free the model.
        download_requested: fetch the model of this catalog id.
        download_cancel_requested: stop fetching it.
        forget_requested: wipe what was learnt from replies.
        settings_changed: the new Settings, to be saved.
        closing: the window closes.
    """

    generate_requested = Signal(object)
    cancel_requested = Signal()
    load_requested = Signal(object)
    unload_requested = Signal()
    download_requested = Signal(str)
    download_cancel_requested = Signal(str)
    forget_requested = Signal()
    settings_changed = Signal(object)
    closing = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            raise RuntimeError("MainWindow needs a QApplication")
        self.settings = settings
        self.theme = Theme(app, settings.theme, self)
        self._seed: int | None = None
        self._downloading, self._live_wanted = "", True  # the model the strip is about; the dock is open
        self.models = ModelFlow(settings, self)
        self.setWindowTitle("Helix")
        self.setWindowIcon(icon("app", "", size=32))
        self.setMinimumSize(720, 560)
        self._build()
        self._connect()
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.CatalogChanged: self.on_catalog_changed,
            events.DownloadProgress: self.on_download_progress,
            events.DownloadDone: self.on_download_done,
            events.DownloadFailed: self.on_download_failed,
            events.Forgotten: self.on_forgotten,
            events.LoadProgress: self.on_load_progress,
            events.ModelReady: self.on_model_ready,
            events.Unloaded: self.on_unloaded,
            events.Notice: self.chat.notices.add,
            events.RoundDone: self.on_round_done,
            events.TextDelta: self.chat.on_text_delta,
            events.CacheSnapshot: self.on_cache_snapshot,
            events.Finished: self.on_finished,
            events.Failed: self.on_failed,
        }
        self._apply_settings()
        self._restore()
        self._show_page(self.chat)

    # ------------------------------------------------------------------ construction

    def _build(self) -> None:
        self.actions_ = menus.build(self)
        self.toolbar = Toolbar(self.theme)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.toolbar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.welcome = WelcomePage(self.theme)
        self.strip = LoadStrip(self.theme)
        self.chat = ChatPage(self.theme, self.settings)
        chat = QWidget()
        column = QVBoxLayout(chat)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self.chat, 1)
        chat.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._chat_page = chat
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(chat)
        self.setCentralWidget(self._pages)
        self.live = LiveDock(self.theme)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.live)
        self.status = StatusBar(self.theme)
        self.setStatusBar(self.status)

    def _connect(self) -> None:
        a = self.actions_
        self.chat.generate_requested.connect(self.generate_requested)
        self.chat.cancel_requested.connect(self.cancel_requested)
        self.chat.generating_changed.connect(self.on_generating_changed)
        self.toolbar.picked.connect(self.on_picked)
        self.toolbar.new_chat.clicked.connect(self.chat.new_chat)
        self.toolbar.options.clicked.connect(self.open_settings)
        self.toolbar.live.clicked.connect(lambda shown: self.live.setVisible(shown))
        self.live.visibilityChanged.connect(self.on_live_visibility_changed)
        self.models.load_requested.connect(self.on_load_started)
        self.models.download_requested.connect(self.on_download_started)
        self.models.setting_picked.connect(lambda setting, value: self._change(**{setting: value}))
        self.welcome.download_requested.connect(self.models.download)
        self.welcome.cancel_requested.connect(self.on_welcome_cancelled)
        self.welcome.open_requested.connect(lambda: self.on_picked("target", OPEN_FILE))
        self.strip.cancel_requested.connect(lambda: self.on_welcome_cancelled(self._downloading))
        a.new_chat.triggered.connect(self.chat.new_chat)
        a.open_file.triggered.connect(lambda: self.on_picked("target", OPEN_FILE))
        a.open_folder.triggered.connect(lambda: self.on_picked("target", OPEN_FOLDER))
        a.unload.triggered.connect(self.unload_requested)
        a.settings.triggered.connect(self.open_settings)
        a.quit.triggered.connect(self.close)
        a.focus.triggered.connect(self.chat.composer.setFocus)
        a.stop.triggered.connect(self.chat.stop)
        a.again.triggered.connect(self.chat.again)
        a.copy_reply.triggered.connect(self.chat.copy_reply)
        a.live.triggered.connect(lambda shown: self.live.setVisible(shown))
        a.latest.triggered.connect(self.chat.view.follow)
        a.about.triggered.connect(self.open_about)
        for action, value in ((a.theme_system, "system"), (a.theme_light, "light"), (a.theme_dark, "dark")):
            action.triggered.connect(lambda _=False, value=value: self._change(theme=value))

    def _restore(self) -> None:
        self.resize(1280, 800)
        self.resizeDocks([self.live], [344], Qt.Orientation.Horizontal)
        restore(self, self.settings)
        self._live_wanted = not self.live.isHidden()

    # ------------------------------------------------------------------ for app.py

    def start(self) -> None:
        """Everything is wired: load the chosen model as soon as the catalog is known."""
        self.models.start()

    @Slot(object)
    def on_event(self, event: object) -> None:
        """Take in one event; an unknown one is ignored."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    @Slot(list)
    def on_events(self, batch: Iterable[object]) -> None:
        """Take in several events in order."""
        for event in batch:
            self.on_event(event)

    # ------------------------------------------------------------------ models

    def on_catalog_changed(self, event: events.CatalogChanged) -> None:
        """The models people can choose; without one on this computer the card is shown."""
        self.toolbar.set_catalog(event.items)
        self.welcome.show_item(event.items[0] if event.items else None)
        self.models.on_catalog_changed(event)
        if self.models.nothing_here() and not self.chat.view.messages():
            self._show_page(self.welcome)

    def on_picked(self, setting: str, value: str) -> None:
        """A person chose something in the toolbar."""
        if value in (OPEN_FILE, OPEN_FOLDER):
            value = ask_folder(self) if value == OPEN_FOLDER else ask_file(self)
        if value and setting == "mode":
            self._change(mode=value)
        elif value:
            self.models.pick(setting, value)

    def on_load_started(self, choice: events.LoadChoice) -> None:
        """A model is about to be loaded."""
        if self.chat.generating:
            self.chat.stop()
        self._set_not_ready(self.tr("Loading {model}…").format(model=self.models.name(choice.target)))
        self.chat.error.hide()
        self.on_load_progress(events.LoadProgress("start_engine"))
        self.load_requested.emit(choice)

    def on_download_started(self, model_id: str) -> None:
        """A model is about to be fetched."""
        self.chat.error.hide()
        self.on_download_progress(events.DownloadProgress(model_id, "connect", 0, 0))
        self.download_requested.emit(model_id)

    def on_download_progress(self, event: events.DownloadProgress) -> None:
        """How far a download is."""
        if self._on_welcome():
            self.welcome.show_download(event)
        elif self.models.loading is None:
            self._downloading = event.model_id
            self.strip.show_download(event, self.models.name(event.model_id))

    def on_welcome_cancelled(self, model_id: str) -> None:
        """Cancel, on the card or in the strip: what it is about, a load or a download."""
        if self.models.loading is not None:
            self.cancel_requested.emit()
        else:
            self.download_cancel_requested.emit(model_id)

    def on_download_done(self, event: events.DownloadDone) -> None:
        """A model is here."""
        if self.models.loading is None:
            self.strip.hide()
        self.models.on_download_done(event)

    def on_download_failed(self, event: events.DownloadFailed) -> None:
        """A download ended without a model."""
        self.models.on_download_failed(event)
        if self._on_welcome():
            self.welcome.show_failure(event)
            return
        if self.models.loading is None:
            self.strip.hide()
        if event.code != "download_cancelled":
            self.chat.show_error(event)

    def on_load_progress(self, event: events.LoadProgress) -> None:
        """A step of loading."""
        if self._on_welcome():
            self.welcome.show_loading(event)
        else:
            self.strip.show_loading(event, self.models.name(self.settings.target))

    def on_model_ready(self, event: events.ModelReady) -> None:
        """The model is loaded: write."""
        self.models.on_model_ready(event)
        self.strip.hide()
        self.welcome.show_idle()
        self.toolbar.on_model_ready(event)
        self.status.on_model_ready(event)
        self.live.plots.clear()
        self.live.blocks.on_model_ready(event)
        self.chat.set_model(event.target_name, figures.model_facts(event))
        self.actions_.unload.setEnabled(True)
        self._show_page(self.chat)
        self.chat.composer.setFocus()

    def on_unloaded(self, _event: events.Unloaded) -> None:
        """The model is gone, or its loading was stopped (not: replaced by another)."""
        self.models.on_unloaded()
        self.welcome.show_idle()
        self._set_no_model()

    def _set_no_model(self) -> None:
        self.strip.hide()
        self._set_not_ready(self.tr("No model is loaded. Choose a target model above."))
        self.live.blocks.clear()

    def _set_not_ready(self, reason: str) -> None:
        self.toolbar.on_unloaded()
        self.status.on_unloaded()
        self.chat.set_model("", reason)
        self._chat_page.setFocus()  # the composer is closed; do not jump to the first button
        self.actions_.unload.setEnabled(False)

    # ------------------------------------------------------------------ replies

    def on_round_done(self, event: events.RoundDone) -> None:
        """One round: plots and status."""
        self.live.plots.on_round(event)
        self.status.set_context(event.context_tokens)
        self.status.show_speculation(event)

    def on_finished(self, event: events.Finished) -> None:
        """A reply is complete."""
        self.status.on_finished(event)
        self.chat.on_finished(event)

    def on_cache_snapshot(self, event: events.CacheSnapshot) -> None:
        """The state of a pool."""
        self.live.blocks.apply(event)
        if event.pool == "target":
            self.status.set_blocks(event.used_blocks, event.num_blocks)

    def on_failed(self, event: events.Failed) -> None:
        """Something failed: show it where it belongs."""
        if self.chat.on_failed(event):
            return
        if event.request_id:
            return  # of a reply that was given up
        if self.models.on_failed():
            self._set_no_model()
        if self._on_welcome():
            self.welcome.show_failure(event)
        elif event.code != "load_cancelled":  # the person did that
            self.chat.show_error(event)

    def on_generating_changed(self, generating: bool) -> None:
        """A reply began or ended."""
        self.actions_.stop.setEnabled(generating)
        self.actions_.again.setEnabled(not generating)

    # ------------------------------------------------------------------ settings and pages

    def open_settings(self) -> None:
        """Show the settings; they apply when saved."""
        dialog = SettingsDialog(self.theme, self.settings, self._seed, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.forget_requested.connect(self.forget_requested)
        dialog.accepted.connect(lambda: self.on_settings_saved(dialog.settings(), dialog.seed()))
        dialog.open()

    def on_settings_saved(self, settings: Settings, seed: int | None) -> None:
        """Take over what the dialog says."""
        self._seed = seed
        before = self.settings
        self.settings = settings
        self._apply_settings()
        self.settings_changed.emit(settings)
        self.models.load_after(before)

    def on_forgotten(self, event: events.Forgotten) -> None:
        """What was learnt is wiped, or could not be: said where the button is, if that is still there."""
        dialog = self.findChild(SettingsDialog)
        if dialog is not None:
            dialog.learning.show_forgotten(event)
        elif event.failed is not None:
            self.chat.show_error(event.failed)

    def open_about(self) -> None:
        """Show the version."""
        dialog = AboutDialog(self.theme, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _change(self, **values: object) -> None:
        self.settings = changed(self.settings, **values)
        self._apply_settings()
        self.settings_changed.emit(self.settings)

    def _apply_settings(self) -> None:
        s = self.settings
        self.theme.choose(s.theme)
        self.models.set_settings(s)
        self.toolbar.set_settings(s)
        self.chat.set_settings(s, self._seed)
        self.status.set_mode(s.mode)
        a = self.actions_
        {"system": a.theme_system, "light": a.theme_light, "dark": a.theme_dark}[s.theme].setChecked(True)

    def _on_welcome(self) -> bool:
        return self._pages.currentWidget() is self.welcome

    def _show_page(self, page: QWidget) -> None:
        welcome = page is self.welcome
        if welcome and not self._on_welcome():
            self._live_wanted = not self.live.isHidden()
        self._pages.setCurrentWidget(self.welcome if welcome else self._chat_page)
        self.toolbar.setVisible(not welcome)
        self.status.setVisible(not welcome)
        self.live.setVisible(not welcome and self._live_wanted)
        for action in (self.actions_.live, self.actions_.new_chat, self.actions_.focus, self.actions_.latest):
            action.setEnabled(not welcome)
        if welcome:
            self.welcome.start.setFocus()

    def on_live_visibility_changed(self, _visible: bool) -> None:
        """The dock was closed or came back."""
        shown = not self.live.isHidden()
        if not self._on_welcome():
            self._live_wanted = shown
        self.actions_.live.setChecked(shown)
        self.toolbar.live.setChecked(shown)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._change(**placement(self, docks=not self._on_welcome()))
        self.closing.emit()
        super().closeEvent(event)
