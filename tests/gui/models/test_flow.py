"""A wrong pick costs nothing: the model that was loaded stays, and only what has loaded is remembered."""

from __future__ import annotations

from PySide6.QtTest import QTest

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.loading import LoadProgress
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
    window.on_event(events.Failed("draft_vocab_size", "", (("draft_size", "9"), ("target_size", "8")), kept=True))
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
    from dataclasses import replace

    saved = record(window.settings_changed)
    window.preferences.on_saved(replace(window.settings, context_length=1_000_000, temperature=0.1), None)
    window.on_event(events.Failed("out_of_memory", kept=True))
    assert (saved[-1].context_length, saved[-1].temperature) == (0, 0.1)
    assert window.settings.context_length == 0


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
