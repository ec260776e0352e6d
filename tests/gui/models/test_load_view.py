"""Downloads and loads on the card of the first start, and later in the strip."""

from __future__ import annotations

from collections.abc import Callable

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from tests.gui import fake
from tests.gui.fake import record


def test_loading_can_be_cancelled(window: MainWindow) -> None:
    cancels, loads = record(window.cancel_requested), record(window.load_requested)
    window.toolbar.draft.pick("none")
    window.strip.cancel.click()
    assert len(cancels) == 1
    window.on_event(events.Failed("load_cancelled"))
    assert not window.strip.isVisible()
    assert not window.chat.error.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    window.toolbar.draft.pick("none")  # the same again is a new attempt
    assert len(loads) == 2


def test_a_download_does_not_hide_the_load_that_runs(window: MainWindow) -> None:
    window.toolbar.target.pick(fake.BIG.id)
    window.toolbar.draft.pick("none")
    window.on_event(LoadProgress("weights", 0.3))
    window.on_event(DownloadProgress(fake.BIG.id, "download", 1, 2))
    assert window.strip.text.text() == "Loading weights"
    window.on_event(DownloadFailed(fake.BIG.id, "download_failed", "", (("name", "Qwen"),)))
    assert window.strip.isVisible()
    assert "did not complete" in window.chat.error.sentence.text()


def test_a_load_that_was_stopped_is_over(window: MainWindow) -> None:
    seen = record(window.cancel_requested)
    window.toolbar.device.pick("cpu")
    window.on_event(LoadProgress("tokenizer"))
    assert window.strip.isVisible()
    window.strip.cancel.click()
    assert len(seen) == 1
    window.on_event(Unloaded())
    assert not window.strip.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    loads = record(window.load_requested)
    window.toolbar.device.pick("auto")
    assert len(loads) == 1


def test_on_the_first_start_the_card_shows_it_and_not_the_strip(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    window.on_event(CatalogChanged((fake.SMOL,)))
    window.start()
    assert window.load_view.on_welcome
    window.welcome.start.click()
    window.on_event(DownloadProgress(fake.SMOL.id, "download", 1, 4))
    assert window.welcome.busy()
    window.on_event(DownloadDone(fake.SMOL.id, "/m"))
    window.on_event(LoadProgress("weights", 0.5))
    assert window.welcome.line.fraction() == 0.5
    assert not window.strip.isVisible()
    window.on_event(fake.ready())
    assert not window.load_view.on_welcome
    assert not window.welcome.busy()


def test_the_strip_is_about_the_download_until_a_load_begins(window: MainWindow) -> None:
    cancels = record(window.cancel_requested)
    downloads = record(window.download_cancel_requested)
    window.toolbar.target.pick(fake.BIG.id)
    assert window.strip.text.text() == f"Connecting {fake.BIG.name}"
    window.strip.cancel.click()
    assert (len(cancels), downloads) == (0, [fake.BIG.id])
    window.on_event(DownloadDone(fake.BIG.id, "/m"))
    window.strip.cancel.click()
    assert (len(cancels), downloads) == (1, [fake.BIG.id])


def test_a_download_that_a_person_stopped_is_no_error(window: MainWindow) -> None:
    window.toolbar.target.pick(fake.BIG.id)
    window.on_event(DownloadFailed(fake.BIG.id, "download_cancelled", "", (("name", fake.BIG.name),)))
    assert not window.strip.isVisible()
    assert not window.chat.error.isVisible()
    window.toolbar.target.pick(fake.BIG.id)
    window.on_event(DownloadFailed(fake.BIG.id, "download_checksum", "", (("name", fake.BIG.name),)))
    assert not window.strip.isVisible()
    assert "checksum" in window.chat.error.sentence.text()
