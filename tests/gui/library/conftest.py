"""The page of models with what it needs of a window, and nothing else: a whole window takes long to make."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.library.desk import LibraryDesk
from helix_app.gui.library.page import ModelsPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.routing import Router
from helix_app.gui.state import State
from tests.gui.settling import load


class Shown:
    """Stands for a window: its page of models, the flow of loads, and the way of events to both."""

    def __init__(self, theme: Theme, state: State) -> None:
        self.state = state
        self.models = ModelFlow(state)
        self.loads = LoadView(theme, state, self.models)
        self.library = LibraryDesk(theme, state, self.models, self.loads, self.models)
        self.load_requested, self.strip = self.models.load_requested, self.loads.strip
        self.pages = self
        self._router = Router()
        for part in (self.loads, self.library, self.models):
            self._router.add(part.handlers())

    def start(self) -> None:
        self.models.start()

    def show_page(self, name: str) -> None:
        assert name == "models"
        self.library.page.show()

    def on_event(self, event: object) -> None:
        self._router.route(event)


@pytest.fixture
def shown(theme: Theme, state: State, qtbot: QtBot) -> Shown:
    """What stands for a window."""
    made = Shown(theme, state)
    for widget in (made.library.page, made.loads.welcome, made.strip):
        qtbot.addWidget(widget)
    made.library.page.resize(1000, 700)
    made.loads.welcome.hide()
    return made


@pytest.fixture
def page(shown: Shown) -> ModelsPage:
    """The page, shown, with a model loaded."""
    load(shown)  # type: ignore[arg-type]
    shown.show_page("models")
    return shown.library.page
