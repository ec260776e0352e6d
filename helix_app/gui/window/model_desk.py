"""What the window shows of models: which can be chosen, which is being loaded, which is there."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.chat.page import ChatPage
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.kit import figures
from helix_app.gui.kit.model_choices import OPEN_FILE, OPEN_FOLDER
from helix_app.gui.kit.open_dialogs import ask_file, ask_folder
from helix_app.gui.live.dock import LiveDock
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.models.loading import LoadStrip
from helix_app.gui.models.welcome import WelcomePage
from helix_app.gui.state import State
from helix_app.gui.window.menus import Actions
from helix_app.gui.window.navigation import Navigation
from helix_app.gui.window.status import StatusBar
from helix_app.gui.window.toolbar import Toolbar
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged
from helix_app.protocol.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadChoice


class Parts(Protocol):
    """What is shown of models, and where."""

    state: State
    toolbar: Toolbar
    pages: Navigation
    chat: ChatPage
    compare: ComparePage
    benchmark: BenchmarkPage
    welcome: WelcomePage
    strip: LoadStrip
    live: LiveDock
    status: StatusBar
    actions_: Actions

    def set_focus_aside(self) -> None: ...


class ModelDesk(QObject):
    """Carries what ``ModelFlow`` decides, and what the engine says of models, to the parts of a window.

    Signals:
        load_requested: a LoadChoice.
        download_requested: fetch the model of this catalog id.
    """

    load_requested = Signal(object)
    download_requested = Signal(str)

    def __init__(self, window: QMainWindow, parts: Parts, models: ModelFlow, load_view: LoadView) -> None:
        super().__init__(window)
        self._window, self._parts, self._models, self._load_view = window, parts, models, load_view
        models.load_requested.connect(self.on_load_started)
        models.download_requested.connect(self.on_download_started)
        models.settings_loaded.connect(lambda values: parts.state.change(**values))
        parts.welcome.open_requested.connect(lambda: self.on_picked("target", OPEN_FILE))

    def on_catalog_changed(self, event: CatalogChanged) -> None:
        """The models people can choose; without one on this computer the card is shown."""
        parts = self._parts
        parts.toolbar.set_catalog(event.items)
        parts.compare.set_catalog(event.items)
        parts.benchmark.set_catalog(event.items)
        parts.welcome.show_item(event.items[0] if event.items else None)
        self._models.on_catalog_changed(event)
        if self._models.nothing_here() and not parts.chat.view.messages():
            parts.pages.cover(parts.welcome)
            parts.welcome.start.setFocus()

    def on_picked(self, setting: str, value: str) -> None:
        """A person chose something in the toolbar."""
        parts = self._parts
        if value in (OPEN_FILE, OPEN_FOLDER):
            value = ask_folder(self._window) if value == OPEN_FOLDER else ask_file(self._window)
        if value and setting == "mode":
            parts.state.change(mode=value)
        elif value:
            self._models.pick(setting, value)

    def on_load_started(self, choice: LoadChoice) -> None:
        """A model is about to be loaded."""
        parts = self._parts
        if parts.chat.generating:
            parts.chat.stop()
        parts.chat.notices.clear()  # they were of what was loaded before
        parts.toolbar.set_settings(self._models.asked)
        name = self._models.name(choice.target)
        self._show_none(self.tr("Loading {model}…").format(model=name), coming=True)
        self._load_view.on_load_started(choice)
        self.load_requested.emit(choice)

    def on_download_started(self, model_id: str) -> None:
        """A model is about to be fetched."""
        self._load_view.on_download_started(model_id)
        self.download_requested.emit(model_id)

    def on_load_progress(self, event: LoadProgress) -> None:
        """A step of loading."""
        self._models.on_load_progress(event)
        self._load_view.on_load_progress(event)

    def on_model_ready(self, event: ModelReady) -> None:
        """The model is loaded: write."""
        self._models.on_model_ready(event)
        if not self._parts.chat.generating:  # a reply may go on elsewhere
            self._parts.live.plots.clear()
        self._parts.live.blocks.on_model_ready(event)
        self._parts.status.on_model_ready(event)
        self._show(event)
        if self._models.loading is None:
            self._load_view.on_idle()

    def on_unloaded(self, _event: Unloaded) -> None:
        """The model is gone, or its loading was stopped (not: replaced by another)."""
        self._models.on_unloaded()
        self._load_view.on_idle()
        self._show_no_model()

    def on_failed(self, event: events.Failed) -> None:
        """Something outside a reply failed; of a load, the model from before may still be there."""
        was_load, parts = self._models.on_failed(event), self._parts
        ready = self._models.ready
        if was_load:
            parts.toolbar.set_settings(parts.state.settings)
            self._load_view.on_idle()
        if was_load and ready is not None:
            parts.status.on_kept(ready)
            self._show(ready)
        elif was_load:
            self._show_no_model()
        self._load_view.on_failed(event)
        if parts.pages.current is not None and event.code != "load_cancelled":
            parts.pages.show_page("chat")  # where the error is

    def _show(self, ready: ModelReady) -> None:
        """A model is there."""
        parts = self._parts
        parts.toolbar.on_model_ready(ready)
        parts.chat.set_model(ready.target_name, figures.model_facts(ready), ready)
        parts.chat.exact_rows = ready.exact_rows
        parts.compare.set_model(ready, self._models.choice())
        self._window.setWindowTitle(self.tr("{model} – Helix").format(model=ready.target_name))
        parts.actions_.unload.setEnabled(True)
        if parts.pages.current is None:
            parts.pages.show_page("chat")
        parts.chat.composer.setFocus()

    def _show_no_model(self) -> None:
        self._parts.strip.hide()
        self._show_none(self.tr("No model is loaded. Choose a target model above."))
        self._parts.live.blocks.clear()

    def _show_none(self, reason: str, *, coming: bool = False) -> None:
        """No model is there; ``coming``: one is being loaded, and a message to it can be written."""
        parts = self._parts
        parts.toolbar.on_unloaded()
        parts.status.on_unloaded()
        parts.chat.set_model("", reason, coming=coming)
        parts.compare.set_model(None, None, reason)
        self._window.setWindowTitle(self.tr("Helix"))
        if not coming:
            parts.set_focus_aside()  # the composer is closed; do not jump to the first button
        parts.actions_.unload.setEnabled(False)
