"""How far drafts survive, and what another k might have given."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.inspect.charts import MOST_BARS, SurvivalChart, WhatIfChart, policy_name
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.look.theme import Theme
from helix_app.runs.what_if import Estimate, Position, estimates, survival

pytestmark = pytest.mark.styled


def test_charts_show_what_the_rounds_say(page: InspectPage) -> None:
    positions, found = survival(page.trace.rounds), estimates(page.trace.rounds)
    alive = 1.0
    for position, shown in zip(positions, page.facts.survival.alive()):
        alive *= position.accepted / position.reached
        assert shown == pytest.approx(alive)
    assert page.facts.what_if.bars() == [e for e in found if e.policy in ("fixed", "additive")]
    assert "never drafted so many" in page.facts.what_if.describe(8)
    assert "never drafted" not in page.facts.what_if.describe(2)
    measured = next(e for e in found if e.policy == "measured")
    assert f"Measured {measured.tokens_per_second:.0f} tok/s" in page.facts.summary.text()


def test_what_is_beyond_the_tried_k_is_hatched(page: InspectPage) -> None:
    image = page.facts.what_if.grab().toImage()

    def share(index: int) -> float:
        """How much of a bar's lower half is filled."""
        chart = page.facts.what_if
        bar = chart.bars()[index]
        box = chart.bar(index, bar.tokens_per_second / chart._top()).adjusted(4, 20, -4, -4).toRect()
        back = image.pixel(1, 1)
        points = [(x, y) for x in range(box.left(), box.right()) for y in range(box.top(), box.bottom())]
        return sum(image.pixel(x, y) != back for x, y in points) / len(points)

    assert share(4) > 0.95
    assert 0.05 < share(8) < 0.8


@pytest.fixture
def survived(theme: Theme, qtbot: QtBot) -> SurvivalChart:
    """A chart by itself."""
    made = SurvivalChart(theme)
    qtbot.addWidget(made)
    made.resize(240, 96)
    return made


def test_a_draft_stands_as_far_as_all_before_it_stood(survived: SurvivalChart) -> None:
    survived.show_positions([Position(10, 8), Position(8, 4), Position(0, 0)])
    assert survived.alive() == pytest.approx([0.8, 0.4, 0.0])
    assert survived.describe(1).splitlines() == [
        "Draft token 2",
        "4 of 8 accepted when all before it were: 50 %",
        "40 % of drafts so long stand up to here",
    ]
    assert "– " not in survived.describe(0)
    assert survived.describe(2).splitlines()[1].endswith(": –")  # nobody got there


def test_bars_are_as_high_as_their_share_and_stay_inside(survived: SurvivalChart) -> None:
    survived.show_positions([Position(10, 9)] * 40)
    assert survived.count() == MOST_BARS
    whole, half = survived.bar(0, 1.0), survived.bar(1, 0.5)
    assert whole.height() == survived.area().height()
    assert half.height() == pytest.approx(whole.height() / 2)
    assert half.bottom() == whole.bottom()
    assert survived.bar(MOST_BARS - 1, 1.0).right() <= survived.width()


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate("additive", 0, 50.0, True), "the additive policy"),
        (Estimate("fixed", 0, 50.0, True), "plain decoding"),
        (Estimate("fixed", 3, 50.0, True), "always k = 3"),
    ],
)
def test_policies_in_words(estimate: Estimate, words: str) -> None:
    assert policy_name(estimate) == words


def test_fixed_k_come_first_and_the_additive_policy_last(theme: Theme, qtbot: QtBot) -> None:
    chart = WhatIfChart(theme)
    qtbot.addWidget(chart)
    chart.resize(240, 112)
    blank = chart.grab().toImage()  # words in place of bars
    additive, measured = Estimate("additive", 0, 55.0, True), Estimate("measured", 0, 50.0, True)
    fixed = [Estimate("fixed", k, 40.0 + k, k < 4) for k in range(40)]
    chart.show_estimates([measured, additive, *fixed])
    assert chart.bars() == [*fixed[: MOST_BARS - 1], additive]
    assert chart.describe(2) == "always k = 2: about 42 tok/s"
    assert chart.describe(4).splitlines()[1].startswith("This run never drafted so many")
    assert chart.grab().toImage() != blank
    chart.show_estimates([])
    assert chart.grab().toImage() == blank
