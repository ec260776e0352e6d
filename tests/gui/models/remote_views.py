"""A server as the engine, in its states, for pictures."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.remote import RemoteFound, RemoteItem
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake

URL = "http://192.168.0.20:8765/v1"
READY = ModelReady("qwen3-8b", "", "", "remote", "192.168.0.20:8765", "", 32768, 0, 0, 0, 0, 0, 0.0, remote=URL)
METRICS = events.RunMetrics(
    412, 96, None, 9.1, 45.3, 47.0, 0.31, 0.71, 2.9, None, 380, 270, None, None, None, None, 7,
)  # fmt: skip


def remote_dialog(window: MainWindow) -> None:
    """A server is being named."""
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.load_view.remote.open()


def remote_models(window: MainWindow) -> None:
    """It has answered."""
    remote_dialog(window)
    dialog = window.load_view.remote.dialog
    assert dialog is not None
    dialog.address.setText("192.168.0.20:8765")
    dialog.on_look()
    window.on_event(RemoteFound(URL, (RemoteItem("qwen3-8b", 32768, "helix"), RemoteItem("gemma-3")), keyed=True))


def remote_refused(window: MainWindow) -> None:
    """It has refused the key."""
    remote_models(window)
    dialog = window.load_view.remote.dialog
    assert dialog is not None
    dialog.on_look()
    fields = (("host", "192.168.0.20:8765"),)
    window.on_event(RemoteFound(URL, failed=events.Failed("remote_key_wrong", "HTTP 401: no", fields)))


def remote_reply(window: MainWindow) -> None:
    """It has written a reply."""
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.models.pick("target", f"{URL}#qwen3-8b")
    window.on_event(READY)
    requests: list[GenerateRequest] = []
    window.generate_requested.connect(requests.append)
    window.chat.composer.editor.setPlainText("What is a paged KV cache?")
    window.chat.send()
    name = requests[-1].request_id
    text = (
        "A paged KV cache keeps keys and values in blocks of a fixed size, so that memory is given out block by block."
    )
    window.on_event(events.TextDelta(name, text))
    window.on_event(events.Finished(name, "eos", text, (), METRICS))


def remote_inspect(window: MainWindow) -> None:
    """There is nothing to look into."""
    remote_reply(window)
    window.pages.show_page("inspect")


VIEWS = (remote_dialog, remote_models, remote_refused, remote_reply, remote_inspect)
