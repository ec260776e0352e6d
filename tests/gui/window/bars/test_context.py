"""The bar of the context: parts beside each other, and a warning when it is nearly full."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.window.bars.context import ContextBar

pytestmark = pytest.mark.styled


def colours(bar: ContextBar) -> list[str]:
    """Along the middle of the bar."""
    picture = QImage(bar.size(), QImage.Format.Format_RGB32)
    bar.render(picture)
    return [QColor(picture.pixel(x, 1)).name() for x in range(bar.width())]


def test_each_part_has_its_width(theme: Theme, qtbot: QtBot) -> None:
    bar = ContextBar(theme, 100)
    qtbot.addWidget(bar)
    bar.set_fraction(0.6)
    assert theme.palette.muted not in colours(bar)
    bar.set_parts({"system": 0.2, "history": 0.3, "reply": 0.1})
    seen = colours(bar)
    assert 18 <= seen.count(theme.palette.muted) <= 20
    assert 28 <= seen.count(theme.palette.accent) <= 30
    assert seen[-5] == theme.palette.pressed
    assert bar.parts() == {"system": 0.2, "history": 0.3, "reply": 0.1}


def test_nearly_full_is_a_warning_as_a_whole(theme: Theme, qtbot: QtBot) -> None:
    bar = ContextBar(theme, 100)
    qtbot.addWidget(bar)
    bar.set_fraction(0.95)
    bar.set_parts({"history": 0.95})
    assert colours(bar)[50] == theme.palette.corrected


def test_another_fraction_forgets_the_parts(theme: Theme, qtbot: QtBot) -> None:
    bar = ContextBar(theme, 100)
    qtbot.addWidget(bar)
    bar.set_parts({"history": 0.5}, 0.2)
    bar.set_fraction(0.1)
    assert bar.parts() == {}
