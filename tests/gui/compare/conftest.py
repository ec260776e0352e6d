"""A person at the compare page."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.page import ComparePage
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.compare.instruments.person import CompareDriver


@pytest.fixture
def driver(theme: Theme, state: State, qtbot: QtBot) -> CompareDriver:
    """The page by itself, with a model."""
    page = ComparePage(theme, state)
    qtbot.addWidget(page)
    page.resize(1180, 700)
    page.show()
    state.set_model(Model(fake.ready()))
    return CompareDriver(page)


@pytest.fixture
def in_window(window: MainWindow) -> CompareDriver:
    """The page in the window."""
    window.pages.show_page("compare")
    return CompareDriver(window.compare, window.on_event)
