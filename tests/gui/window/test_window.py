"""The window around the conversation: pages, toolbar, settings, closing, access by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QFileDialog

from helix_app.base.settings import Settings
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.gui.window.toolbar import OPEN_FILE
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import LoadChoice
from tests.gui import fake
from tests.gui.fake import record

# ------------------------------------------------------------------------------ welcome and loading


def test_welcome_flow_from_download_to_chat(make_window) -> None:
    window = make_window()
    downloads, loads, saved = map(record, (window.download_requested, window.load_requested, window.settings_changed))
    window.on_event(CatalogChanged((fake.SMOL, fake.BIG)))
    window.start()
    assert window.welcome.isVisible()
    assert not window.toolbar.isVisible()
    assert not window.live.isVisible()
    assert loads == []
    assert window.welcome.model.text() == "SmolLM2 135M Instruct"
    assert window.welcome.facts.text() == "145 MB · Apache 2.0 licence"
    window.welcome.start.click()
    assert downloads == [fake.SMOL.id]
    window.on_event(DownloadProgress(fake.SMOL.id, "download", 61_400_000, 144_811_904, 11_200_000.0, 7.4))
    assert window.welcome.figures.text() == "61.4 MB of 145 MB · 42 % · 11.2 MB/s · 7 s left"
    window.on_event(DownloadDone(fake.SMOL.id, "/models/x.gguf"))
    assert loads == [LoadChoice(fake.SMOL.id, learn=True)]
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.on_event(LoadProgress("weights", 0.5))
    assert window.welcome.stage.text() == "Loading weights"
    assert len(loads) == 1
    window.on_event(fake.ready())
    assert window.chat.isVisible()
    assert window.toolbar.isVisible()
    assert window.live.isVisible()
    assert window.chat.composer.editor.isEnabled()
    assert saved[-1].target == fake.SMOL.id


def test_cancelled_download_can_be_continued(make_window) -> None:
    window = make_window()
    cancels = record(window.download_cancel_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.start()
    window.welcome.start.click()
    window.welcome.cancel.click()
    assert cancels == [fake.SMOL.id]
    window.on_event(DownloadFailed(fake.SMOL.id, "download_cancelled"))
    assert window.welcome.start.text() == "Continue download"
    assert not window.welcome.error.isVisible()
    assert not window.welcome.busy()


def test_failed_download_says_why_and_can_be_tried_again(make_window) -> None:
    window = make_window()
    downloads = record(window.download_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.welcome.start.click()
    window.on_event(DownloadFailed(fake.SMOL.id, "download_no_network", "refused", (("host", "huggingface.co"),)))
    assert window.welcome.error.isVisible()
    assert "no connection to huggingface.co" in window.welcome.error.sentence.text()
    assert window.welcome.start.text() == "Try again"
    window.welcome.start.click()
    assert not window.welcome.error.isVisible()
    assert len(downloads) == 2


def test_welcome_opens_a_file(make_window, monkeypatch: pytest.MonkeyPatch) -> None:
    window = make_window()
    loads = record(window.load_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.start()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("/somewhere/model.gguf", ""))
    window.welcome.open.click()
    assert [load.target for load in loads] == ["/somewhere/model.gguf"]
    window.on_event(LoadProgress("weights", 0.1))
    window.on_event(events.Failed("model_corrupt", "bad magic", (("path", "/somewhere/model.gguf"),)))
    assert "damaged or incomplete" in window.welcome.error.sentence.text()
    assert not window.welcome.busy()


def test_an_empty_catalog_offers_only_a_file(make_window) -> None:
    window = make_window()
    window.on_event(CatalogChanged(()))
    assert window.welcome.isVisible()
    assert not window.welcome.start.isVisible()
    assert window.welcome.open.isVisible()


def test_start_loads_the_chosen_model_once(make_window) -> None:
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


def test_start_takes_what_is_here_when_the_choice_is_not(make_window) -> None:
    window = make_window(target=fake.BIG.id)
    loads = record(window.load_requested)
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    assert [load.target for load in loads] == [fake.SMOL.id]


def test_loading_strip(make_window) -> None:
    window = make_window()
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.on_event(LoadProgress("weights", 0.45))
    assert window.strip.isVisible()
    assert window.strip.text.text() == "Loading weights"
    assert window.strip.figures.text() == "SmolLM2 135M Instruct · 45 %"
    assert window.strip.line.fraction() == 0.45
    window.on_event(fake.ready())
    assert not window.strip.isVisible()


def test_failed_load_closes_the_composer_and_says_why(make_window) -> None:
    window = make_window()
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.on_event(events.Failed("out_of_memory", "bad_alloc"))
    assert window.chat.error.isVisible()
    assert not window.strip.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    assert window.chat.composer.editor.placeholderText() == "No model is loaded. Choose a target model above."


# ------------------------------------------------------------------------------ toolbar


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


def test_opening_a_file_as_target(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = record(window.load_requested)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("", ""))
    window.toolbar.target.pick(OPEN_FILE)
    assert loads == []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("/x/My model.gguf", ""))
    window.toolbar.target.pick(OPEN_FILE)
    assert loads[-1].target == "/x/My model.gguf"
    assert window.toolbar.target.shown() == "My model.gguf"


def test_a_change_while_writing_stops_the_reply_first(window: MainWindow) -> None:
    cancels, loads = record(window.cancel_requested), record(window.load_requested)
    window.chat.composer.editor.setPlainText("x")
    window.chat.send()
    window.toolbar.device.pick("cpu")
    assert len(cancels) == 1
    assert len(loads) == 1


def test_a_load_that_was_stopped_is_over(window: MainWindow) -> None:
    seen = record(window.cancel_requested)
    window.toolbar.device.pick("cpu")
    window.on_event(LoadProgress("tokenizer"))
    assert window.strip.isVisible()
    window.strip.cancel.click()
    assert len(seen) == 1
    window.on_event(Unloaded())
    assert not window.strip.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    loads = record(window.load_requested)
    window.toolbar.device.pick("auto")
    assert len(loads) == 1


def test_a_load_that_failed_leaves_no_blocks(window: MainWindow) -> None:
    window.toolbar.device.pick("cpu")
    window.on_event(events.Failed("model_corrupt", fields=(("path", "x.gguf"),)))
    assert not window.strip.isVisible()
    assert not window.live.blocks.maps["target"].isVisible()


def test_unload(window: MainWindow) -> None:
    seen = record(window.unload_requested)
    window.actions_.unload.trigger()
    assert len(seen) == 1
    window.on_event(Unloaded())
    assert not window.chat.composer.editor.isEnabled()
    assert not window.actions_.unload.isEnabled()
    assert window.toolbar.device.shown() == "Auto"


# ------------------------------------------------------------------------------ settings


def test_settings_dialog_round_trip(qtbot, window: MainWindow) -> None:
    wanted = Settings(
        temperature=0.35,
        top_k=7,
        top_p=0.8,
        min_p=0.05,
        repetition_penalty=1.1,
        max_tokens=99,
        system_prompt="Be kind.",
        k="fixed:6",
        context_length=4096,
        theme="dark",
        engine_process="thread",
        learn=False,
        target="kept",
    )
    dialog = SettingsDialog(window.theme, wanted, 77)
    qtbot.addWidget(dialog)
    assert dialog.settings() == wanted
    assert dialog.seed() == 77
    dialog.on_reset_clicked()
    assert dialog.settings() == Settings(target="kept")
    assert dialog.seed() is None
    dialog.show_settings(wanted, 5)
    assert dialog.settings() == wanted
    assert dialog.k_fixed.isEnabled()
    dialog.editors["k"].widget.pick("additive")
    assert dialog.settings().k == "additive"
    assert not dialog.k_fixed.isEnabled()


def test_saved_settings_take_effect(window: MainWindow) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    window.preferences.open_dialog()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.editors["theme"].widget.pick("dark")
    dialog.editors["temperature"].widget.setValue(0.1)
    dialog.seed_edit.setText("9")
    dialog.save.click()
    assert saved[-1].theme == "dark"
    assert window.theme.palette.name == "dark"
    assert window.chat._conversation.request(window.settings, 9).sampling.temperature == 0.1
    assert loads == []
    window.preferences.open_dialog()
    again = next(d for d in window.findChildren(SettingsDialog) if d.isVisible())
    assert again.seed() == 9
    again.editors["context_length"].widget.setValue(1024)
    again.save.click()
    assert loads[-1].context_length == 1024


def test_theme_menu(window: MainWindow) -> None:
    window.actions_.theme_dark.trigger()
    assert window.theme.palette.name == "dark"
    assert window.settings.theme == "dark"
    window.actions_.theme_light.trigger()
    assert window.theme.palette.name == "light"
