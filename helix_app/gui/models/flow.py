"""Which model is to be loaded, and when. No widgets: they watch the state that this changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from helix_app.base.remote import is_remote
from helix_app.base.settings import Settings
from helix_app.gui.kit.model_choices import OPEN_REMOTE
from helix_app.gui.routing import Handlers
from helix_app.gui.state import Model, State
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed
from helix_app.protocol.models.loading import DevicesFound, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import CatalogItem, LoadChoice, StopAt

LOAD_SETTINGS = (
    "target",
    "draft",
    "device",
    "devices",
    "dtype",
    "context_length",
    "cache_tokens",
    "learn",
)  # a change of these loads again


class ModelFlow(QObject):
    """From the catalog and what a person picks to downloads and loads.

    Signals:
        load_requested: a LoadChoice.
        download_requested: fetch the model of this catalog id.
        remote_requested: a server is to be named.
    """

    load_requested = Signal(object)
    download_requested = Signal(str)
    remote_requested = Signal()

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._returning = False  # a load failed, and the model from before is being loaded again
        self._saved_over: dict[str, object] = {}  # the settings before a dialog changed them, until a model has loaded
        self._before: ModelReady | None = None  # loaded when the load began
        self._wanted: set[str] = set()  # models that are loaded once they are here
        self._drafts: dict[str, str] = {}  # by such a model, the draft that it waits for
        self._waiting: set[str] = set()  # such models that are here
        self._started = False
        self._chosen = False  # something was loaded or picked: nothing more happens by itself
        self._asked: dict[str, object] = {}  # settings of the last load that was asked for
        self._accepted: LoadChoice | None = None  # loaded, or wanted whatever memory it takes: no question any more

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            CatalogChanged: self.on_catalog_changed,
            DevicesFound: self.on_devices_found,
            DownloadDone: self.on_download_done,
            DownloadFailed: self.on_download_failed,
            LoadProgress: self.on_load_progress,
            ModelReady: self.on_model_ready,
            Unloaded: self.on_unloaded,
            events.CompareDone: self.on_compare_done,
        }

    # ------------------------------------------------------------------ what is asked for

    def start(self) -> None:
        """Load the chosen model as soon as the catalog is known."""
        self._started = True
        self._load_first()

    def nothing_here(self) -> bool:
        """Whether there is no model to load: the person has to download or open one."""
        idle = self._state.ready is None and self._state.loading is None and not self._chosen
        return idle and not any(item.path and not item.head for item in self._state.items)

    def pick(self, setting: str, value: str) -> None:
        """A person chose a target, a draft, a device, a number format or a mode; nothing with an empty value."""
        s = self._state.asked
        item = next((item for item in self._state.items if item.id == value), None)
        if not value:
            return
        if value == OPEN_REMOTE:
            self.remote_requested.emit()
            return
        if setting == "mode":
            self._state.change(mode=value)
        elif setting == "target" and item is not None and not item.path:
            self.download(value)
        elif setting == "device":  # of this target from now on; other targets keep theirs
            if value != s.device_for(s.target) or self._state.ready is None:
                self.load(devices={**s.devices, s.target: value})
        elif value != getattr(s, setting) or self._state.ready is None:
            self.load(**{setting: value})

    def load(self, **picked: object) -> None:
        """Load what the settings say, with what was picked for this load; that is kept once it has loaded.

        A load that would leave little memory is stopped for a question, unless that was answered before. A draft head
        was made for one target: with another one the draft is auto.
        """
        asked = self._state.asked
        headed = any(item.head and asked.draft in (item.id, item.path) for item in self._state.items)
        if headed and "draft" not in picked and picked.get("target", asked.target) != asked.target:
            picked["draft"] = "auto"
        self._load("tight", picked)

    @property
    def asked_last(self) -> dict[str, object]:
        """A copy of the settings of the last load that was asked for, also after it failed."""
        return dict(self._asked)

    def load_anyway(self, asked: Mapping[str, object]) -> None:
        """A load that was stopped, whatever memory it takes."""
        self._load("never", asked)

    def _load(self, stop_at: StopAt, picked: Mapping[str, object], returns: bool = True) -> None:
        """``returns``: what is loaded now is what the window shows, and there again if this load fails."""
        self._chosen = True
        self._before = (self._state.ready or self._before) if returns else None
        choice = self._state.begin_load({**self._state.model.picked, **picked})
        self._asked = {name: getattr(self._state.asked, name) for name in LOAD_SETTINGS}
        memory = replace(choice, learn=False)  # what decides about its memory
        if stop_at == "never":
            self._accepted = memory
        elif memory == self._accepted:
            stop_at = "never"
        self.load_requested.emit(replace(choice, stop_at=stop_at))

    def load_after(self, before: Settings) -> None:
        """Load again if there is a model and the settings now ask for another load than ``before``."""
        now, state = self._state.settings, self._state
        other = {name: getattr(before, name) for name in LOAD_SETTINGS}
        other = {name: value for name, value in other.items() if value != getattr(now, name)}
        if other and (state.ready is not None or state.loading is not None):
            self._saved_over = {**other, **self._saved_over}
            self.load()

    def close(self) -> None:
        """The window closes: what was saved for a load that is stopped by it stays saved, for the next start."""
        self._saved_over = {}

    def download(self, model_id: str, draft: str = "") -> None:
        """Fetch a model, and a draft for it; it is loaded when both are here, or the draft cannot be had."""
        self._wanted.add(model_id)
        self._drafts.pop(model_id, None)
        if draft:
            self._drafts[model_id] = draft
            self.download_requested.emit(draft)
        self.download_requested.emit(model_id)

    # ------------------------------------------------------------------ events

    def on_catalog_changed(self, event: CatalogChanged) -> None:
        """The models people can choose."""
        self._state.set_catalog(event.items)
        self._load_first()

    def on_devices_found(self, event: DevicesFound) -> None:
        """The devices of this computer; none when nobody could look."""
        if event.devices:
            self._state.set_devices(event.devices)

    def on_download_done(self, event: DownloadDone) -> None:
        """A model is here; load it if that is what it was fetched for."""
        if event.model_id in self._wanted and event.model_id in self._drafts:
            self._waiting.add(event.model_id)
        elif event.model_id in self._wanted:
            self._wanted.discard(event.model_id)
            self.load(target=event.model_id)
        self._draft_is_over(event.model_id)

    def on_download_failed(self, event: DownloadFailed) -> None:
        """It did not arrive."""
        self._wanted.discard(event.model_id)
        self._waiting.discard(event.model_id)
        self._drafts.pop(event.model_id, None)
        self._draft_is_over(event.model_id)

    def _draft_is_over(self, draft: str) -> None:
        """A model that waited for this draft waits no longer."""
        for target in [target for target, other in self._drafts.items() if other == draft]:
            del self._drafts[target]
            if target in self._waiting:
                self._waiting.discard(target)
                self._wanted.discard(target)
                self.load(target=target)

    def on_load_progress(self, event: LoadProgress) -> None:
        """A step of loading."""
        self._returning = self._returning or event.stage == "bring_back"

    def on_model_ready(self, event: ModelReady) -> None:
        """A model is loaded: the one that was asked for, or in mid load the one from before, which is back."""
        self._before = None
        if self._returning:
            self._state.set_model(replace(self._state.model, ready=event))
            return
        self._saved_over = {}
        if self._state.model.picked:
            self._state.change(**self._state.model.picked)
        self._accepted = replace(self._state.choice(), learn=False)
        self._state.set_model(Model(event))

    def on_unloaded(self, _event: Unloaded) -> None:
        """The model is gone, or its loading was stopped (not: replaced by another)."""
        self._give_up(None)

    def on_failed(self, event: events.Failed) -> None:
        """Something outside a reply failed; of a load, the model from before may still be there."""
        if self._state.loading is not None:
            self._give_up((self._state.ready or self._before) if event.kept else None)

    def on_compare_done(self, event: events.CompareDone) -> None:
        """A comparison is over; what a person chose is loaded again if an arm had something else."""
        if event.reload and self._state.loading is None:
            self._load("never" if self._state.ready is not None else "tight", {}, returns=False)

    def _give_up(self, kept: ModelReady | None) -> None:
        """What was asked for is not loaded: nothing of it stays, and what a dialog saved for it is as it was."""
        restored, self._saved_over = self._saved_over, {}
        self._before, self._returning = None, False
        if kept is None:
            self._accepted = None
        if restored:
            self._state.change(**restored)
        self._state.set_model(Model(kept, kept=kept is not None))

    def _load_first(self) -> None:
        if not self._started or self._chosen or not self._state.known:
            return
        chosen = self._state.settings.target
        target = first_target(chosen, self._state.items)
        if target:  # what was loaded before is loaded again, if it fits at all
            self._load("short", {} if target == chosen else {"target": target})


def first_target(chosen: str, items: tuple[CatalogItem, ...]) -> str:
    """What to load at the start: the choice if it is here, otherwise the first model that is; empty for none."""
    here = [item.id for item in items if item.path and not item.head]
    known = any(item.id == chosen for item in items)
    # a path nobody knows is tried: its error says more than silence
    if chosen in here or is_remote(chosen) or (here and not known):
        return chosen
    return here[0] if here else ""
