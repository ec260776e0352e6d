"""A server is named, its models are listed, and one of them is loaded."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.remote import RemoteModel
from helix_app.base.settings import Settings
from helix_app.gui.kit.model_choices import OPEN_REMOTE, model_label
from helix_app.gui.models.dialogs.remote_dialog import RemoteDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.remote import RemoteAsked, RemoteFound, RemoteItem
from tests.gui import fake
from tests.gui.models.remote_views import READY, URL, remote_reply

MODELS = (RemoteItem("a", 4096), RemoteItem("b"))


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow(Settings(better_model_told=True))
    qtbot.addWidget(made)
    made.show()
    made.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    return made


def opened(window: MainWindow) -> RemoteDialog:
    window.toolbar.target.pick(OPEN_REMOTE)
    dialog = window.load_view.remote.dialog
    assert dialog is not None
    return dialog


def test_from_an_address_to_a_model_that_is_loaded(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window)
    assert not dialog.look.isEnabled()
    assert not dialog.use.isEnabled()
    asked: list[RemoteAsked] = []
    window.load_view.remote.asked.connect(asked.append)
    dialog.address.setText("192.168.0.20:8765")
    dialog.key.setText(" k ")
    dialog.look.click()
    assert asked == [RemoteAsked(URL, "k")]
    window.on_event(RemoteFound("http://other/v1", MODELS))
    assert not dialog.use.isEnabled()
    window.on_event(RemoteFound(URL, MODELS, keyed=True))
    assert [choice.value for choice in dialog.model.choices()] == ["a", "b"]
    dialog.model.pick("b")
    with qtbot.waitSignal(window.load_requested) as told:
        dialog.use.click()
    assert told.args[0].target == RemoteModel(URL, "b").target
    assert window.load_view.remote.dialog is None
    window.on_event(READY)
    assert window.settings.target == f"{URL}#b"
    assert window.settings.remote_address == URL
    assert "k" not in (window.settings.target, window.settings.remote_address)
    again = opened(window)
    assert again.address.text() == URL
    assert asked[-1] == RemoteAsked(URL)
    again.reject()


def test_what_is_wrong_is_said_in_the_dialog(window: MainWindow) -> None:
    dialog = opened(window)
    dialog.address.setText("ftp://x")
    dialog.look.click()
    assert "cannot be used as the address" in dialog.error.sentence.text()
    dialog.address.setText("192.168.0.20:8765")
    dialog.look.click()
    window.on_event(RemoteFound(URL, failed=Failed("remote_key_wrong", fields=(("host", "h"),))))
    assert "h refuses the key" in dialog.error.sentence.text()
    assert not dialog.use.isEnabled()
    dialog.look.click()
    window.on_event(RemoteFound(URL))
    assert "offers no model" in dialog.note.text()
    assert not dialog.use.isEnabled()
    dialog.reject()


def test_what_a_server_does_not_tell_is_unknown(window: MainWindow) -> None:
    remote_reply(window)
    status = window.status
    assert status.place.text() == "remote · 192.168.0.20:8765"
    assert status.blocks.text() == "KV –"
    assert status.memory.text() == "memory –"
    assert status.context.text() == "context 508 / 32,768"
    for picker in (window.toolbar.draft, window.toolbar.device, window.toolbar.dtype, window.toolbar.mode):
        assert not picker.isEnabled()
        assert picker.shown() == "–"
    assert window.state.refusal("x") == "remote_no_measure"
    remote_inspect_shown(window)
    window.models.pick("target", fake.SMOL.id)
    window.on_event(fake.ready())
    assert window.toolbar.draft.isEnabled()
    assert window.toolbar.mode.isEnabled()
    assert not window.state.refusal("x")


def remote_inspect_shown(window: MainWindow) -> None:
    window.pages.show_page("inspect")
    assert "does not tell its rounds" in window.desk.page.nothing.text()
    assert window.desk.page.nothing.isVisible()


def test_the_name_of_a_servers_model() -> None:
    assert model_label(f"{URL}#org/b", ()) == "org/b"
