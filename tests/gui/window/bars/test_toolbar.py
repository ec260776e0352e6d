"""The bar above the conversation: what is chosen, what is in effect, and what can be picked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from helix_app.base import messages
from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State
from helix_app.gui.window.bars.toolbar import OPEN_FILE, OPEN_FOLDER, OPEN_REMOTE, Toolbar
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.settling import load, settle

pytestmark = pytest.mark.styled


def test_pickers_show_what_is_in_effect(window: MainWindow) -> None:
    bar = window.toolbar
    assert bar.target.shown() == "SmolLM2 135M Instruct"
    assert bar.draft.shown() == "Auto: n-gram"
    assert bar.device.shown() == "Auto: CPU"
    assert bar.dtype.shown() == "Auto: bfloat16"
    window.on_event(fake.ready(draft="model", draft_name="SmolLM2 tiny", device="directml", dtype="float16"))
    assert (bar.draft.shown(), bar.device.shown(), bar.dtype.shown()) == (
        "Auto: SmolLM2 tiny",
        "Auto: DirectML",
        "Auto: float16",
    )


@pytest.mark.parametrize(("setting", "value"), [("draft", "none"), ("dtype", "float32"), ("draft", "ngram")])
def test_a_change_loads_again(window: MainWindow, setting: str, value: str) -> None:
    loads, saved = record(window.load_requested), record(window.settings_changed)
    getattr(window.toolbar, setting).pick(value)
    assert getattr(loads[-1], setting) == value
    assert loads[-1].target == fake.SMOL.id
    assert saved == []  # kept once it has loaded
    window.on_event(fake.ready())
    assert getattr(saved[-1], setting) == value
    getattr(window.toolbar, setting).menu_actions()[0].trigger()
    assert len(loads) == 2


def test_mode_changes_without_loading(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.toolbar.mode.pick("autoregressive")
    assert loads == []
    assert window.settings.mode == "autoregressive"
    assert window.toolbar.mode.shown() == "Plain"
    assert window.status.speculation.text() == "speculation off"


def test_opening_a_file_as_target(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = record(window.load_requested)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("", ""))
    window.toolbar.target.pick(OPEN_FILE)
    assert loads == []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("/x/My model.gguf", ""))
    window.toolbar.target.pick(OPEN_FILE)
    assert loads[-1].target == "/x/My model.gguf"
    assert window.toolbar.target.shown() == "My model.gguf"


@pytest.mark.parametrize(
    ("chosen", "effective", "shown"),
    [
        ("auto", "ngram", "Auto: n-gram"),
        ("auto", "self-int4", "Auto: n-gram + self"),
        ("auto", "mtp", "Auto: n-gram + own layer"),
        ("mtp", "mtp", "Own layer (MTP)"),
        ("mtp", "ngram", "n-gram"),
        ("auto", "none", "Auto: none"),
        ("ngram", "ngram", "N-gram"),
        ("self-int4", "self-int4", "Self, 4 bits"),
        ("self-int8", "self-int8", "Self, 8 bits"),
    ],
)
def test_the_draft_in_effect(window: MainWindow, chosen: str, effective: str, shown: str) -> None:
    loads = record(window.load_requested)
    if chosen != "auto":
        window.toolbar.draft.pick(chosen)
        assert loads[-1].draft == chosen
    window.on_event(fake.ready(draft=effective))
    assert window.toolbar.draft.shown() == shown
    off = effective == "none"
    assert window.status.speculation.text() == ("speculation off: no draft" if off else "speculation on")


@pytest.mark.parametrize("there", [True, False])
def test_a_draft_by_an_own_layer_takes_a_file_that_has_one(bar: Toolbar, state: State, there: bool) -> None:
    state.set_model(Model(fake.ready(next_token=there)))
    (choice,) = [choice for choice in bar.draft.choices() if choice.value == "mtp"]
    assert (choice.enabled, bool(choice.tip)) == (there, not there)


def test_four_bit_weights(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.toolbar.dtype.pick("int4")
    assert loads[-1].dtype == "int4"
    window.on_event(fake.ready(dtype="int4"))
    assert window.toolbar.dtype.shown() == "int4"
    assert window.status.place.text() == "CPU · int4"
    window.on_event(fake.ready(dtype="bfloat16"))  # int4 would not be faster there
    assert window.toolbar.dtype.shown() == "bfloat16"
    sentence = messages.notice_text("int4_unavailable", {"device": "CPU"})
    window.on_event(events.Notice("int4_unavailable", (("device", "CPU"),)))
    assert window.chat.notices.sentences() == [sentence]


@pytest.fixture
def bar(theme: Theme, state: State, qtbot: QtBot) -> Toolbar:
    """The bar by itself: one model here, one to be fetched."""
    made = Toolbar(theme, state)
    qtbot.addWidget(made)
    state.set_catalog((fake.here(fake.SMOL), fake.BIG))
    return made


def test_what_is_here_comes_before_what_would_be_downloaded(bar: Toolbar) -> None:
    shown = [(choice.label, choice.detail) for choice in bar.target.choices() if not choice.separator]
    assert shown[:2] == [(fake.SMOL.name, "145 MB"), (fake.BIG.name, "download 1.6 GB")]
    assert [choice.value for choice in bar.target.choices()][-3:] == [OPEN_FILE, OPEN_FOLDER, OPEN_REMOTE]


def test_a_model_that_is_here_may_draft_for_another(bar: Toolbar, state: State) -> None:
    def models() -> list[str]:
        return [choice.value for choice in bar.draft.choices() if choice.value in (fake.SMOL.id, fake.BIG.id)]

    assert models() == []  # the only one is the target
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    assert models() == [fake.BIG.id]
    state.change(target=fake.BIG.id)
    assert models() == [fake.SMOL.id]


def test_a_pick_is_told_and_shown_by_the_state(bar: Toolbar, state: State) -> None:
    picked: list[tuple[str, str]] = []
    bar.picked.connect(lambda setting, value: picked.append((setting, value)))
    for setting, picker in bar.pickers().items():
        picker.pick("auto")
        assert picked[-1] == (setting, "auto")
    assert bar.mode.value == "speculative"
    state.change(mode="autoregressive")
    assert bar.mode.shown() == "Plain"


def test_a_benchmark_locks_what_would_load(bar: Toolbar, state: State) -> None:
    state.begin("benchmark")
    assert [picker.isEnabled() for picker in bar.pickers().values()] == [False, False, True, False, False]
    assert bar.target.toolTip() == "A benchmark is running"
    state.end("benchmark")
    assert bar.target.isEnabled()
    assert "benchmark" not in bar.target.toolTip()


def test_a_draft_that_could_not_be_used_is_not_shown_as_if_it_were(bar: Toolbar, state: State) -> None:
    state.change(draft="/x/other.gguf")
    assert bar.draft.shown() == "other.gguf"
    state.set_model(Model(fake.ready(draft="ngram")))
    assert bar.draft.shown() == "n-gram"
    state.set_model(Model(fake.ready(draft="model", draft_name="Other")))
    assert bar.draft.shown() == "other.gguf"


def test_where_the_target_lies_is_in_its_tooltip(bar: Toolbar, state: State) -> None:
    state.set_model(Model(fake.ready(target_file="/models/smol/model.gguf")))
    assert "/models/smol/model.gguf" in bar.target.toolTip()


def test_captions_give_way_to_values(window: MainWindow) -> None:
    load(window)
    window.resize(1280, 800)
    settle()
    target, draft = window.toolbar.target, window.toolbar.draft
    assert target.captioned
    whole = window.toolbar._row.sizeHint().width()
    window.resize(whole - 40, 700)
    settle()
    assert not target.captioned
    assert not draft.captioned
    assert draft.width() >= draft.wanted_width()
    window.resize(1600, 800)
    settle()
    assert target.captioned


def test_captions_that_have_no_room_do_not_come_back_to_be_measured(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(window)
    window.resize(window.toolbar._row.sizeHint().width() - 40, 700)
    settle()
    asked: list[bool] = []
    monkeypatch.setattr(Picker, "show_caption", lambda _, shown: asked.append(shown))
    window.toolbar.on_state_changed()
    assert set(asked) == {False}


def test_a_model_that_is_too_large_here_says_so_before_it_is_fetched(window: MainWindow) -> None:
    window.on_event(CatalogChanged((fake.here(fake.SMOL), replace(fake.BIG, memory_gb=24))))
    window.on_event(fake.ready(memory=replace(fake.MEMORY, total=16 * 2**30)))
    (large,) = [choice for choice in window.toolbar.target.choices() if choice.value == fake.BIG.id]
    assert large.detail == "download 1.6 GB, too large here"
    assert large.tip == "It is for 24 GB of memory, which is more than this computer has."
    assert large.enabled  # it may be for another computer
