"""The page of models: what a person does there, what is asked, and what is told."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMessageBox

from helix_app.gui.library.page import ModelsPage
from helix_app.protocol.events import Failed
from helix_app.protocol.library import (
    AddModels,
    FetchFile,
    FileNamed,
    FilesListed,
    LibraryChanged,
    LibraryFailed,
    ListFiles,
    ListLibrary,
    RemoveModel,
)
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.requests import LoadChoice
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.library.conftest import Shown
from tests.gui.library.library_views import CATALOG, FILES, ITEMS, LIBRARY, QWEN, models, models_search

ALREADY = LibraryChanged(ITEMS)


def test_what_is_here_is_looked_for_when_the_page_is_first_shown(shown: Shown) -> None:
    asked = record(shown.library.asked)
    for _ in range(2):
        shown.library.page.show()
        shown.library.page.hide()
    assert asked == [ListLibrary()]


def test_a_damaged_library_is_told_once(page: ModelsPage, shown: Shown) -> None:
    fields = (("file", "/data/library.json"), ("reason", "it is no list of models"), ("kept", "library.json.bad"))
    news = LibraryChanged(ITEMS, problem=Failed("library_damaged", fields=fields))
    shown.on_event(LIBRARY)
    assert page.error.isHidden()
    shown.on_event(news)
    assert not page.error.isHidden()
    assert page.error.sentence.text().startswith("The library /data/library.json is damaged (it is no list")
    assert "it is kept as library.json.bad then." in page.error.sentence.text()
    page.error.dismissed.emit()
    shown.on_event(news)
    assert page.error.isHidden()
    shown.on_event(LIBRARY)  # it was mended
    shown.on_event(news)  # and is damaged again
    assert not page.error.isHidden()


def test_load_and_draft_come_from_the_library(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(LIBRARY)
    loads = record(shown.load_requested)
    page.shelf.list.rows()[2].buttons[0].click()
    assert [choice.target for choice in loads if isinstance(choice, LoadChoice)] == ["/lm/gemma.gguf"]
    shown.on_event(fake.ready())
    page.shelf.list.rows()[1].buttons[1].click()
    assert isinstance(loads[-1], LoadChoice)
    assert loads[-1].draft == "/data/qwen.gguf"


def test_ones_own_model_leaves_the_list_and_a_downloaded_one_is_asked_about(page: ModelsPage, shown: Shown) -> None:
    asked = record(shown.library.asked)
    item = ITEMS[0]
    shown.on_event(LibraryChanged((ITEMS[1], type(item)(**{**vars(item), "id": "other", "path": "/o.gguf"}))))
    rows = page.shelf.list.rows()
    rows[0].buttons[-1].click()
    assert asked == [RemoveModel("/data/qwen.gguf")]
    rows[1].buttons[-1].click()
    (box,) = page.findChildren(QMessageBox)
    assert "SmolLM2 135M Instruct" in box.text()
    assert len(asked) == 1
    next(button for button in box.buttons() if button.text() == "Delete").click()
    assert asked[1:] == [RemoveModel("other")]


def test_files_that_are_dropped_are_added(page: ModelsPage, shown: Shown) -> None:
    asked = record(shown.library.asked)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/a/x.gguf"), QUrl("https://example.org/y.gguf"), QUrl.fromLocalFile("/b")])
    page.turn_to(page.hub)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(QPoint(5, 5), copy, data, left, none))
    assert asked == [AddModels(("/a/x.gguf", "/b"))]
    assert page.tabs[0].isChecked()
    nothing = QMimeData()
    nothing.setText("words")
    page.dropEvent(QDropEvent(QPoint(5, 5), copy, nothing, left, none))
    assert len(asked) == 1


def test_what_could_not_be_done_is_said(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(LibraryFailed(Failed("library_absent", "", (("name", "x"),))))
    assert page.error.isVisible()
    assert "x is not in the library" in page.error.sentence.text()
    page.add(("/a",))
    assert not page.error.isVisible()


def test_a_download_is_paused_resumed_and_over(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(CatalogChanged(CATALOG))
    shown.on_event(ALREADY)
    begun, paused = record(shown.library.download_requested), record(shown.library.pause_requested)
    asked, told = record(shown.library.asked), record(shown.library.told)
    page.turn_to(page.catalogue)
    next(row for row in page.catalogue.rows() if row.name.whole() == "Qwen3 8B").buttons[0].click()
    shown.on_event(DownloadProgress("qwen3-8b", "connect", 0, 0))
    row = page.downloads.row("qwen3-8b")
    assert row is not None
    assert page.catalogue.rows()[-1].buttons[0].text() == "Downloading…"
    row.turn.click()
    shown.on_event(DownloadFailed("qwen3-8b", "download_cancelled", "", (("name", "Qwen3 8B"),)))
    assert (begun, paused, row.state) == (["qwen3-8b"], ["qwen3-8b"], "paused")
    assert page.catalogue.rows()[-1].buttons[0].text() == "Download"
    row.turn.click()
    assert begun == ["qwen3-8b"] * 2
    assert not shown.strip.isVisible()  # it is shown here
    shown.on_event(DownloadDone("qwen3-8b", "/m/x.gguf"))
    assert page.downloads.row("qwen3-8b") is None
    assert told == ["Qwen3 8B is on this computer"]
    assert asked[-1] == ListLibrary()
    assert not record(shown.load_requested)  # nobody asked for that


def test_a_download_that_fails_is_told_in_the_status_bar(page: ModelsPage, shown: Shown) -> None:
    told = record(shown.library.told)
    page.fetch(QWEN.id)
    shown.on_event(DownloadFailed(QWEN.id, "download_missing", "", (("name", "Qwen3 0.6B"), ("host", "h"))))
    assert told == [f"{QWEN.id} was not downloaded: see Models"]
    row = page.downloads.row(QWEN.id)
    assert row is not None
    asked = record(shown.library.asked)
    row.remove.click()
    assert asked == [RemoveModel(QWEN.id)]


def test_a_file_of_the_hub_is_downloaded_and_then_here(shown: Shown) -> None:
    models_search(shown)
    page = shown.library.page
    asked = record(shown.library.asked)
    page.hub.found.rows()[2].buttons[0].click()
    assert asked == [FetchFile(FILES[1].repo, FILES[1].file)]
    shown.on_event(FileNamed(FILES[1].repo, FILES[1].file, "qwen3-8b-q8_0"))
    shown.on_event(DownloadProgress("qwen3-8b-q8_0", "download", 1, 2))
    assert page.hub.found.rows()[2].buttons[0].text() == "Downloading…"
    shown.on_event(DownloadDone("qwen3-8b-q8_0", "/m/x.gguf"))
    assert asked[-1] == ListFiles(FILES[1].repo)
    here = [type(file)(**{**vars(file), "here": True}) for file in FILES]
    shown.on_event(FilesListed(FILES[1].repo, tuple(here)))
    assert page.hub.found.rows()[2].buttons[0].text() == "On this computer"


def test_what_was_stopped_before_this_start_can_go_on(shown: Shown) -> None:
    models(shown)
    begun = record(shown.library.download_requested)
    row = shown.library.page.downloads.row("qwen3-8b")
    assert row is not None
    assert row.facts.whole() == "Paused · 1.4 GB of 5.0 GB"
    row.turn.click()
    assert begun == ["qwen3-8b"]
