"""Settings that take effect when the window is opened again, and the button that does so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base.settings import Settings
from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from tests.gui.fake import record


@pytest.mark.parametrize(("name", "other"), [("language", "de"), ("engine_process", "thread")])
def test_a_restart_is_offered_while_another_value_is_chosen_than_is_in_effect(
    qtbot, window: MainWindow, name: str, other: str
) -> None:
    now = Settings()
    dialog = SettingsDialog(window.theme, replace(now, **{name: other}), None, in_effect=now)  # saved, and not yet so
    qtbot.addWidget(dialog)
    picker, button = dialog.editors[name].widget, dialog.restarts[name]
    assert isinstance(picker, Picker)
    assert set(dialog.restarts) == {"language", "engine_process"}
    assert not button.isHidden()
    picker.pick(getattr(now, name))
    assert button.isHidden()
    picker.pick(other)
    assert not button.isHidden()
    dialog.on_reset_clicked()
    assert button.isHidden()


def test_it_saves_what_was_chosen_and_has_the_window_opened_again(window: MainWindow) -> None:
    asked = record(window.preferences.restart_requested)
    said: list[str] = []
    window.preferences.restart_requested.connect(lambda: said.append(window.settings.language))
    window.preferences.open_dialog()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.editors["language"].widget.pick("de")
    dialog.restarts["language"].click()
    assert len(asked) == 1
    assert said == ["de"]
    window.preferences.open_dialog()  # had nobody opened it again, it would still be offered
    assert not window.findChildren(SettingsDialog)[-1].restarts["language"].isHidden()


def test_a_restart_keeps_what_else_was_chosen_and_loads_nothing_before(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.preferences.restart_requested.connect(window.close)
    window.preferences.open_dialog()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.learning.box.setChecked(False)
    dialog.editors["context_length"].show(4096)
    dialog.seed_edit.setText("7")
    dialog.editors["language"].widget.pick("de")
    dialog.restarts["language"].click()
    kept = window.settings
    assert (kept.learn, kept.context_length, kept.language, window.state.seed) == (False, 4096, "de", 7)
    assert loads == []
