"""The library as rows: what can be done with each model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.gui.library.page import ModelsPage
from helix_app.protocol.library import AddModels, LibraryChanged, ListLibrary
from tests.gui.fake import record
from tests.gui.library.conftest import Shown
from tests.gui.library.library_views import ITEMS, LIBRARY


def test_each_row_offers_what_goes(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(LIBRARY)
    offered = [[(b.text() or b.accessibleName(), b.isEnabled()) for b in row.buttons] for row in page.shelf.list.rows()]
    assert offered == [
        [("Loaded", False), ("Use as draft", False), ("Delete SmolLM2 135M Instruct", False)],
        [("Load", True), ("Use as draft", True), ("Take Qwen3 4B off the list", True)],
        [("Load", True), ("Use as draft", True)],
        [],  # it cannot run, and is another program's
    ]
    row = page.shelf.list.rows()[3]
    assert "mamba are not supported yet" in row.more.text()
    assert row.name.toolTip() == ITEMS[3].path


def test_a_draft_head_drafts_and_is_no_target(page: ModelsPage, shown: Shown) -> None:
    head = replace(ITEMS[1], id="/heads/eagle", path="/heads/eagle", head=True)
    shown.on_event(LibraryChanged((head,)))
    assert [b.text() for b in page.shelf.list.rows()[0].buttons] == ["Use as draft", ""]


def test_the_draft_is_marked(page: ModelsPage, shown: Shown) -> None:
    shown.state.change(draft="/data/qwen.gguf")
    shown.on_event(LIBRARY)
    assert [b.text() for b in page.shelf.list.rows()[1].buttons] == ["Load", "Drafting", ""]


def test_an_empty_library_says_what_to_do(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(LibraryChanged(()))
    assert page.shelf.list.rows() == []


def test_the_same_library_makes_no_new_rows(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(LIBRARY)
    before = page.shelf.list.rows()
    shown.on_event(LIBRARY)
    assert page.shelf.list.rows() == before


def test_files_and_folders_are_asked_for(
    page: ModelsPage, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = record(shown.library.asked)
    monkeypatch.setattr("helix_app.gui.library.shelf.ask_file", lambda parent: str(tmp_path / "x.gguf"))
    monkeypatch.setattr("helix_app.gui.library.shelf.ask_folder", lambda parent: "")
    page.shelf.add_file.click()
    page.shelf.add_folder.click()  # the person changed their mind
    page.shelf.look.click()
    assert asked == [AddModels((str(tmp_path / "x.gguf"),)), ListLibrary()]
