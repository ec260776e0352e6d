"""Bars that say how far something is."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from helix_app.gui.kit.controls.progress import ProgressLine, ThinBar
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow

pytestmark = pytest.mark.styled


def share(bar: ThinBar, colour: str) -> float:
    """How much of its length has this colour."""
    image = bar.grab().toImage()
    return sum(image.pixelColor(x, 2) == QColor(colour) for x in range(image.width())) / image.width()


def test_progress_does_not_end_in_the_colour_of_errors(window: MainWindow) -> None:
    def colours(bar: ThinBar) -> set[str]:
        image = bar.grab().toImage()
        return {image.pixelColor(x, image.height() // 2).name() for x in range(4, image.width() - 4)}

    for bar, warned in ((window.strip.line, False), (window.welcome.line, False), (window.status.bar, True)):
        bar.resize(80, 4)
        bar.set_fraction(0.97)
        assert (window.theme.palette.corrected in colours(bar)) is warned


@pytest.mark.parametrize(("fraction", "drawn"), [(0.0, 0.0), (0.25, 0.25), (0.8, 0.8), (1.0, 1.0), (3.0, 1.0)])
def test_a_bar_is_as_long_as_its_fraction(theme: Theme, qtbot: QtBot, fraction: float, drawn: float) -> None:
    bar = ThinBar(theme, 200)
    qtbot.addWidget(bar)
    bar.set_fraction(fraction)
    assert bar.fraction() == drawn
    assert share(bar, theme.palette.accent) == pytest.approx(drawn, abs=0.03)
    theme.choose("dark")
    assert share(bar, theme.palette.accent) == pytest.approx(drawn, abs=0.03)


@pytest.mark.parametrize(("fraction", "warned"), [(0.9, False), (0.91, True)])
def test_what_is_nearly_full_warns_where_that_matters(
    theme: Theme, qtbot: QtBot, fraction: float, warned: bool
) -> None:
    bar = ThinBar(theme, 200, warns=True)
    qtbot.addWidget(bar)
    bar.set_fraction(fraction)
    assert (share(bar, theme.palette.corrected) > 0.8) is warned
    assert (share(bar, theme.palette.accent) > 0.8) is not warned


@pytest.fixture
def line(theme: Theme, qtbot: QtBot) -> ProgressLine:
    """A line that is shown, and knows nothing yet."""
    made = ProgressLine(theme)
    qtbot.addWidget(made)
    made.resize(200, 4)
    made.show()
    made.set_fraction(None)
    return made


def test_it_moves_while_nobody_knows_how_far_it_is(line: ProgressLine, theme: Theme) -> None:
    assert share(line, theme.palette.accent) == pytest.approx(0.25, abs=0.03)
    before = line.grab().toImage()
    for _ in range(20):
        line.on_tick()
    assert line.grab().toImage() != before
    assert share(line, theme.palette.accent) == pytest.approx(0.25, abs=0.03)
    line.set_fraction(0.5)
    assert share(line, theme.palette.accent) == pytest.approx(0.5, abs=0.03)


def test_it_rests_while_nobody_sees_it(line: ProgressLine) -> None:
    line.hide()
    before = line.grab().toImage()
    line.on_tick()
    assert line.grab().toImage() == before


def test_it_goes_to_the_end_and_comes_back(line: ProgressLine, theme: Theme) -> None:
    def place() -> int:
        image = line.grab().toImage()
        return next(x for x in range(image.width()) if image.pixelColor(x, 2) == QColor(theme.palette.accent))

    places = [place()]
    for _ in range(2):
        for _ in range(83):  # 0.012 of the way each
            line.on_tick()
        places.append(place())
    there, far, back = places
    assert far > 140
    assert there <= back < 10
