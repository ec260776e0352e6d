"""Fixtures of the window's tests: everything runs offscreen on fake events."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from helix_app.base.settings import Settings
from helix_app.gui.kit.language import install
from helix_app.gui.look import theme as looks
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.settling import end


@pytest.fixture
def speaking(qapp: QApplication) -> Iterator[Callable[[str], str]]:
    """Has the program speak a language until the end of the test."""
    before = QLocale()
    yield lambda language: install(qapp, language)
    install(qapp, "en")
    QLocale.setDefault(before)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The light theme."""
    made = Theme(qapp, "light")
    yield made
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def state(qapp: QApplication) -> State:
    """What a page that stands alone is given: nothing is loaded yet."""
    return State(Settings(theme="light"))


@pytest.fixture(autouse=True)
def bare(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stylesheet, which takes half of the time of a window, but for tests that are ``styled``."""
    if request.node.get_closest_marker("styled") is None:
        monkeypatch.setattr(looks, "stylesheet", lambda _: "")


@pytest.fixture
def make_window(qapp: QApplication) -> Iterator[Callable[..., MainWindow]]:
    """Makes windows; each is gone at the end."""
    windows: list[MainWindow] = []

    def make(**values: object) -> MainWindow:
        window = MainWindow(Settings(**{"theme": "light", "better_model_told": True, **values}))
        windows.append(window)
        window.show()
        return window

    yield make
    for window in windows:
        if isValid(window):  # a test may have ended it
            end(window)
    windows.clear()


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    """A window with a loaded model."""
    made = make_window()
    made.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    made.start()
    made.on_event(fake.ready())
    return made


@pytest.fixture
def chat(window: MainWindow) -> Driver:
    """A person at that window."""
    return Driver(window)
