"""One plot of the live panel: its axis, its curves and its current value."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from helix_app.gui.live.metric import DASH, SPANS, CurveStyle, MetricPlot, dashes, nice_ceiling, tick_text
from helix_app.gui.live.ring import Ring
from helix_app.gui.look.theme import Theme
from tests.gui.fake import record

pytestmark = pytest.mark.styled


@pytest.mark.parametrize(("value", "top"), [(3, 8), (8, 8), (9, 10), (11, 20), (39, 40), (41, 60), (700, 800)])
def test_axis_tops_are_round(value: float, top: float) -> None:
    assert nice_ceiling(value, 8) == top


def test_a_broken_line_leaves_out_every_other_stretch() -> None:
    x = np.arange(0.0, 20.0, 0.05)
    drawn = dashes(x, np.ones(len(x)), 0.1)
    dash = DASH * 0.1
    assert not drawn[-1]
    middles = x[:-1] + 0.025
    assert drawn[:-1].tolist() == (middles // dash % 2 == 0).tolist()
    assert 0.4 < drawn.mean() < 0.6
    coarse = dashes(np.arange(0.0, 100.0, 3.0), np.ones(34), 0.1)  # points further apart than dashes are long
    assert coarse[:-1].tolist() == [i % 2 == 0 for i in range(33)]
    gap = np.ones(len(x))
    gap[200] = np.nan
    assert not dashes(x, gap, 0.1)[199:201].any()
    assert [len(dashes(x[:n], gap[:n], 0.1)) for n in (0, 1, 2)] == [0, 1, 2]


@pytest.mark.parametrize("top", [8, 100, 1500, 12_000])
def test_the_labels_of_an_axis_have_room(theme: Theme, top: float) -> None:
    plot = MetricPlot(theme, "Tokens", "", "none", (CurveStyle("accent_text"),), top=10)
    ring = Ring(2)
    ring.append(1.0, top)
    plot.show_rings(((ring, 1),), 0.0, "1")
    axis = plot.plot.getPlotItem().getAxis("left")
    texts = [text for _, text in axis._tickLevels[0]]
    metrics = QFontMetrics(theme.fonts.small)
    assert axis.maximumWidth() >= max(metrics.horizontalAdvance(text) for text in texts) + 6
    plot.deleteLater()


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (0.5, "0.5"), (40.0, "40"), (1500.0, "1,500"), (2_000_000.0, "2,000,000")]
)
def test_numbers_of_an_axis(value: float, words: str) -> None:
    assert tick_text(value) == words


@pytest.fixture
def plot(theme: Theme, qtbot: QtBot) -> MetricPlot:
    """A plot of a measured curve and a level line."""
    styles = CurveStyle("accent_text", "measured"), CurveStyle("plain", "plain", level=True)
    made = MetricPlot(theme, "Decode speed", "tok/s", "No reply yet", styles, top=10)
    qtbot.addWidget(made)
    made.resize(340, 160)
    made.show()
    return made


def ring(*points: tuple[float, float]) -> Ring:
    made = Ring(2)
    for point in points:
        made.append(*point)
    return made


def top(plot: MetricPlot) -> float:
    """What the axis is labelled up to."""
    return float(plot.plot.getPlotItem().getAxis("left")._tickLevels[0][-1][0])


def test_words_stand_in_place_of_a_plot_without_data(plot: MetricPlot) -> None:
    plot.show_rings(((ring((0.0, np.nan)), 1),), 0.0, "–")
    assert (plot.is_empty(), plot.empty_text()) == (True, "No reply yet")
    plot.show_rings(((ring((0.0, 5.0)), 1),), 0.0, "5")
    assert plot.is_empty()
    assert plot.can_be_revealed()
    plot.reveal()
    assert (plot.is_empty(), plot.value.text()) == (False, "5")
    plot.clear()
    assert (plot.is_empty(), plot.value.text()) == (True, "–")


def test_the_axis_grows_at_once_and_shrinks_only_when_it_is_far_too_high(plot: MetricPlot) -> None:
    seen = []
    for value in (39.0, 61.0, 41.0, 200.0, 5.0):
        plot.show_rings(((ring((0.0, value)), 1),), 0.0, "")
        seen.append(top(plot))
    assert seen == [40.0, 80.0, 80.0, 200.0, 10.0]


def test_only_what_is_in_sight_is_drawn(plot: MetricPlot) -> None:
    points = [(float(second), 10.0) for second in range(20)]
    plot.show_rings(((ring(*points), 1),), 15.0, "10")
    x, _ = plot.curves[0].getOriginalDataset()
    assert list(x) == [14.0, 15.0, 16.0, 17.0, 18.0, 19.0]  # and the one before, so that the line comes from there


def test_a_level_line_comes_and_goes(plot: MetricPlot) -> None:
    plot.show_reference(1, 38.0, 2.0, 12.0)
    x, y = plot.curves[1].getOriginalDataset()
    assert (list(x), list(y)) == ([2.0, 12.0], [38.0, 38.0])
    plot.show_reference(1, None, 2.0, 12.0)
    assert plot.curves[1].getOriginalDataset()[0] is None or not len(plot.curves[1].getOriginalDataset()[0])


def test_curves_have_the_colours_of_the_theme(plot: MetricPlot, theme: Theme) -> None:
    for choice in ("light", "dark"):
        theme.choose(choice)
        assert [curve.opts["pen"].color() for curve in plot.curves] == [
            theme.colour("accent_text"),
            theme.colour("plain"),
        ]


def test_the_time_that_is_in_sight_can_be_set_and_asked_for(plot: MetricPlot) -> None:
    assert plot.span() == pytest.approx((0.0, SPANS[0]))
    plot.show_span(10.0, 30.0)
    assert plot.span() == pytest.approx((10.0, 30.0))
    asked = record(plot.zoomed)
    plot.show_span(12.0, 30.0)
    assert asked == []  # nobody turned the wheel


def test_a_level_line_above_the_curve_is_in_sight(plot: MetricPlot) -> None:
    measured = ring((0.0, 6.0), (1.0, 7.0))
    plot.show_reference(1, 13.0, 0.0, 10.0)
    plot.show_rings(((measured, 1),), 0.0, "7")
    low, high = plot.plot.getPlotItem().getViewBox().viewRange()[1]
    assert low < 0 < 13.0 < high
    plot.clear()
    plot.show_rings(((measured, 1),), 0.0, "7")
    assert plot.plot.getPlotItem().getViewBox().viewRange()[1][1] < 13.0
