"""Which model is to be loaded, and when. No widgets: the window shows what this decides."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from helix_app.base.settings import Settings, changed
from helix_app.gui.kit.model_choices import model_label
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged, DownloadDone, DownloadFailed
from helix_app.protocol.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import CatalogItem, LoadChoice

LOAD_SETTINGS = (
    "target",
    "draft",
    "device",
    "devices",
    "dtype",
    "context_length",
    "learn",
)  # a change of these loads again


class ModelFlow(QObject):
    """From the catalog and what a person picks to downloads and loads.

    Attributes:
        items: the catalog; None until it is known.
        ready: the model that is loaded, if any.
        loading: what is being loaded, if anything.
        returning: the load failed, and the model from before is being loaded again.

    Signals:
        load_requested: a LoadChoice.
        download_requested: fetch the model of this catalog id.
        settings_loaded: {setting: value} to take over and save, of a load that succeeded; of one that failed, those
            that a dialog had saved and that are to be as they were.
    """

    load_requested = Signal(object)
    download_requested = Signal(str)
    settings_loaded = Signal(dict)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: tuple[CatalogItem, ...] | None = None
        self.ready: ModelReady | None = None
        self.loading: LoadChoice | None = None
        self.returning = False
        self._settings = settings
        self._picked: dict[str, object] = {}  # for the load that is on its way; kept once it has loaded
        self._saved_over: dict[
            str, object
        ] = {}  # what the settings were that a dialog has changed since a model loaded
        self._before: ModelReady | None = None  # loaded when the load began
        self._wanted: set[str] = set()  # models that are loaded once they are here
        self._started = False
        self._chosen = False  # something was loaded or picked: nothing more happens by itself

    def set_settings(self, settings: Settings) -> None:
        """What the next load is made with."""
        self._settings = settings

    @property
    def asked(self) -> Settings:
        """The settings with what was picked for the load that is on its way."""
        return changed(self._settings, **self._picked)

    def name(self, target: str) -> str:
        """What people call a model."""
        return model_label(target, self.items or ())

    def start(self) -> None:
        """Load the chosen model as soon as the catalog is known."""
        self._started = True
        self._load_first()

    def on_catalog_changed(self, event: CatalogChanged) -> None:
        """The models people can choose."""
        self.items = event.items
        self._load_first()

    def nothing_here(self) -> bool:
        """Whether there is no model to load: the person has to download or open one."""
        idle = self.ready is None and self.loading is None and not self._chosen
        return idle and not any(item.path for item in self.items or ())

    def pick(self, setting: str, value: str) -> None:
        """A person chose a target, a draft, a device or a number format."""
        item = next((item for item in self.items or () if item.id == value), None)
        if setting == "target" and item is not None and not item.path:
            self.download(value)
        elif setting == "device":
            self._pick_device(value)
        elif value != getattr(self.asked, setting) or self.ready is None:
            self._picked[setting] = value
            self.load()

    def _pick_device(self, value: str) -> None:
        """The device of this target from now on; other targets keep theirs."""
        s = self.asked
        if value != s.device_for(s.target) or self.ready is None:
            self._picked["devices"] = {**s.devices, s.target: value}
            self.load()

    def choice(self) -> LoadChoice:
        """The load that the settings and what was picked ask for."""
        s = self.asked
        return LoadChoice(s.target, s.draft, s.device_for(s.target), s.dtype, s.context_length or None, s.learn)

    def load(self) -> None:
        """Load what the settings say."""
        self._chosen = True
        self._before = self.ready or self._before
        self.ready = None
        self.loading = self.choice()
        self.load_requested.emit(self.loading)

    def load_after(self, before: Settings) -> None:
        """Load again if there is a model and the settings now ask for another load than ``before``."""
        other = {name: getattr(before, name) for name in LOAD_SETTINGS}
        other = {name: value for name, value in other.items() if value != getattr(self._settings, name)}
        if other and (self.ready is not None or self.loading is not None):
            self._saved_over = {**other, **self._saved_over}
            self.load()

    def download(self, model_id: str) -> None:
        """Fetch a model; it is loaded when it is here."""
        self._wanted.add(model_id)
        self.download_requested.emit(model_id)

    def on_download_done(self, event: DownloadDone) -> None:
        """A model is here; load it if that is what it was fetched for."""
        if event.model_id in self._wanted:
            self._wanted.discard(event.model_id)
            self._picked["target"] = event.model_id
            self.load()

    def on_download_failed(self, event: DownloadFailed) -> None:
        """It did not arrive."""
        self._wanted.discard(event.model_id)

    def on_model_ready(self, event: ModelReady) -> None:
        """A model is loaded: the one that was asked for, or in mid load the one from before, which is back."""
        self.ready, self._before = event, None
        if not self.returning:
            self.loading = None
            picked, self._picked, self._saved_over = self._picked, {}, {}
            if picked:
                self.settings_loaded.emit(picked)

    def on_load_progress(self, event: LoadProgress) -> None:
        """A step of loading."""
        self.returning = self.returning or event.stage == "bring_back"

    def on_unloaded(self) -> None:
        """The model is gone, or its loading was stopped."""
        self._give_up()
        self.ready = None

    def on_failed(self, event: events.Failed) -> bool:
        """Something outside a reply failed; True when it was a load."""
        if self.loading is None:
            return False
        if event.kept:
            self.ready = self.ready or self._before
        else:
            self.ready = None
        self._give_up()
        return True

    def _give_up(self) -> None:
        """What was asked for is not loaded: nothing of it is kept."""
        restored = self._saved_over
        self.loading, self._before, self.returning = None, None, False
        self._picked, self._saved_over = {}, {}
        if restored:
            self.settings_loaded.emit(restored)

    def _load_first(self) -> None:
        if not self._started or self._chosen or self.items is None:
            return
        target = first_target(self._settings.target, self.items)
        if target:
            if target != self._settings.target:
                self._picked["target"] = target
            self.load()


def first_target(chosen: str, items: tuple[CatalogItem, ...]) -> str:
    """What to load at the start: the choice if it is here, otherwise the first model that is; empty for none."""
    here = [item.id for item in items if item.path]
    known = any(item.id == chosen for item in items)
    if chosen in here or (here and not known):  # a path nobody knows is tried: its error says more than silence
        return chosen
    return here[0] if here else ""
