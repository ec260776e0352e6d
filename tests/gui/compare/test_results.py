"""The figures of both arms, and the gauge that says where drafting pays."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.results import FigureTable, Gauge, GaugeBar, sides
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import Event, Failed
from helix_app.protocol.requests import ArmChoice
from helix_app.runs.break_even import BreakEven
from helix_app.runs.comparison import ArmRecord
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui.compare.instruments.person import SPEC, CompareDriver, compared

PLAIN = ArmChoice("autoregressive")


def test_figures_are_those_of_the_events(driver: CompareDriver) -> None:
    compared(driver)
    a, b = (record.metrics for record in driver.page.records)
    assert a is not None
    assert b is not None
    shown = driver.page.table.texts()
    assert shown["Decode speed"] == tuple(f"{figures.rate(m.decode_tokens_per_second)} tok/s" for m in (a, b))
    assert shown["Time to first token"] == (figures.seconds(0.2), figures.seconds(0.2))
    assert shown["Acceptance rate"] == (figures.percent(a.acceptance_rate), figures.UNKNOWN)
    assert shown["Tokens per pass"] == (f"{a.mean_accepted_length:.2f}", "1.00")
    assert shown["k, fewest to most"] == ("0–2", figures.UNKNOWN)
    assert driver.page.gauge.sentence.text() == "Speculation gains 181 % here."
    assert driver.page.plots.ratio.value.text() == "2.81"
    x, y = driver.page.plots.tokens.curves[0].getOriginalDataset()
    assert list(x) == pytest.approx(driver.page.records[0].seconds)
    assert list(y) == driver.page.records[0].tokens


def test_the_speed_up_is_that_of_the_speculative_arm(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.on_preset_picked("custom")
    setup.rows[0].set_arm(ArmChoice("autoregressive"))
    setup.rows[1].set_arm(ArmChoice())
    driver.run()
    driver.arm(0, plain_reply(WORDS))
    driver.arm(1, spec_reply(SPEC, WORDS[0]))
    driver.done()
    assert driver.page.gauge.sentence.text() == "Speculation gains 181 % here."
    assert driver.page.plots.ratio.value.text() == "2.81"


def test_the_gauge_says_where_drafting_pays(driver: CompareDriver) -> None:
    compared(driver)
    bar = driver.page.gauge.bar
    assert bar.isVisible()
    assert bar.accessibleName() == "100 % accepted; drafting pays from 0 % on"
    assert driver.page.gauge.cost.text().startswith("In A, a round drafts 2.0 tokens")


def test_a_noisy_run_is_called_so(driver: CompareDriver) -> None:
    compared(driver, drift=0.23, noisy=True)
    gauge = driver.page.gauge
    assert gauge.noise.isVisible()
    assert gauge.noise.text().startswith("Noisy: the machine's own speed moved by 23 % meanwhile.")
    assert "differed by 23 %" in gauge.sentence.toolTip()
    driver.run()
    assert not gauge.noise.isVisible()
    driver.done("cancelled")
    compared(driver, drift=0.03)
    assert not gauge.noise.isVisible()
    assert gauge.sentence.text() == "Speculation gains 181 % here."


def told(*happened: Event) -> ArmRecord:
    record = ArmRecord()
    for event in happened:
        record.add(event)
    return record


@pytest.mark.parametrize(
    ("arms", "over"),
    [
        ((ArmChoice(), PLAIN), (0, 1)),
        ((PLAIN, ArmChoice()), (1, 0)),
        ((ArmChoice(), ArmChoice(k="fixed:4")), (0, 1)),
        ((PLAIN, PLAIN), (0, 1)),
    ],
)
def test_the_speculative_arm_is_over_the_plain_one(arms: tuple[ArmChoice, ArmChoice], over: tuple[int, int]) -> None:
    assert sides(arms) == over


def test_figures_are_dashes_until_a_reply_is_over(theme: Theme, qtbot: QtBot) -> None:
    table = FigureTable(theme)
    qtbot.addWidget(table)
    table.show_records((told(*plain_reply(WORDS)), told(*plain_reply(WORDS)[:-1])))
    assert table.texts()["Tokens"] == ("60", figures.UNKNOWN)
    assert {second for _, second in table.texts().values()} == {figures.UNKNOWN}
    assert table.cells[3][0].accessibleName() == "Tokens, A"


@pytest.fixture
def gauge(theme: Theme, qtbot: QtBot) -> Gauge:
    """A gauge by itself."""
    made = Gauge(theme)
    qtbot.addWidget(made)
    made.show()
    return made


def test_nothing_is_judged_before_both_are_over(gauge: Gauge) -> None:
    whole, half = told(*spec_reply(SPEC, WORDS[0])), told(*plain_reply(WORDS)[:8])
    gauge.show_records((whole, half), (ArmChoice(), PLAIN))
    assert gauge.sentence.text() == "Speeds are compared once both replies are there."
    assert not gauge.bar.isVisible()
    gauge.show_records((whole, told(Failed("out_of_memory"))), (ArmChoice(), PLAIN))
    assert gauge.sentence.text() == ""  # its pane says why
    gauge.show_records((whole, told(*plain_reply(WORDS))), (ArmChoice(), PLAIN))
    assert gauge.bar.isVisible()


def test_two_arms_that_draft_are_compared_by_their_speeds(gauge: Gauge) -> None:
    slow, fast = told(*spec_reply(SPEC, WORDS[0], 0.04)), told(*spec_reply(SPEC, WORDS[0], 0.02))
    gauge.show_records((slow, fast), (ArmChoice(k="fixed:2"), ArmChoice()))
    assert gauge.sentence.text() == "B decodes 100 % faster than A here."
    assert gauge.cost.text().startswith("In A, a round drafts 2.0 tokens")


@pytest.mark.parametrize(
    ("verify", "words"),
    [
        (0.02, "75 % accepted; drafting pays from 0 % on"),
        (0.05, "75 % accepted; drafting pays from 38 % on"),
        (0.15, "75 % accepted; drafting pays from no acceptance on"),
    ],
)
def test_the_acceptance_that_is_needed(theme: Theme, qtbot: QtBot, verify: float, words: str) -> None:
    bar = GaugeBar(theme)
    qtbot.addWidget(bar)
    bar.show_found(BreakEven(4.0, 0.75, 0.0, verify, 0.0, 0.02, 10))
    assert bar.accessibleName() == words
    bar.show_found(None)
    assert bar.needed_text() == figures.UNKNOWN
