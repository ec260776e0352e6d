"""What the window shows of models: which can be chosen, which is being loaded, which is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from helix_app.gui.kit import figures
from helix_app.gui.kit.open_dialogs import ask_file, ask_folder
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.window.toolbar import OPEN_FILE, OPEN_FOLDER
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged
from helix_app.protocol.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadChoice

if TYPE_CHECKING:
    from helix_app.gui.window.main_window import MainWindow


class ModelDesk(QObject):
    """Carries what ``ModelFlow`` decides, and what the engine says of models, to the parts of a window.

    Signals:
        load_requested: a LoadChoice.
        download_requested: fetch the model of this catalog id.
    """

    load_requested = Signal(object)
    download_requested = Signal(str)

    def __init__(self, window: MainWindow, models: ModelFlow, load_view: LoadView) -> None:
        super().__init__(window)
        self._window, self._models, self._load_view = window, models, load_view
        models.load_requested.connect(self.on_load_started)
        models.download_requested.connect(self.on_download_started)
        models.settings_loaded.connect(lambda values: window.preferences.change(**values))
        window.welcome.open_requested.connect(lambda: self.on_picked("target", OPEN_FILE))

    def on_catalog_changed(self, event: CatalogChanged) -> None:
        """The models people can choose; without one on this computer the card is shown."""
        window = self._window
        window.toolbar.set_catalog(event.items)
        window.compare.set_catalog(event.items)
        window.benchmark.set_catalog(event.items)
        window.welcome.show_item(event.items[0] if event.items else None)
        self._models.on_catalog_changed(event)
        if self._models.nothing_here() and not window.chat.view.messages():
            window.pages.cover(window.welcome)
            window.welcome.start.setFocus()

    def on_picked(self, setting: str, value: str) -> None:
        """A person chose something in the toolbar."""
        window = self._window
        if value in (OPEN_FILE, OPEN_FOLDER):
            value = ask_folder(window) if value == OPEN_FOLDER else ask_file(window)
        if value and setting == "mode":
            window.preferences.change(mode=value)
        elif value:
            self._models.pick(setting, value)

    def on_load_started(self, choice: LoadChoice) -> None:
        """A model is about to be loaded."""
        window = self._window
        if window.chat.generating:
            window.chat.stop()
        window.chat.notices.clear()  # they were of what was loaded before
        window.toolbar.set_settings(self._models.asked)
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
        if not self._window.chat.generating:  # a reply may go on elsewhere
            self._window.live.plots.clear()
        self._window.live.blocks.on_model_ready(event)
        self._window.status.on_model_ready(event)
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
        was_load, window = self._models.on_failed(event), self._window
        ready = self._models.ready
        if was_load:
            window.toolbar.set_settings(window.settings)
            self._load_view.on_idle()
        if was_load and ready is not None:
            window.status.on_kept(ready)
            self._show(ready)
        elif was_load:
            self._show_no_model()
        self._load_view.on_failed(event)
        if window.pages.current is not None and event.code != "load_cancelled":
            window.pages.show_page("chat")  # where the error is

    def _show(self, ready: ModelReady) -> None:
        """A model is there."""
        window = self._window
        window.toolbar.on_model_ready(ready)
        window.chat.set_model(ready.target_name, figures.model_facts(ready), ready)
        window.chat.exact_rows = ready.exact_rows
        window.compare.set_model(ready, self._models.choice())
        window.setWindowTitle(self.tr("{model} – Helix").format(model=ready.target_name))
        window.actions_.unload.setEnabled(True)
        if window.pages.current is None:
            window.pages.show_page("chat")
        window.chat.composer.setFocus()

    def _show_no_model(self) -> None:
        self._window.strip.hide()
        self._show_none(self.tr("No model is loaded. Choose a target model above."))
        self._window.live.blocks.clear()

    def _show_none(self, reason: str, *, coming: bool = False) -> None:
        """No model is there; ``coming``: one is being loaded, and a message to it can be written."""
        window = self._window
        window.toolbar.on_unloaded()
        window.status.on_unloaded()
        window.chat.set_model("", reason, coming=coming)
        window.compare.set_model(None, None, reason)
        window.setWindowTitle(self.tr("Helix"))
        if not coming:
            window.set_focus_aside()  # the composer is closed; do not jump to the first button
        window.actions_.unload.setEnabled(False)
