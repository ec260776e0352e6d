"""Ratios with their intervals and columns of shares, as they are drawn."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.plots import AXIS, MARKS, ROW, Bars, RatioPlot, ticks
from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench_views import BenchBar, BenchRatio

pytestmark = pytest.mark.styled

RATIOS = (
    BenchRatio("Chat", 1.4, 1.3, 1.5, "higher", "1.40x"),
    BenchRatio("Code", None, None, None, "few", "–"),
    BenchRatio("List", 0.9, None, None, "few", "0.90x"),
    BenchRatio("All", 0.8, 0.7, 0.9, "lower", "0.80x"),
)


@pytest.mark.parametrize(("low", "high"), [(0.97, 1.6), (0.5, 8.1), (0.2, 0.9), (0.999, 1.001), (1.0, 90.0)])
def test_the_axis_names_one_and_a_few_others(low: float, high: float) -> None:
    found = ticks(low, high)
    assert len(found) <= 8
    assert all(low - 1e-9 <= at <= high + 1e-9 for at, _ in found)
    assert len({text for _, text in found}) == len(found)
    if low <= 1 <= high:
        assert any(text in ("1.0x", "1.00x") for _, text in found)


@pytest.fixture
def ratios(theme: Theme, qtbot: QtBot) -> RatioPlot:
    """The plot of some of them."""
    plot = RatioPlot(theme, "Speedup")
    qtbot.addWidget(plot)
    plot.show_ratios(RATIOS)
    return plot


def test_what_has_no_value_has_no_row(ratios: RatioPlot) -> None:
    assert ratios.height() == 3 * ROW + AXIS
    assert ratios.accessibleDescription() == "Chat 1.40x; List 0.90x; All 0.80x"
    ratios.show_ratios(RATIOS[1:2])
    assert ratios.isHidden()


def test_points_stand_in_the_row_of_their_label_and_show_their_verdict(ratios: RatioPlot) -> None:
    places = {
        verdict: [(spot.pos().x(), spot.pos().y()) for spot in mark.points()] for verdict, mark in ratios.marks.items()
    }
    assert places == {"higher": [(1.4, 2.0)], "few": [(0.9, 1.0)], "lower": [(0.8, 0.0)], "same": []}
    x, y = ratios.spans.getOriginalDataset()
    assert (list(x), list(y)) == ([1.3, 1.5, 0.7, 0.9], [2.0, 2.0, 0.0, 0.0])


def test_verdicts_differ_by_more_than_colour() -> None:
    shapes = [(symbol, filled) for _, symbol, filled in MARKS.values()]
    assert len(set(shapes)) == len(shapes)


def test_one_is_in_sight_also_where_all_are_above_it(ratios: RatioPlot) -> None:
    ratios.show_ratios([BenchRatio("Chat", 3.0, 2.9, 3.1, "higher", "3.00x")])
    low, high = ratios.plot.getPlotItem().getViewBox().viewRange()[0]
    assert low < 1.0 < 3.1 < high


@pytest.fixture
def bars(theme: Theme, qtbot: QtBot) -> Bars:
    """Columns 56 pixels apart."""
    made = Bars(theme, "Acceptance rate", "position")
    qtbot.addWidget(made)
    made.resize(200, 144)
    return made


def heights(bars: Bars, theme: Theme) -> list[int]:
    """Pixels of each column along its middle."""
    image, colour = bars.grab().toImage(), QColor(theme.palette.accepted)
    middles = [round((n + 0.5) * 56) for n in range(len(bars.bars))]
    return [sum(image.pixelColor(x, y) == colour for y in range(image.height())) for x in middles]


def test_columns_are_as_high_as_their_shares(bars: Bars, theme: Theme) -> None:
    bars.show_bars([BenchBar("1", 1.0, "100 %"), BenchBar("2", 0.5, "50 %"), BenchBar("3", 0.0, "0 %")])
    whole, half, none = heights(bars, theme)
    assert whole > 80
    assert half == pytest.approx(whole / 2, abs=2)
    assert none == 0
    assert bars.accessibleDescription() == "position 1: 100 %, position 2: 50 %, position 3: 0 %"


def test_the_largest_share_may_be_a_full_column(bars: Bars, theme: Theme) -> None:
    shares = [BenchBar("0", 0.25, "25 %"), BenchBar("2", 0.5, "50 %")]
    bars.show_bars(shares, 0.5)
    small, large = heights(bars, theme)
    assert large > 80
    assert small == pytest.approx(large / 2, abs=2)
    bars.show_bars(shares, 0.0)  # no share at all: not divided by
    assert heights(bars, theme)[1] < large
