"""Pages are made when they are wanted, and know then what happened before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.gui.benchmark import kinds
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.settling import load


def made(window: MainWindow, kind: type) -> bool:
    return window.findChild(kind) is not None


def test_a_page_is_made_when_it_is_shown(window: MainWindow) -> None:
    assert not made(window, ComparePage)
    window.pages.show_page("compare")
    assert made(window, ComparePage)
    assert window.compare is window.pages.widget("compare")
    assert window.pages.current is not None
    assert window.pages.current.name == "compare"


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


@pytest.mark.parametrize("page", ["compare", "benchmark"])
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
