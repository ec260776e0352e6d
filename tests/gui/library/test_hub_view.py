"""The search of the hub: what is asked, and what is shown of the answers."""

from __future__ import annotations

from helix_app.gui.library.page import ModelsPage
from helix_app.protocol.events import Failed
from helix_app.protocol.library import (
    FilesListed,
    HubSearched,
    KeepToken,
    LibraryChanged,
    ListFiles,
    ListLibrary,
    SearchHub,
    TokenFound,
)
from tests.gui.fake import record
from tests.gui.library.conftest import Shown
from tests.gui.library.library_views import FILES, FOUND, HUB


def test_a_search_and_what_it_finds(page: ModelsPage, shown: Shown) -> None:
    asked = record(shown.library.asked)
    page.turn_to(page.hub)
    page.hub.search.click()  # nothing is typed
    page.hub.field.setText("  qwen ")
    page.hub.search.click()
    assert asked == [SearchHub("qwen")]
    shown.on_event(HubSearched("older", FOUND))
    assert page.hub.found.rows() == []
    shown.on_event(HubSearched("qwen", FOUND))
    rows = page.hub.found.rows()
    assert [row.name.whole() for row in rows] == [model.repo for model in FOUND]
    assert rows[0].facts.whole() == "qwen3 · context 40,960 · Apache-2.0 · 1,234,567 downloads"
    assert rows[1].buttons == []
    assert rows[1].more.text() == "Helix does not run models of the kind mamba yet."
    assert "needs an access token" in rows[2].facts.whole()


def test_files_are_shown_and_hidden(page: ModelsPage, shown: Shown) -> None:
    page.turn_to(page.hub)
    asked = record(shown.library.asked)
    page.hub.field.setText("qwen")
    page.hub.on_search()
    shown.on_event(HubSearched("qwen", FOUND))
    page.hub.found.rows()[0].buttons[0].click()
    assert asked[-1] == ListFiles(FOUND[0].repo)
    assert page.hub.found.rows()[1].more.text() == "Looking into it…"
    shown.on_event(FilesListed(FOUND[0].repo, FILES))
    rows = page.hub.found.rows()[1:4]
    assert [(row.name.whole(), row.facts.whole(), row.buttons[0].isEnabled()) for row in rows] == [
        ("Q4_K_M", "5.0 GB", False),
        ("Q8_0", "8.7 GB", True),
        ("BF16", "16.4 GB · 2 files", True),
    ]
    page.hub.found.rows()[0].buttons[0].click()
    assert len(page.hub.found.rows()) == len(FOUND)
    shown.on_event(FilesListed(FOUND[0].repo, FILES))  # too late
    assert len(page.hub.found.rows()) == len(FOUND)
    page.hub.found.rows()[-1].buttons[0].click()
    gated = (("host", "h"), ("what", FOUND[-1].repo))
    shown.on_event(FilesListed(FOUND[-1].repo, failed=Failed("hub_login", "", gated)))
    assert "only to those who may see it" in page.hub.found.rows()[-1].more.text()


def test_a_hub_that_does_not_answer_is_said_above(page: ModelsPage, shown: Shown) -> None:
    page.turn_to(page.hub)
    page.hub.field.setText("qwen")
    page.hub.on_search()
    shown.on_event(HubSearched("qwen", failed=Failed("hub_offline")))
    assert page.hub.error.isVisible()
    page.hub.on_search()
    assert not page.hub.error.isVisible()
    shown.on_event(HubSearched("qwen"))
    assert page.hub.found.rows() == []


def test_the_token_is_kept_and_deleted(page: ModelsPage, shown: Shown) -> None:
    page.turn_to(page.hub)
    asked = record(shown.library.asked)
    assert not page.hub.keep.isEnabled()
    page.hub.token.setText(" hf_x ")
    page.hub.keep.click()
    assert asked == [KeepToken("hf_x")]
    assert page.hub.token.text() == ""
    shown.on_event(LibraryChanged((), endpoint=HUB))
    assert page.hub.where.text() == "huggingface.co"  # nobody has looked for a token yet
    shown.on_event(TokenFound("keyring"))
    assert page.hub.where.text() == "huggingface.co · token in the keyring"
    assert (page.hub.keep.text(), page.hub.keep.isEnabled()) == ("Delete", True)
    page.hub.keep.click()
    assert asked[-1] == KeepToken("")
    shown.on_event(LibraryChanged((), endpoint="https://ann:secret@mirror", offline="HF_HUB_OFFLINE"))
    shown.on_event(TokenFound("environment"))
    assert page.hub.where.text() == "mirror · offline by HF_HUB_OFFLINE · token from HF_TOKEN"


def test_offline_is_a_setting(page: ModelsPage, shown: Shown) -> None:
    page.turn_to(page.hub)
    asked = record(shown.library.asked)
    page.hub.offline.click()
    assert shown.state.settings.offline
    assert asked == [ListLibrary()]
    shown.state.change(offline=False)
    assert not page.hub.offline.isChecked()
