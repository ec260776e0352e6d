"""The bar above the conversation: which model, which draft, where it runs and how."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolBar, QWidget

from helix_app.base.remote import is_remote
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import SEPARATOR, Choice, Picker, ThemedButton
from helix_app.gui.kit.model_choices import OPEN_FILE, OPEN_FOLDER, OPEN_REMOTE, model_label
from helix_app.gui.kit.open_dialogs import ask_model
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.pairs import EXAMINE, Pairs
from helix_app.gui.models.suggestion import too_large
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.requests import CatalogItem, DeviceItem


class Toolbar(QToolBar):
    """Pickers for what is loaded and how it decodes, and buttons for a new chat and the settings.

    Attributes:
        target, draft, device, dtype, mode: the pickers.
        pairs: which models can draft, and the dialog about them.

    Signals:
        picked: (setting, value) chosen by a person; empty where they changed their mind.
    """

    picked = Signal(str, str)

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mainToolbar")
        self.setWindowTitle(self.tr("Models and settings"))
        self.setMovable(False)
        self.setFloatable(False)
        self._state = state
        self.pairs = Pairs(theme, state, self)
        self.new_chat = ThemedButton(theme, symbol="new-chat", kind="icon", name=self.tr("New chat"))
        self.new_chat.setToolTip(self.tr("New chat"))
        self.chats = ThemedButton(theme, symbol="sidebar", kind="icon", name=self.tr("Show or hide conversations"))
        self.chats.setToolTip(self.tr("Conversations"))
        self.chats.setCheckable(True)
        self.target = Picker(theme, self.tr("Target"), self.tr("Target model"), least=136, term="target")
        self.draft = Picker(theme, self.tr("Draft"), self.tr("Draft"), least=104, term="draft")
        self.device = Picker(theme, "", self.tr("Device"), least=88, term="device")
        self.dtype = Picker(theme, "", self.tr("Number format"), least=88, term="dtype")
        self.mode = Picker(theme, "", self.tr("Decoding"), least=104, term="speculative")
        self.live = ThemedButton(theme, symbol="panel", kind="icon", name=self.tr("Show or hide the live panel"))
        self.live.setToolTip(self.tr("Live panel"))
        self.live.setCheckable(True)
        self.options = ThemedButton(theme, symbol="settings", kind="icon", name=self.tr("Settings"))
        self.options.setToolTip(self.tr("Settings"))
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.chats)
        layout.addWidget(self.new_chat)
        for picker in self.pickers().values():
            layout.addWidget(picker)
        layout.addStretch(1)
        layout.addWidget(self.options)
        layout.addWidget(self.live)
        self._row = row
        self.addWidget(row)
        for name, picker in self.pickers().items():
            picker.picked.connect(lambda value, name=name: self._on_picked(name, value))
        self.pairs.draft_chosen.connect(lambda value: self.picked.emit("draft", value))
        self.pairs.changed.connect(self.on_state_changed)
        for changed in (
            state.settings_changed,
            state.catalog_changed,
            state.devices_changed,
            state.machine_changed,
            state.model_changed,
            state.occupied_changed,
        ):
            changed.connect(self.on_state_changed)
        self.on_state_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Captions give way to values where there is not room for both."""
        pickers = self.pickers().values()
        left_out = sum(picker.wanted_width(True) - picker.wanted_width() for picker in pickers)
        room = self.width() >= self._row.sizeHint().width() + left_out
        for picker in pickers:
            picker.show_caption(room)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return self.pairs.handlers()

    def _on_picked(self, name: str, value: str) -> None:
        if value == EXAMINE:
            self.pairs.open_dialog()
        else:
            self.picked.emit(name, ask_model(self.window(), value))

    def show_chats(self, shown: bool) -> None:
        """Whether conversations are listed, with a button for a new one of their own."""
        self.chats.setChecked(shown)
        self.new_chat.setVisible(not shown)

    def pickers(self) -> dict[str, Picker]:
        """The pickers by the setting they change."""
        return {
            "target": self.target,
            "draft": self.draft,
            "mode": self.mode,
            "device": self.device,
            "dtype": self.dtype,
        }

    def on_state_changed(self) -> None:
        """Show what is chosen and what is in effect; nothing else can be loaded while a benchmark runs."""
        self._fill()
        locked = self._state.occupied == "benchmark"
        remote = is_remote(self._state.asked.target)
        for picker in (self.target, self.draft, self.device, self.dtype):
            picker.setEnabled(not locked and not (remote and picker is not self.target))
            if remote and picker is not self.target:
                picker.setToolTip(self.tr("The server decides this"))
            if locked:
                picker.setToolTip(self.tr("A benchmark is running"))
        self.mode.setEnabled(not remote)
        if remote:
            self.mode.setToolTip(self.tr("The server decides this"))
            for picker in (self.draft, self.device, self.dtype, self.mode):
                picker.set_value("", figures.UNKNOWN)
        self._fit()

    def _fill(self) -> None:
        s, ready = self._state.asked, self._state.ready
        self.target.set_choices(self._target_choices())
        self.target.set_value(s.target, model_label(s.target, self._state.items))
        if ready is not None and ready.target_file:
            self.target.setToolTip(f"{self.target.toolTip()}\n{ready.target_file}")
        self.draft.set_choices(self._draft_choices())
        self.draft.set_value(s.draft, self._draft_shown())
        auto = self.tr("Auto")
        self.device.set_choices(self._device_choices())
        self.dtype.set_choices(
            [
                Choice("auto", auto),
                Choice("packed", self.tr("packed"), self.tr("the file's own blocks")),
                Choice("float32", "float32"),
                Choice("bfloat16", "bfloat16"),
                Choice("float16", "float16"),
                Choice("int4", "int4", self.tr("4-bit weights, an approximation")),
            ]
        )
        device = "" if ready is None else figures.device(ready.device)
        dtype = "" if ready is None else ready.dtype
        chosen = s.device_for(s.target)
        self.device.set_value(chosen, self._auto(device) if chosen == "auto" else device or figures.device(chosen))
        self.dtype.set_value(s.dtype, self._auto(dtype) if s.dtype == "auto" else dtype)
        self.mode.set_choices(
            [
                Choice("speculative", self.tr("Speculative"), self.tr("drafts, and the target checks them")),
                Choice("autoregressive", self.tr("Plain"), self.tr("a token a pass, nothing drafted")),
            ]
        )
        self.mode.set_value(s.mode)

    def _auto(self, effective: str) -> str:
        return self.tr("Auto: {value}").format(value=effective) if effective else ""

    def _target_choices(self) -> list[Choice]:
        here = [item for item in self._state.items if item.path and not item.head]
        away = [item for item in self._state.items if not item.path]
        choices = [Choice(item.id, item.name, figures.size(item.size_bytes)) for item in here]
        if here and away:
            choices.append(SEPARATOR)
        choices += [self._away_choice(item) for item in away]
        if choices:
            choices.append(SEPARATOR)
        choices.append(Choice(OPEN_FILE, self.tr("Open file…"), symbol="file"))
        choices.append(Choice(OPEN_FOLDER, self.tr("Open folder…"), symbol="folder"))
        choices.append(Choice(OPEN_REMOTE, self.tr("Use a server…"), symbol="server"))
        return choices

    def _away_choice(self, item: CatalogItem) -> Choice:
        """A model that can be fetched, and whether this computer has the memory for it."""
        size = figures.size(item.download_bytes or item.size_bytes)
        detail = self.tr("download {size}")
        if not too_large(item.memory_gb, self._state.memory):
            return Choice(item.id, item.name, detail.format(size=size), "download")
        detail = self.tr("download {size}, too large here")
        tip = self.tr("It is for {memory} GB of memory, which is more than this computer has.")
        return Choice(item.id, item.name, detail.format(size=size), "download", tip=tip.format(memory=item.memory_gb))

    def _device_choices(self) -> list[Choice]:
        """Auto, then each adapter that was found; kinds alone as long as nobody has looked."""
        auto = Choice("auto", self.tr("Auto"), self.tr("the best at hand"))
        if not self._state.devices:
            return [auto, *(Choice(code, figures.device(code)) for code in ("directml", "cuda", "cpu"))]
        found = [self._device_choice(item) for item in self._state.devices]
        chosen = self._state.asked.device_for(self._state.asked.target)
        if chosen != "auto" and all(choice.value != chosen for choice in found):
            found.append(Choice(chosen, figures.device(chosen)))  # of another day, or a kind without a number
        return [auto, SEPARATOR, *found]

    def _device_choice(self, item: DeviceItem) -> Choice:
        label = self.tr("{kind}: {name}").format(kind=figures.device(item.kind), name=item.name)
        return Choice(item.value, label, figures.memory(item.memory_bytes), short=figures.device(item.value))

    def _draft_choices(self) -> list[Choice]:
        choices = [
            Choice("auto", self.tr("Auto"), self.tr("the best at hand")),
            Choice("none", self.tr("None"), self.tr("plain decoding")),
            Choice("ngram", self.tr("N-gram"), self.tr("drafts from the text itself")),
            self._own_layer_choice(),
            Choice("self-int4", self.tr("Self, 4 bits"), self.tr("the target itself, in fewer bits")),
            Choice("self-int8", self.tr("Self, 8 bits"), self.tr("the target itself, in fewer bits")),
        ]
        others = list(self.pairs.choices())
        if others:
            choices += [SEPARATOR, *others]
        choices.append(SEPARATOR)
        choices.append(Choice(OPEN_FILE, self.tr("Open file…"), symbol="file"))
        choices.append(Choice(OPEN_FOLDER, self.tr("Open folder…"), symbol="folder"))
        if others:
            there = self._state.ready is not None
            choices += [SEPARATOR, Choice(EXAMINE, self.tr("Examine a pair…"), symbol="info", enabled=there)]
        return choices

    def _own_layer_choice(self) -> Choice:
        """The draft that is a layer of the model's own; greyed out, with the reason, where its file has none."""
        label, ready = self.tr("Own layer (MTP)"), self._state.ready
        if ready is None or ready.next_token:
            return Choice("mtp", label, self.tr("a layer of the target that drafts"))
        tip = self.tr("This model's file has no layer that drafts. Few models have one, and small files often lack it.")
        return Choice("mtp", label, self.tr("not in this file"), enabled=False, tip=tip)

    def _draft_shown(self) -> str:
        chosen, ready = self._state.asked.draft, self._state.ready
        words = {
            "none": self.tr("none"),
            "ngram": self.tr("n-gram"),
            "mtp": self.tr("own layer"),
            "self-int4": self.tr("self, 4 bits"),
            "self-int8": self.tr("self, 8 bits"),
        }
        effective = "" if ready is None else words.get(ready.draft, ready.draft_name or self.tr("model"))
        if ready is not None and ready.draft == "reencoded":
            effective = self.tr("{draft} (re-encoded)").format(draft=ready.draft_name)
        if ready is not None and ready.draft == "head":
            effective = self.tr("{draft} (head)").format(draft=ready.draft_name)
        if chosen == "auto":
            if ready is not None and ready.draft.startswith("self-"):
                effective = self.tr("n-gram + self")
            if ready is not None and ready.draft == "mtp":
                effective = self.tr("n-gram + own layer")
            return self._auto(effective)
        if chosen == "mtp" and ready is not None and ready.draft != chosen:
            return effective  # it was chosen with another target
        if chosen in words:
            return ""
        if ready is not None and ready.draft != "model":
            return effective  # re-encoded, or the chosen draft could not be used
        return model_label(chosen, self._state.items)
