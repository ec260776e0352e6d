"""Servers are asked for their models off the window's thread, and a key that a server takes is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.process.keys import KeyStore
from helix_app.bridge.models.remotes import Remotes
from helix_app.protocol.remote import RemoteAsked, RemoteFound
from helix_app.server.options import ServerOptions
from tests.server.fakes import Running, fake_server


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    _, made = fake_server(ServerOptions(model="fake", keys=("secret",)))
    yield made
    made.close()


def ask(remotes: Remotes, qtbot: QtBot, asked: RemoteAsked) -> RemoteFound:
    with qtbot.waitSignal(remotes.news, timeout=20_000) as told:
        remotes.ask(asked)
    (found,) = told.args[0]
    assert isinstance(found, RemoteFound)
    return found


def test_a_key_is_kept_once_the_server_takes_it(server: Running, qtbot: QtBot, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys.json", lambda: None)
    remotes, url = Remotes(keys), f"{server.url}/v1"
    found = ask(remotes, qtbot, RemoteAsked(server.url, "wrong"))
    assert found.failed is not None
    assert found.failed.code == "remote_key_wrong"
    assert keys.get(url) == ""
    found = ask(remotes, qtbot, RemoteAsked(server.url, "secret"))
    assert (found.url, found.keyed, found.models[0].id, found.models[0].owner) == (url, True, "fake", "helix")
    assert keys.get(url) == "secret"
    assert ask(remotes, qtbot, RemoteAsked(url)).models == found.models
    remotes.shutdown()
    with qtbot.assertNotEmitted(remotes.news, wait=50):
        remotes.ask(RemoteAsked(url))


def test_a_key_that_cannot_be_kept_is_said(server: Running, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remotes = Remotes(KeyStore(tmp_path / "file" / "keys.json", lambda: None))
    found = ask(remotes, qtbot, RemoteAsked(server.url, "secret"))
    assert found.failed is not None
    assert found.failed.code == "remote_key_unkept"
