"""A person at the benchmark page."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from tests.gui.benchmark.bench_made import Person, looking_at


@pytest.fixture
def person(theme: Theme, qtbot: QtBot, state: State) -> Person:
    """Someone who looks at the page alone."""
    page = BenchmarkPage(theme, state)
    qtbot.addWidget(page)
    return looking_at(page, state)


@pytest.fixture
def page(person: Person) -> BenchmarkPage:
    """That page."""
    return person.page
