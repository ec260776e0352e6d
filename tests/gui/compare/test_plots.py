"""Tokens over time of both arms, and the speedup as it develops."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.plots import MOST, ComparePlots, CurvePlot
from helix_app.gui.live.metric import CurveStyle
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import Event
from helix_app.runs.comparison import ArmRecord
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui.compare.instruments.person import SPEC, CompareDriver


def test_empty_plots_are_words(driver: CompareDriver) -> None:
    driver.run()
    assert driver.page.plots.tokens.is_empty()
    assert driver.page.plots.ratio.is_empty()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    driver.page.plots.draw()
    assert not driver.page.plots.tokens.is_empty()
    assert driver.page.plots.ratio.is_empty()


@pytest.fixture
def curve(theme: Theme, qtbot: QtBot) -> CurvePlot:
    """A plot of one curve, up to 40 tokens in 3 seconds."""
    made = CurvePlot(theme, "Tokens", "", "No tokens yet", (CurveStyle("text"),), top=10, along=" s")
    qtbot.addWidget(made)
    made.resize(300, 160)
    made.show()
    made.show_curves([([0.0, 3.0], [1.0, 40.0])], "40")
    return made


def test_all_of_a_curve_is_in_sight(curve: CurvePlot) -> None:
    assert curve.span() == pytest.approx((0.0, 3.06))
    curve.show_curves([([0.0, 5.0], [1.0, 60.0])], "60")
    assert curve.span() == pytest.approx((0.0, 5.1))
    assert (curve.end(), curve.value.text()) == (5.0, "60")


def test_a_part_that_a_person_looks_at_stays(curve: CurvePlot) -> None:
    curve.show_span(1.0, 2.0)
    curve.zoomed.emit()
    curve.show_curves([([0.0, 5.0], [1.0, 60.0])], "60")
    assert curve.span() == pytest.approx((1.0, 2.0))
    curve.reset_requested.emit()
    assert curve.span() == pytest.approx((0.0, 5.1))


def test_the_place_of_the_replay_goes_with_the_data(curve: CurvePlot) -> None:
    curve.show_line(1.5)
    assert (curve.line.isVisible(), curve.line.value()) == (True, 1.5)
    curve.clear()
    assert not curve.line.isVisible()
    assert curve.is_empty()
    assert curve.empty_text() == "No tokens yet"


@pytest.fixture
def plots(theme: Theme, qtbot: QtBot) -> ComparePlots:
    """Both plots."""
    made = ComparePlots(theme)
    qtbot.addWidget(made)
    made.resize(600, 160)
    made.show()
    return made


def begun(plots: ComparePlots, a: list[Event], b: list[Event], over: tuple[int, int] = (0, 1)) -> ComparePlots:
    records = ArmRecord(), ArmRecord()
    for record, happened in zip(records, (a, b)):
        for event in happened:
            record.add(event)
    plots.begin(records, over)
    plots.draw()
    return plots


def test_what_both_have_written_so_far(plots: ComparePlots) -> None:
    begun(plots, spec_reply(SPEC, WORDS[0]), plain_reply(WORDS)[:8])
    assert plots.tokens.value.text() == "60 | 4"
    assert plots.ratio.value.text() != "–"
    begun(plots, [], [])
    assert (plots.tokens.value.text(), plots.ratio.value.text()) == ("–", "–")
    assert plots.tokens.is_empty()


def test_the_speedup_is_that_of_one_arm_over_the_other(plots: ComparePlots) -> None:
    spec, plain = spec_reply(SPEC, WORDS[0]), plain_reply(WORDS)
    begun(plots, spec, plain)
    assert plots.ratio.value.text() == "2.81"
    x, y = plots.ratio.curves[1].getOriginalDataset()
    assert (list(x), list(y)) == ([0.0, 60.0], [1.0, 1.0])  # equally fast
    begun(plots, plain, spec, (1, 0))
    assert plots.ratio.value.text() == "2.81"


def test_a_long_curve_is_drawn_by_fewer_points(plots: ComparePlots) -> None:
    words = [f"{n} " for n in range(MOST + 200)]
    begun(plots, plain_reply(words), plain_reply(words))
    x, y = plots.tokens.curves[0].getOriginalDataset()
    assert len(x) == MOST
    assert (y[0], y[-1]) == (1.0, float(len(words)))


def test_both_show_where_the_replay_is(plots: ComparePlots) -> None:
    begun(plots, spec_reply(SPEC, WORDS[0]), plain_reply(WORDS))
    plots.show_at(0.305)  # five rounds of three tokens after the first
    assert plots.tokens.line.value() == 0.305
    assert plots.ratio.line.value() == 16.0
