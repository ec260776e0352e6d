"""The first start: one card, from the suggestion to the first chat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.models.suggestion import Suggestion
from helix_app.gui.models.welcome import WelcomePage
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import LoadChoice
from tests.gui import fake
from tests.gui.fake import record


def test_welcome_flow_from_download_to_chat(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    downloads, loads, saved = map(record, (window.download_requested, window.load_requested, window.settings_changed))
    window.on_event(CatalogChanged((fake.SMOL, fake.BIG)))
    window.start()
    assert window.welcome.isVisible()
    assert not window.toolbar.isVisible()
    assert not window.live.isVisible()
    assert loads == []
    assert window.welcome.model.text() == "SmolLM2 135M Instruct"
    assert window.welcome.facts.text() == "145 MB · Apache 2.0 licence"
    window.welcome.start.click()
    assert downloads == [fake.SMOL.id]
    window.on_event(DownloadProgress(fake.SMOL.id, "download", 61_400_000, 144_811_904, 11_200_000.0, 7.4))
    assert window.welcome.figures.text() == "61.4 MB of 145 MB · 42 % · 11.2 MB/s · 7 s left"
    window.on_event(DownloadDone(fake.SMOL.id, "/models/x.gguf"))
    assert loads == [LoadChoice(fake.SMOL.id, learn=True)]
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.on_event(LoadProgress("weights", 0.5))
    assert window.welcome.stage.text() == "Loading weights"
    assert len(loads) == 1
    window.on_event(fake.ready())
    assert window.chat.isVisible()
    assert window.toolbar.isVisible()
    assert window.live.isVisible()
    assert window.chat.composer.editor.isEnabled()
    assert saved[-1].target == fake.SMOL.id


def test_cancelled_download_can_be_continued(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    cancels = record(window.download_cancel_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.start()
    window.welcome.start.click()
    window.welcome.cancel.click()
    assert cancels == [fake.SMOL.id]
    window.on_event(DownloadFailed(fake.SMOL.id, "download_cancelled"))
    assert window.welcome.start.text() == "Continue download"
    assert not window.welcome.error.isVisible()
    assert not window.welcome.busy()


def test_failed_download_says_why_and_can_be_tried_again(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    downloads = record(window.download_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.welcome.start.click()
    window.on_event(DownloadFailed(fake.SMOL.id, "download_no_network", "refused", (("host", "huggingface.co"),)))
    assert window.welcome.error.isVisible()
    assert "no connection to huggingface.co" in window.welcome.error.sentence.text()
    assert window.welcome.start.text() == "Try again"
    window.welcome.start.click()
    assert not window.welcome.error.isVisible()
    assert len(downloads) == 2


def test_welcome_opens_a_file(make_window: Callable[..., MainWindow], monkeypatch: pytest.MonkeyPatch) -> None:
    window = make_window()
    loads = record(window.load_requested)
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.start()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: ("/somewhere/model.gguf", ""))
    window.welcome.open.click()
    assert [load.target for load in loads] == ["/somewhere/model.gguf"]
    window.on_event(LoadProgress("weights", 0.1))
    window.on_event(events.Failed("model_corrupt", "bad magic", (("path", "/somewhere/model.gguf"),)))
    assert "damaged or incomplete" in window.welcome.error.sentence.text()
    assert not window.welcome.busy()


def test_an_empty_catalog_offers_only_a_file(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    window.on_event(CatalogChanged(()))
    assert window.welcome.isVisible()
    assert not window.welcome.start.isVisible()
    assert window.welcome.open.isVisible()


@pytest.fixture
def card(theme: Theme, qtbot: QtBot) -> WelcomePage:
    """The card by itself, with a suggestion."""
    made = WelcomePage(theme)
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    made.show_item(fake.SMOL)
    return made


def test_a_model_that_is_here_is_only_started(card: WelcomePage) -> None:
    assert card.start.text() == "Download and start"
    card.show_item(fake.here(fake.SMOL))
    assert card.start.text() == "Start"
    assert card.facts.text() == "145 MB · Apache 2.0 licence"


def test_cancel_is_asked_once_for_each_try(card: WelcomePage) -> None:
    asked = record(card.cancel_requested)
    card.start.click()
    assert card.busy()
    card.cancel.click()
    card.cancel.click()
    assert asked == [fake.SMOL.id]
    card.show_failure(DownloadFailed(fake.SMOL.id, "download_cancelled"))
    assert not card.error.isVisible()
    card.start.click()
    card.cancel.click()
    assert asked == [fake.SMOL.id] * 2


def test_a_load_that_failed_does_not_offer_the_download_again(card: WelcomePage) -> None:
    card.show_loading(LoadProgress("weights", 0.25))
    assert (card.stage.text(), card.figures.text()) == ("Loading weights", "25 %")
    card.show_failure(events.Failed("out_of_memory", "bad_alloc"))
    assert card.error.isVisible()
    assert card.start.text() == "Download and start"
    card.show_failure(events.Failed("load_cancelled"))
    assert not card.busy()
    card.error.close_button.click()
    assert not card.error.isVisible()


def test_without_a_suggestion_nothing_can_be_started(card: WelcomePage) -> None:
    asked = record(card.download_requested)
    card.show_item(None)
    card.on_start_clicked()
    assert asked == []
    assert (card.item, card.open.text()) == (None, "Open a model file…")


LARGE = replace(fake.BIG, id="large", name="Large", draft=fake.SMOL.id)


def offered(card: WelcomePage) -> tuple[str, str]:
    """The card with a model for this computer whose draft is another one; the texts of both buttons."""
    card.offer.show_suggestion(Suggestion(LARGE, replace(fake.SMOL, id="small")))
    card.offer.start.click()
    return card.start.text(), card.offer.start.text()


@pytest.mark.parametrize("order", [("large", "small"), ("small", "large")])
def test_stopping_a_model_and_its_draft_renames_the_button_that_began_them(
    card: WelcomePage, order: tuple[str, str]
) -> None:
    own, _ = offered(card)
    card.cancel.click()
    for model in order:
        card.show_failure(DownloadFailed(model, "download_cancelled"))
    assert (card.start.text(), card.offer.start.text()) == (own, "Continue download")
    assert card.offer.start.accessibleName() == "Continue download"
    assert not card.busy()
    assert not card.error.isVisible()


def test_stopping_a_draft_whose_model_is_here_renames_nothing(card: WelcomePage) -> None:
    before = offered(card)
    card.on_arrived("large")
    card.cancel.click()
    card.show_failure(DownloadFailed("small", "download_cancelled"))
    assert (card.start.text(), card.offer.start.text()) == before
    assert card.busy()  # the model is loaded without it
    card.show_loading(LoadProgress("weights", 0.5))
    assert card.cancel.isEnabled()


def test_a_download_that_was_begun_elsewhere_renames_no_button(card: WelcomePage) -> None:
    before = offered(card)
    card.show_failure(DownloadFailed("another", "download_source"))
    assert (card.start.text(), card.offer.start.text()) == before
    assert card.error.isVisible()
