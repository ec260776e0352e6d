"""The page of models in its window: the way from the welcome, and back to loading."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged, DownloadFailed, DownloadProgress
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.library.library_views import QWEN


def test_the_welcome_leads_to_what_helix_suggests(window: MainWindow) -> None:
    window.on_event(CatalogChanged((QWEN,)))
    window.start()
    window.welcome.more.click()
    page = window.library.page
    assert page.catalogue.isVisible()
    window.on_event(CatalogChanged((QWEN, fake.SMOL)))
    assert page.isVisible()  # the card does not come back over it
    asked = record(window.library.download_requested)
    page.catalogue.rows()[0].buttons[0].click()
    assert asked == [QWEN.id]
    window.on_event(DownloadProgress(QWEN.id, "download", 1, 2))
    window.on_event(DownloadFailed(QWEN.id, "download_missing", "", (("name", "Qwen3 0.6B"), ("host", "h"))))
    assert not window.load_view.strip.isVisible()
    assert not window.chat.error.isVisible()  # it is told in its row
    assert "was not downloaded" in window.status.currentMessage()
