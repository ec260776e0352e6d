"""Pages are made when they are wanted, and know then what happened before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.gui.benchmark import kinds
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.kit import tab_order
from helix_app.gui.library.page import ModelsPage
from helix_app.gui.server.page import ServerPage
from helix_app.gui.window import late_pages
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.library import LibraryChanged
from helix_app.protocol.models.hub import CatalogChanged, DownloadFailed, DownloadProgress
from helix_app.protocol.serving import ServedReplies, ServedReply, ServedRequest, ServingBegun
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.settling import load
from tests.runs.made_runs import made_run

KINDS: dict[str, type[QWidget]] = {
    "inspect": InspectPage,
    "compare": ComparePage,
    "benchmark": BenchmarkPage,
    "server": ServerPage,
    "models": ModelsPage,
}


def made(window: MainWindow, kind: type) -> bool:
    return window.findChild(kind) is not None


@pytest.mark.parametrize("page", KINDS)
def test_a_page_is_made_when_it_is_shown(window: MainWindow, page: str) -> None:
    assert not any(made(window, kind) for kind in KINDS.values())
    action = next(action for action in window.pages.actions_ if action.text().lower() == page)
    action.trigger()  # by its key, by the menu, or by the palette
    assert [name for name, kind in KINDS.items() if made(window, kind)] == [page]
    shown = window.pages.widget(page)
    assert type(shown) is KINDS[page]
    assert shown.isVisible()
    assert shown.property(PROPERTY) == window.pages.button(page).property(PROPERTY) == f"page_{page}"  # for F1
    assert window.pages.current is not None
    assert window.pages.current.name == page
    window.pages.show_page("chat")
    window.pages.show_page(page)
    assert len(window.findChildren(KINDS[page])) == 1


def test_what_a_page_need_not_know_makes_none(window: MainWindow, chat: Driver) -> None:
    chat.ask("Why?")
    window.state.change(text_size=120, theme="dark")
    chat.finish("So.")
    load(window)
    window.close()
    assert not any(made(window, kind) for kind in KINDS.values())


def test_news_of_the_server_that_come_first_are_not_lost(window: MainWindow) -> None:
    window.on_event(ServingBegun("http://127.0.0.1:8765"))
    window.on_event(ServedReplies((ServedReply("a", 1_764_000_000.0, "Why?", "writing", 12, 0.8, 31.5),)))
    window.on_event(ServedRequest(1_764_000_000.0, "GET", "/v1/models", 200, 0.02))
    page = window.findChild(ServerPage)
    assert page is not None, "it is in the window, which owns it"
    assert not page.isVisible()
    assert window.pages.widget("server") is window.server is page
    assert page.running
    assert page.url.text() == "http://127.0.0.1:8765/v1"
    assert page.replies.count() == 1
    assert "/v1/models" in page.log.toPlainText()


def test_news_of_models_that_come_first_are_not_lost(window: MainWindow) -> None:
    window.on_event(DownloadProgress(fake.BIG.id, "download", 1, 2))
    page = window.findChild(ModelsPage)
    assert page is not None, "it is in the window, which owns it"
    assert not page.isVisible()
    assert window.library.page is page
    row = page.downloads.row(fake.BIG.id)
    assert row is not None
    window.on_event(DownloadFailed(fake.BIG.id, "download_missing", "", (("name", "x"), ("host", "h"))))
    assert "was not downloaded" in window.status.currentMessage()


def test_all_news_of_a_page_find_it(window: MainWindow) -> None:
    assert set(window.server.handlers()) == set(late_pages.SERVING)
    assert set(window.library.page.handlers()) == set(window.library.handlers())


def test_the_page_of_models_asks_once_what_is_here(window: MainWindow) -> None:
    asked = fake.record(window.library.asked)
    assert not asked
    window.pages.show_page("models")
    assert len(asked) == 1
    window.on_event(LibraryChanged(()))
    window.on_event(fake.ready())
    assert len(asked) == 2  # the model that was loaded has been used now


def test_a_page_that_is_made_late_knows_settings_and_catalogue(window: MainWindow) -> None:
    window.state.change(serve_port=9000, serve_key="k", offline=True, text_size=140)
    window.on_event(
        CatalogChanged((fake.here(fake.SMOL), fake.BIG, replace(fake.BIG, id="third", name="Third", memory_gb=24)))
    )
    page, models = window.server, window.library.page
    assert (page.port.value(), page.key.text()) == (9000, "k")
    assert page.port.font() == window.theme.fonts.mono
    assert models.hub.offline.isChecked()
    window.pages.show_page("models")
    models.turn_to(models.catalogue)
    assert "Third" in [row.name.text() for row in models.catalogue.rows()]


def test_inspect_shows_the_reply_from_before_it_was_made(window: MainWindow, chat: Driver) -> None:
    for rounds in (12, 25):
        for item in made_run(rounds, name=chat.ask("Why?").request_id, seed=rounds).items[2:]:
            window.on_event(item.event)
        window.chat.flush()
    window.pages.show_page("inspect")
    page = window.findChild(InspectPage)
    assert page is not None
    assert page.timeline.count == 25


def test_tab_goes_through_a_late_page_before_what_stands_beside_it(window: MainWindow) -> None:
    window.pages.show_page("server")
    page = window.server
    order = tab_order.chain(window)
    within = [number for number, control in enumerate(order) if page.isAncestorOf(control)]
    beside = [number for number, control in enumerate(order) if window.live.isAncestorOf(control)]
    assert within == list(range(within[0], within[-1] + 1))
    assert order[within[0]] is page.port
    assert beside
    assert within[-1] < beside[0]


@pytest.mark.parametrize("page", ["compare", "benchmark"])
def test_a_page_that_is_made_late_knows_the_model(window: MainWindow, page: str) -> None:
    load(window)
    window.pages.show_page(page)
    shown = window.compare.setup.prompt if page == "compare" else window.benchmark.setup.run
    assert shown.isEnabled()


def test_a_benchmark_is_estimated_by_what_earlier_replies_told(window: MainWindow) -> None:
    load(window)
    window.on_event(fake.finished("r1", "text"))
    together = replace(fake.finished("r2", "text", plain_tokens_per_second=9.0), beside_others=True)
    window.on_event(together)  # says nothing of a benchmark, whose replies are by themselves
    setup = window.benchmark.setup
    assert setup.duration.text() == kinds.duration(setup.request(), 38.0) != kinds.duration(setup.request(), None)


def test_what_late_pages_ask_reaches_the_window(window: MainWindow) -> None:
    load(window)
    asked = fake.record(window.benchmark_requested)
    window.pages.show_page("benchmark")
    assert asked, "its list of results"


@pytest.mark.parametrize("page", KINDS)
def test_a_page_is_made_within_the_window(window: MainWindow, page: str, qapp: QApplication) -> None:
    """No part of it is a window of its own, not even for a moment, for that would take the keyboard away."""
    shown = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                shown.append(watched)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    window.pages.show_page(page)
    qapp.removeEventFilter(watch)
    assert not shown
