"""The dialog shows every setting that declares a page, within the bounds and choices that it declares."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractSpinBox, QLabel

from helix_app.base.settings import Settings, declared
from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow

SHOWN = {name: setting for name, setting in declared().items() if setting.page}


@pytest.fixture
def dialog(qtbot, window: MainWindow) -> SettingsDialog:
    made = SettingsDialog(window.theme, Settings(), None)
    qtbot.addWidget(made)
    return made


def test_every_setting_of_a_page_has_its_control_and_no_other(dialog: SettingsDialog) -> None:
    assert set(dialog.editors) == set(SHOWN)
    hints = {label.text() for label in dialog.findChildren(QLabel)}
    for name, setting in SHOWN.items():
        assert setting.hint.format(context="8,192") in hints, name


@pytest.mark.parametrize("name", [name for name, setting in SHOWN.items() if setting.page == "sampling"])
def test_a_number_stays_within_its_bounds(dialog: SettingsDialog, name: str) -> None:
    box = dialog.editors[name].widget
    assert isinstance(box, QAbstractSpinBox)
    low, high = SHOWN[name].bounds
    for wanted, least in ((low - 1, low), (high + 1, high)):
        dialog.editors[name].show(wanted)
        assert getattr(dialog.settings(), name) == least


def test_every_option_can_be_picked_and_saved(dialog: SettingsDialog) -> None:
    pickers = {name: e.widget for name, e in dialog.editors.items() if isinstance(e.widget, Picker)}
    assert set(pickers) == {"k", "engine_process", "on_full", "theme", "language"}
    for name, picker in pickers.items():
        for value, label, _ in SHOWN[name].options:
            picker.pick(value)
            assert picker.shown() == label
            assert getattr(dialog.settings(), name).partition(":")[0] == value


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


@pytest.mark.parametrize("address", ["", "https://example.org/releases/latest"])
def test_newer_versions_can_only_be_looked_for_where_there_is_a_page(
    qtbot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("helix_app.RELEASES", address)
    made = SettingsDialog(window.theme, Settings(), None)
    qtbot.addWidget(made)
    said = any("knows no releases page" in label.text() for label in made.findChildren(QLabel))
    assert made.editors["updates"].widget.isEnabled() is bool(address)
    assert said is not bool(address)
    assert made.settings().updates is False
