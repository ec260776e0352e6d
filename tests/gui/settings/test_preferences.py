"""What becomes of what a person chose in the dialog of the settings."""

from __future__ import annotations

import pytest

from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.fake import record


def opened(window: MainWindow) -> SettingsDialog:
    """The dialog, which is open."""
    window.preferences.open_dialog()
    return next(d for d in window.findChildren(SettingsDialog) if d.isVisible())


@pytest.mark.parametrize("restarts", [False, True])
def test_what_changed_while_they_were_open_stays(window: MainWindow, restarts: bool) -> None:
    loads = record(window.load_requested)
    window.toolbar.target.pick("/x/other.gguf")
    dialog = opened(window)
    window.on_event(fake.ready(target_name="Other"))
    window.state.change(last_chat="c", context_length=2048)
    dialog.editors["temperature"].show(0.25)
    if restarts:
        dialog.restart_requested.emit()
        dialog.reject()
    else:
        dialog.save.click()
    now = window.settings
    assert (now.target, now.last_chat, now.context_length) == ("/x/other.gguf", "c", 2048)
    assert now.temperature == 0.25
    assert len(loads) == 1


def test_what_was_edited_goes_before_what_changed_meanwhile(window: MainWindow) -> None:
    loads = record(window.load_requested)
    dialog = opened(window)
    window.state.change(context_length=2048)
    dialog.editors["context_length"].show(1024)
    dialog.save.click()
    assert [load.context_length for load in loads] == [1024]
