"""The inspector over a run that was made."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.look.theme import Theme
from helix_app.runs.run import Run
from helix_app.runs.trace import Trace
from tests.runs.made_runs import made_run


@pytest.fixture
def run() -> Run:
    """150 rounds."""
    return made_run(150)


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, run: Run) -> InspectPage:
    """The page that shows it."""
    made = InspectPage(theme)
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    qtbot.waitExposed(made)
    made.show_trace(Trace(run.items))
    return made
