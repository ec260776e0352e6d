"""Which model is loaded, and when: a wrong pick costs nothing, and only what has loaded is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtTest import QTest

from helix_app.gui.models.flow import ModelFlow, first_target
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import LoadChoice
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record

NO_MODEL = events.Failed("model_not_a_model", "", (("path", "/x/notes.gguf"),), kept=True)


def test_a_wrong_pick_leaves_everything_as_it_was(window: MainWindow) -> None:
    chat, saved, loads = Driver(window), record(window.settings_changed), record(window.load_requested)
    chat.ask("hello")
    window.on_event(fake.round_done(chat.requests[-1].request_id, 3))
    window.on_event(fake.snapshot(fake.pool_cells(512)))
    chat.finish("hi")
    window.live.flush()
    before = window.status.context.text(), window.live.blocks.maps["target"].totals.text()
    window.toolbar.target.pick("/x/notes.gguf")
    assert window.toolbar.target.shown() == "notes.gguf"
    assert loads[-1].target == "/x/notes.gguf"
    window.on_event(NO_MODEL)
    assert saved == []
    assert window.settings.target == fake.SMOL.id
    assert window.toolbar.target.shown() == "SmolLM2 135M Instruct"
    assert window.state.ready is not None
    assert window.chat.error.isVisible()
    assert not window.strip.isVisible()
    assert window.actions_.unload.isEnabled()
    assert window.live.blocks.maps["target"].totals.text() == before[1]
    assert not window.live.plots.k_plot.is_empty()
    assert window.status.context.text() == before[0] != "context 0 / 8,192"
    assert window.status.blocks.text() == "KV 165 / 512 blocks"
    assert [m.content for m in chat.ask("and now?").messages] == ["hello", "hi", "and now?"]
    assert len(loads) == 1


def test_a_draft_that_does_not_fit_is_forgotten(window: MainWindow) -> None:
    saved = record(window.settings_changed)
    window.toolbar.draft.pick("/x/other.gguf")
    window.on_event(events.Failed("model_not_found", "", (("path", "/x/other.gguf"),), kept=True))
    assert saved == []
    assert (window.settings.draft, window.toolbar.draft.shown()) == ("auto", "Auto: n-gram")
    window.toolbar.dtype.pick("float32")
    window.on_event(fake.ready(dtype="float32"))
    assert (saved[-1].draft, saved[-1].dtype) == ("auto", "float32")


def test_what_comes_back_after_a_late_failure_is_shown_and_not_the_pick(window: MainWindow) -> None:
    saved = record(window.settings_changed)
    window.toolbar.target.pick("/x/big.gguf")
    window.on_event(LoadProgress("weights", 0.5))
    window.on_event(LoadProgress("bring_back", detail="SmolLM2 135M Instruct"))
    assert window.strip.text.text() == "Bringing back the model from before"
    assert window.strip.figures.text() == "SmolLM2 135M Instruct"
    window.on_event(fake.ready(device="directml"))
    window.on_event(events.Failed("out_of_memory", kept=True))
    assert saved == []
    assert window.settings.target == fake.SMOL.id
    assert window.toolbar.device.shown() == "Auto: DirectML"
    assert not window.strip.isVisible()
    assert window.chat.composer.button.isEnabled()


def test_a_pick_in_mid_load_keeps_the_one_before_it_too(window: MainWindow) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    window.toolbar.draft.pick("none")
    window.toolbar.dtype.pick("float32")
    assert (loads[-1].draft, loads[-1].dtype) == ("none", "float32")
    window.on_event(fake.ready(draft="none", dtype="float32"))
    assert (saved[-1].draft, saved[-1].dtype) == ("none", "float32")


def test_settings_that_do_not_load_are_as_they_were(window: MainWindow) -> None:

    saved = record(window.settings_changed)
    window.preferences.on_saved(replace(window.settings, context_length=1_000_000, temperature=0.1), None)
    window.on_event(events.Failed("out_of_memory", kept=True))
    assert (saved[-1].context_length, saved[-1].temperature) == (0, 0.1)
    assert window.settings.context_length == 0


@pytest.mark.parametrize("stopped", [Unloaded(), events.Failed("load_cancelled")])
def test_settings_whose_load_is_stopped_by_closing_the_window_stay_saved(window: MainWindow, stopped: object) -> None:
    window.closing.connect(lambda: window.on_event(stopped))  # as the engine tells at the end
    window.preferences.on_saved(replace(window.settings, learn=False, context_length=4096), None)
    assert window.state.loading is not None
    window.close()
    assert window.state.loading is None
    assert (window.settings.learn, window.settings.context_length) == (False, 4096)


def test_a_model_that_is_gone_is_said_to_be(window: MainWindow) -> None:
    window.toolbar.target.pick("/x/big.gguf")
    window.on_event(events.Failed("out_of_memory"))
    assert window.state.ready is None
    assert not window.chat.composer.editor.isEnabled()
    assert window.settings.target == fake.SMOL.id


def test_what_is_typed_while_a_model_loads_stays(window: MainWindow) -> None:
    chat = Driver(window)
    editor = window.chat.composer.editor
    window.toolbar.dtype.pick("float32")
    QTest.keyClicks(editor, "first words")
    assert window.chat.hint.text().startswith("The model is still being loaded")
    editor.submitted.emit()
    assert chat.requests == []
    assert window.chat.error.isVisible()
    assert not window.chat.hint.isVisible()  # the same is not said twice
    window.chat.error.close_button.click()
    assert window.chat.hint.isVisible()
    editor.submitted.emit()
    window.on_event(fake.ready(dtype="float32"))
    assert editor.toPlainText() == "first words"
    assert not window.chat.error.isVisible()
    assert not window.chat.hint.isVisible()
    editor.submitted.emit()
    assert chat.requests[-1].messages[-1].content == "first words"


def test_start_loads_the_chosen_model_once(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(draft="ngram", device="cpu", context_length=2048)
    loads = record(window.load_requested)
    window.start()
    assert loads == []
    catalog = CatalogChanged((fake.here(fake.SMOL),))
    window.on_event(catalog)
    window.on_event(catalog)
    assert loads == [LoadChoice(fake.SMOL.id, "ngram", "cpu", "auto", 2048, learn=True)]
    assert window.chat.isVisible()
    assert not window.chat.composer.button.isEnabled()
    assert window.chat.composer.editor.placeholderText() == "Loading SmolLM2 135M Instruct…"


def test_a_layer_of_its_own_is_not_asked_of_another_target(make_window: Callable[..., MainWindow]) -> None:
    """The draft that was chosen with one model stays the choice, and is only wanted of the next one."""
    window = make_window(draft="mtp")
    loads, saved = record(window.load_requested), record(window.settings_changed)
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.here(fake.BIG))))
    window.on_event(fake.ready(draft="mtp", next_token=True))
    window.toolbar.target.pick(fake.BIG.id)
    assert (loads[-1].target, loads[-1].draft, loads[-1].draft_required) == (fake.BIG.id, "mtp", False)
    window.on_event(fake.ready(draft="ngram", next_token=False))
    assert window.toolbar.draft.shown() == "n-gram"
    assert saved[-1].draft == "mtp"
    window.toolbar.draft.pick("ngram")
    assert loads[-1].draft_required


def test_a_head_is_not_asked_of_another_target(make_window: Callable[..., MainWindow]) -> None:
    head = replace(fake.here(fake.BIG), id="/heads/eagle", name="EAGLE head", path="/heads/eagle", head=True)
    window = make_window(draft=head.path)
    loads = record(window.load_requested)
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.here(fake.BIG), head)))
    window.on_event(fake.ready(draft="head"))
    window.toolbar.target.pick(fake.BIG.id)
    assert (loads[-1].target, loads[-1].draft) == (fake.BIG.id, "auto")
    targets = [choice.value for choice in window.benchmark.setup.target.choices() if not choice.separator]
    assert head.id not in targets
    assert first_target(fake.BIG.id, (fake.BIG, head)) == ""


def test_start_takes_what_is_here_when_the_choice_is_not(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(target=fake.BIG.id)
    loads = record(window.load_requested)
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    assert [load.target for load in loads] == [fake.SMOL.id]


def test_a_model_that_is_not_here_is_downloaded_first(window: MainWindow) -> None:
    loads, downloads, cancels = map(
        record, (window.load_requested, window.download_requested, window.download_cancel_requested)
    )
    action = next(a for a in window.toolbar.target.menu_actions() if a.text().startswith("Qwen2.5"))
    assert "download 1.6 GB" in action.text()
    assert not action.icon().isNull()
    action.trigger()
    assert downloads == [fake.BIG.id]
    assert loads == []
    window.on_event(DownloadProgress(fake.BIG.id, "download", 500_000_000, 1_600_000_000, None, None))
    assert window.strip.isVisible()
    assert "31 %" in window.strip.figures.text()
    assert window.chat.composer.editor.isEnabled()  # the loaded model goes on meanwhile
    window.strip.cancel.click()
    assert cancels == [fake.BIG.id]
    window.on_event(DownloadDone(fake.BIG.id, "/m"))
    assert [load.target for load in loads] == [fake.BIG.id]


class Picker:
    """What decides, by itself: a person picks, and the engine answers."""

    def __init__(self, state: State) -> None:
        self.state, self.flow = state, ModelFlow(state)
        self.loads: list[LoadChoice] = record(self.flow.load_requested)
        self.downloads: list[str] = record(self.flow.download_requested)

    def hear(self, event: object) -> None:
        self.flow.handlers()[type(event)](event)


@pytest.fixture
def picker(state: State) -> Picker:
    """One model is on this computer and is loaded, another one is not here."""
    made = Picker(state)
    made.hear(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    made.flow.start()
    made.hear(fake.ready())
    made.loads.clear()
    return made


@pytest.mark.parametrize(
    ("chosen", "items", "target"),
    [
        ("a", (("a", True), ("b", True)), "a"),
        ("a", (("a", False), ("b", True)), "b"),  # it would have to be downloaded
        ("a", (("a", False), ("b", False)), ""),
        ("/x/m.gguf", (("a", True),), "/x/m.gguf"),  # its error says more than silence
        ("/x/m.gguf", (), ""),
    ],
)
def test_what_is_loaded_at_the_start(chosen: str, items: tuple[tuple[str, bool], ...], target: str) -> None:
    made = tuple(replace(fake.SMOL, id=name, path="/m" if here else "") for name, here in items)
    assert first_target(chosen, made) == target


def test_what_is_loaded_already_is_not_loaded_again(picker: Picker) -> None:
    for setting, value in (("target", fake.SMOL.id), ("draft", "auto"), ("device", "auto"), ("draft", "")):
        picker.flow.pick(setting, value)
    assert picker.loads == []
    picker.flow.on_unloaded(Unloaded())
    picker.flow.pick("draft", "auto")  # without a model the same is another try
    assert len(picker.loads) == 1


def test_only_what_was_asked_for_is_loaded_when_it_has_arrived(picker: Picker) -> None:
    picker.hear(DownloadDone("another", "/m"))
    assert picker.loads == []
    picker.flow.pick("target", fake.BIG.id)
    assert picker.downloads == [fake.BIG.id]
    picker.hear(DownloadFailed(fake.BIG.id, "download_cancelled"))
    picker.hear(DownloadDone(fake.BIG.id, "/m"))  # fetched later, for another reason
    assert picker.loads == []
    picker.flow.download(fake.BIG.id)
    picker.hear(DownloadDone(fake.BIG.id, "/m"))
    assert [load.target for load in picker.loads] == [fake.BIG.id]


def test_settings_load_again_only_where_they_ask_for_another_load(picker: Picker) -> None:
    before = picker.state.settings
    picker.state.change(temperature=0.1)
    picker.flow.load_after(before)
    assert picker.loads == []
    picker.state.change(learn=False)
    picker.flow.load_after(before)
    assert [load.learn for load in picker.loads] == [False]


def test_a_comparison_that_loaded_something_else_brings_the_choice_back(picker: Picker) -> None:
    picker.hear(events.CompareDone("c", "done"))
    assert picker.loads == []
    picker.hear(events.CompareDone("c", "done", reload=True))
    assert picker.loads == [picker.state.choice()]
    assert picker.loads[0].stop_at == "never"  # it was loaded before
    picker.hear(events.CompareDone("c", "done", reload=True))  # it is on its way
    assert len(picker.loads) == 1


def test_a_comparisons_model_that_is_kept_is_not_shown_as_the_choice(picker: Picker) -> None:
    picker.hear(events.CompareDone("c", "done", reload=True))
    picker.flow.on_failed(events.Failed("out_of_memory", kept=True))
    assert picker.state.ready is None


def test_what_was_accepted_is_not_asked_about_again(picker: Picker) -> None:
    picker.flow.load(target="/x/big.gguf")
    asked = picker.flow.asked_last
    picker.flow.on_failed(events.Failed("load_tight", kept=True))
    picker.flow.load_anyway(asked)
    picker.hear(fake.ready())
    for change, stop_at in (({"learn": False}, "never"), ({"context_length": 4096}, "tight"), ({}, "never")):
        before = picker.state.settings
        picker.state.change(**change)
        picker.flow.load_after(before) if change else picker.flow.load()
        assert picker.loads[-1].stop_at == stop_at
        picker.hear(fake.ready())
    picker.hear(Unloaded())
    picker.flow.load()  # other programs may have the memory by now
    assert picker.loads[-1].stop_at == "tight"


def test_nothing_here_is_said_only_while_nothing_can_be_loaded(state: State) -> None:
    made = Picker(state)
    made.hear(CatalogChanged((fake.SMOL,)))
    made.flow.start()
    assert made.flow.nothing_here()
    made.flow.pick("target", "/x/mine.gguf")
    assert not made.flow.nothing_here()
