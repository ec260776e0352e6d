"""What a window is about, as its parts watch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, Signal

from helix_app.base.settings import Settings, changed
from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.models.loading import MemoryUse, ModelReady
from helix_app.protocol.requests import CatalogItem, DeviceItem, LoadChoice

Work = Literal["reply", "compare", "benchmark"]  # what keeps the engine to itself
ORDER: tuple[Work, ...] = ("reply", "compare", "benchmark")
REFUSALS = {"compare": "bench_compare_running", "benchmark": "bench_running"}  # codes of messages.py


@dataclass(frozen=True)
class Model:
    """What answers, and what is to answer.

    Attributes:
        ready: the model that is loaded, if any.
        loading: what is being loaded, if anything. A model beside it is the one from before, which is back after a load
            that failed and is not over yet.
        picked: settings that were picked for that load; they are in effect once it has loaded.
        kept: another load failed, and ``ready`` is still there with all that its cache holds.
    """

    ready: ModelReady | None = None
    loading: LoadChoice | None = None
    picked: Mapping[str, object] = field(default_factory=dict)
    kept: bool = False


class State(QObject):
    """The truth under a window: its parts are given it, show it and watch it, and do not tell each other.

    A signal comes after what it tells of, so that whoever hears it can read the state.

    Signals:
        settings_changed: other settings, or another seed, are in effect.
        catalog_changed: there are other models to choose from.
        devices_changed: the devices of this computer are known.
        machine_changed: the memory of this computer was measured.
        load_began: another model is being loaded; ``model_changed`` follows.
        model_changed: a model is being loaded, is there, or is gone.
        occupied_changed: the engine was taken, or is free again.
        chat_cleared: a new conversation began.
    """

    settings_changed = Signal()
    catalog_changed = Signal()
    devices_changed = Signal()
    machine_changed = Signal()
    load_began = Signal()
    model_changed = Signal()
    occupied_changed = Signal()
    chat_cleared = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._seed: int | None = None
        self._items: tuple[CatalogItem, ...] | None = None
        self._devices: tuple[DeviceItem, ...] = ()
        self._machine: MachineMeasured | None = None
        self._model = Model()
        self._work: dict[Work, frozenset[str]] = {}  # with the models that it needs
        self._elsewhere: frozenset[str] = frozenset()  # ids of the replies of other conversations

    # ------------------------------------------------------------------ settings

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self._settings

    @property
    def seed(self) -> int | None:
        """The seed of this session's replies; None draws one for each."""
        return self._seed

    def change(self, **values: object) -> None:
        """Set some of the settings."""
        self.set_settings(changed(self._settings, **values), self._seed)

    def set_settings(self, settings: Settings, seed: int | None) -> None:
        """Let other settings and another seed be in effect."""
        self._settings, self._seed = settings, seed
        self.settings_changed.emit()

    # ------------------------------------------------------------------ what there is

    @property
    def known(self) -> bool:
        """Whether the catalog is known."""
        return self._items is not None

    @property
    def items(self) -> tuple[CatalogItem, ...]:
        """The models to choose from, here or to be fetched."""
        return self._items or ()

    def set_catalog(self, items: tuple[CatalogItem, ...]) -> None:
        """These are the models to choose from."""
        self._items = items
        self.catalog_changed.emit()

    @property
    def devices(self) -> tuple[DeviceItem, ...]:
        """The devices of this computer; none as long as nobody has looked."""
        return self._devices

    def set_devices(self, devices: tuple[DeviceItem, ...]) -> None:
        """These are the devices of this computer."""
        self._devices = devices
        self.devices_changed.emit()

    @property
    def memory(self) -> MemoryUse | None:
        """The memory of this computer and its card: as the engine tells, or as it was measured without a model.

        None where neither is known.
        """
        if self.ready is not None and self.ready.memory is not None:
            return self.ready.memory
        if self._machine is None or self._machine.memory_bytes is None:
            return None
        cards = [size for _, size in self._machine.cards]
        cards += [item.memory_bytes for item in self._devices if item.kind != "cpu"]
        return MemoryUse(
            total=self._machine.memory_bytes, device_total=max((size or 0 for size in cards), default=None)
        )

    def set_machine(self, machine: MachineMeasured) -> None:
        """This was measured of this computer."""
        self._machine = machine
        self.machine_changed.emit()

    # ------------------------------------------------------------------ the model

    @property
    def model(self) -> Model:
        """What answers, and what is to answer."""
        return self._model

    @property
    def ready(self) -> ModelReady | None:
        """The model that is loaded, if any."""
        return self._model.ready

    @property
    def loading(self) -> LoadChoice | None:
        """What is being loaded, if anything."""
        return self._model.loading

    @property
    def coming(self) -> bool:
        """Whether nothing answers yet, but a model is being loaded."""
        return self._model.ready is None and self._model.loading is not None

    @property
    def asked(self) -> Settings:
        """The settings with what was picked for the load that is on its way."""
        return changed(self._settings, **self._model.picked)

    def choice(self) -> LoadChoice:
        """The load that ``asked`` asks for."""
        return load_choice(self.asked)

    def begin_load(self, picked: Mapping[str, object]) -> LoadChoice:
        """Another model is being loaded, by the settings with what was ``picked``; nothing answers meanwhile."""
        choice = load_choice(changed(self._settings, **picked))
        self._model = Model(loading=choice, picked=dict(picked))
        self.load_began.emit()
        self.model_changed.emit()
        return choice

    def set_model(self, model: Model) -> None:
        """A model is there, or is gone."""
        self._model = model
        self.model_changed.emit()

    # ------------------------------------------------------------------ who has the engine

    @property
    def occupied(self) -> Work | None:
        """What has the engine; None while it is free."""
        return next((work for work in ORDER if work in self._work), None)

    @property
    def needed(self) -> Mapping[Work, frozenset[str]]:
        """Ids and paths of the models that whatever has the engine is yet to load, or may load again."""
        return {work: self._work[work] for work in ORDER if work in self._work}

    def begin(self, work: Work, models: Iterable[str] = ()) -> None:
        """The engine is taken, by work that loads these models."""
        self._occupy({**self._work, work: frozenset(models)})

    def end(self, work: Work) -> None:
        """It is free again."""
        self._occupy({other: models for other, models in self._work.items() if other != work})

    def _occupy(self, work: dict[Work, frozenset[str]]) -> None:
        before, self._work = self.occupied, work
        if self.occupied != before:
            self.occupied_changed.emit()

    def refusal(self, replying: str) -> str:
        """Why nothing can be measured now, as a code of messages.py; ``replying`` while a reply is being written."""
        if self.ready is not None and self.ready.remote:
            return "remote_no_measure"
        if self.occupied is not None:
            return REFUSALS.get(self.occupied, replying)
        return "bench_load_running" if self.loading is not None else ""

    # ------------------------------------------------------------------ the conversation

    def is_current(self, request_id: str) -> bool:
        """Whether a reply is of this conversation, as far as is known."""
        return request_id not in self._elsewhere

    def clear_chat(self) -> None:
        """A new conversation began."""
        self.chat_cleared.emit()

    def set_elsewhere(self, request_ids: Iterable[str]) -> None:
        """These replies are of conversations that are not shown; they are written on."""
        self._elsewhere = frozenset(request_ids)


def load_choice(s: Settings) -> LoadChoice:
    """The load that settings ask for. A layer of the target's own may have been chosen with another target: it is not
    insisted on."""
    context, cache = s.context_length or None, s.cache_tokens or None
    device, required = s.device_for(s.target), s.draft != "mtp"
    return LoadChoice(s.target, s.draft, device, s.dtype, context, s.learn, cache, draft_required=required)
