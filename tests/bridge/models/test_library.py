"""What the window asks of the library and of the hub, done for it on other threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.models.library import Library
from helix_app.hub import registry
from helix_app.protocol.library import (
    AddModels,
    FetchFile,
    FileNamed,
    FilesListed,
    HubSearched,
    KeepToken,
    LibraryChanged,
    LibraryFailed,
    ListFiles,
    ListLibrary,
    RemoveModel,
    SearchHub,
    TokenFound,
)
from tests.hub.conftest import home as home, no_thread_stays as no_thread_stays, server as server
from tests.hub.library.library_made import put
from tests.hub.served.hub_api import QUERY, serve_api
from tests.hub.served.models import REPO
from tests.hub.served.server import FileServer

T = TypeVar("T")


class Told:
    """A Library and what it told. The library is told twice: at once, and with what its files say."""

    def __init__(self, qtbot: QtBot) -> None:
        self.library = Library()
        self.news: list[object] = []
        self.fetched: list[str] = []
        self.changes = 0
        self._qtbot = qtbot
        self.library.news.connect(self.news.extend)
        self.library.fetch_requested.connect(self.fetched.append)
        self.library.changed.connect(self._count)

    def ask(self, asked: object, kind: type[T]) -> T:
        """The answer of this kind."""
        self.news.clear()
        self.library.ask(asked)  # type: ignore[arg-type]
        least = 2 if kind is LibraryChanged else 1
        self._qtbot.waitUntil(lambda: len([news for news in self.news if isinstance(news, kind)]) >= least)
        return [news for news in self.news if isinstance(news, kind)][-1]

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def told(qtbot: QtBot, home: Path) -> Iterator[Told]:
    made = Told(qtbot)
    yield made
    assert made.library.shutdown()


def test_models_are_listed_added_and_removed(told: Told, tmp_path: Path, qtbot: QtBot) -> None:
    own = put(tmp_path / "mine-Q8_0.gguf")
    assert told.ask(ListLibrary(), LibraryChanged).items == ()
    (item,) = told.ask(AddModels((str(own),)), LibraryChanged).items
    assert (item.path, item.quantisation) == (str(own), "Q8_0")
    assert told.ask(RemoveModel(item.id), LibraryChanged).items == ()
    qtbot.waitUntil(lambda: told.changes == 2)  # the catalog is read again only when models came or went
    assert own.exists()


def test_what_cannot_be_done_is_told_and_the_library_as_it_is(told: Told, tmp_path: Path) -> None:
    failed = told.ask(AddModels((str(tmp_path / "gone"),)), LibraryFailed).failed
    assert failed.code == "model_not_found"
    assert any(isinstance(news, LibraryChanged) for news in told.news)
    assert told.ask(RemoveModel("nobody"), LibraryFailed).failed.code == "library_absent"


def test_a_token_that_nobody_keeps_is_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert told.ask(KeepToken("hf_x"), LibraryFailed).failed.code == "token_no_keyring"
    assert told.changes == 0


def test_a_keyring_that_waits_for_the_person_holds_up_no_list(
    told: Told, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked, unlocked = threading.Event(), threading.Event()

    def find() -> tuple[str, str]:
        asked.set()
        assert unlocked.wait(60)
        return "hf_x", "keyring"

    monkeypatch.setattr("helix_app.hub.access.find_token", find)
    try:
        told.ask(ListLibrary(), LibraryChanged)
        assert asked.wait(60)
        told.ask(ListLibrary(), LibraryChanged)
        asked.clear()
    finally:
        unlocked.set()
    qtbot.waitUntil(lambda: TokenFound("keyring") in told.news)
    told.ask(ListLibrary(), LibraryChanged)
    assert not asked.is_set()  # once is enough


def test_a_token_that_was_kept_is_looked_for_again(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [""]
    monkeypatch.setattr("helix_app.hub.access.keep_token", lambda value: kept.append(value))
    monkeypatch.setattr("helix_app.hub.access.find_token", lambda: (kept[-1], "keyring" if kept[-1] else ""))
    told.ask(ListLibrary(), TokenFound)
    assert told.ask(KeepToken("hf_x"), TokenFound) == TokenFound("keyring")
    assert told.ask(KeepToken(""), TokenFound) == TokenFound()


def test_a_thread_that_does_not_end_is_told(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, unlocked = threading.Event(), threading.Event()

    def find() -> tuple[str, str]:
        asked.set()
        assert unlocked.wait(60)
        return "", ""

    monkeypatch.setattr("helix_app.hub.access.find_token", find)
    monkeypatch.setattr("helix_app.bridge.models.library.STOP_MS", 1)
    library = Library()
    library.ask(ListLibrary())
    try:
        qtbot.waitUntil(asked.is_set)
        assert not library.shutdown()
        assert not library.shutdown()
    finally:
        unlocked.set()
        assert all(thread.wait(60_000) for thread in library.threads)


def test_from_a_search_to_a_download(told: Told, server: FileServer, qtbot: QtBot) -> None:
    _, looked = serve_api(server)
    found = told.ask(SearchHub(QUERY), HubSearched)
    assert (found.query, found.failed, found.models[0].repo) == (QUERY, None, REPO)
    listed = told.ask(ListFiles(REPO), FilesListed)
    assert [file.quantisation for file in listed.files] == ["Q4_K_M", "Q8_0", "BF16"]
    named = told.ask(FetchFile(REPO, listed.files[1].file), FileNamed)
    assert registry.known_catalog().entry(named.model_id).origin == REPO
    assert told.fetched == [named.model_id]
    assert len(looked.requests) == 1  # what was looked into is known


def test_a_hub_that_refuses_is_told(told: Told, server: FileServer) -> None:
    serve_api(server, status=429)
    for asked, kind in ((SearchHub("x"), HubSearched), (ListFiles(REPO), FilesListed)):
        answer = told.ask(asked, kind)
        assert answer.failed is not None
        assert answer.failed.code == "hub_busy"
    assert told.ask(FetchFile(REPO, "x.gguf"), LibraryFailed).failed.code == "hub_busy"
    assert told.fetched == []


def test_another_search_ends_the_one_before(told: Told, server: FileServer) -> None:
    asked, _ = serve_api(server)
    asked.hold_at = 0
    told.library.ask(SearchHub("first"))
    assert asked.held.wait(60)
    asked.hold_at = None
    assert told.ask(SearchHub(QUERY), HubSearched).query == QUERY
    asked.release.set()
    assert not any(isinstance(news, HubSearched) and news.query == "first" for news in told.news)


def test_after_the_end_nothing_is_done(told: Told) -> None:
    assert told.library.shutdown()
    told.library.ask(ListLibrary())
    assert not any(thread.isRunning() for thread in told.library.threads)
