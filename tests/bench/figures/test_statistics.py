"""Intervals cover what they should, and verdicts are found when they are there and only then."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helix_app.bench.figures import statistics
from helix_app.bench.figures.statistics import (
    MIN_PAIRS,
    NOISE_FLOOR,
    Estimate,
    Groups,
    Sample,
    estimate,
    kind_seed,
    noise_band,
    overall,
    ratio_of_ratios,
    ratios,
    resample,
)
from tests.later import Later

stats = Later("scipy.stats")


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for a simulation of many runs."""
    monkeypatch.setattr(resample, "__defaults__", (300,))
    monkeypatch.setattr(statistics, "RESAMPLES", 300)


def groups(
    random: np.random.Generator, prompts: int, repeats: int, *, effect: float = 0.0, between: float = 0.0
) -> list:
    """Ratios e**effect with noise of 3 % a reply and a spread of ``between`` from prompt to prompt."""
    middles = random.normal(effect, between, prompts) if between else np.full(prompts, effect)
    return [list(np.exp(random.normal(middle, 0.03, repeats))) for middle in middles]


# --------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(("prompts", "repeats"), [(3, 3), (3, 2), (2, 3), (6, 1), (1, 6), (20, 1)])
@pytest.mark.usefixtures("few_resamples")
def test_equal_arms_are_rarely_told_apart(prompts: int, repeats: int) -> None:
    random = np.random.default_rng(1)
    verdicts = [estimate(groups(random, prompts, repeats), seed).verdict for seed in range(300)]
    assert "few" not in verdicts
    assert np.mean([verdict != "same" for verdict in verdicts]) < 0.07


@pytest.mark.parametrize(("effect", "expected"), [(0.12, "higher"), (-0.12, "lower")])
@pytest.mark.usefixtures("few_resamples")
def test_a_true_effect_is_found(effect: float, expected: str) -> None:
    random = np.random.default_rng(2)
    verdicts = [estimate(groups(random, 3, 3, effect=effect), seed).verdict for seed in range(100)]
    assert np.mean([verdict == expected for verdict in verdicts]) > 0.95


@pytest.mark.parametrize(("prompts", "repeats", "between"), [(8, 3, 0.1), (20, 1, 0.1), (3, 3, 0.0), (20, 3, 0.3)])
@pytest.mark.usefixtures("few_resamples")
def test_the_interval_covers_the_true_ratio(prompts: int, repeats: int, between: float) -> None:
    random = np.random.default_rng(3)
    made = [estimate(groups(random, prompts, repeats, effect=0.3, between=between), seed) for seed in range(250)]
    covered = [e.low <= math.exp(0.3) <= e.high for e in made if e.low is not None and e.high is not None]
    assert len(covered) == 250
    assert np.mean(covered) > 0.91
    wide = math.log(1.0 + 6 * (between + 0.03))
    assert np.median([math.log(e.high / e.low) for e in made if e.low and e.high]) < wide  # and not by being endless


def test_replies_to_one_prompt_are_no_independent_witnesses() -> None:
    random = np.random.default_rng(4)
    clustered = groups(random, 4, 25, effect=0.1, between=0.2)
    flat = [[value] for group in clustered for value in group]
    wide, narrow = estimate(clustered, 0), estimate(flat, 0)
    assert wide.pairs == narrow.pairs == 100
    assert math.log(wide.high / wide.low) > 2 * math.log(narrow.high / narrow.low)


def test_too_few_replies_give_no_interval() -> None:
    assert estimate([], 0) == Estimate(None)
    assert estimate([[], []], 0) == Estimate(None)
    few = estimate([[2.0] * (MIN_PAIRS - 1)], 0)
    assert (few.value, few.low, few.verdict, few.pairs) == (pytest.approx(2.0), None, "few", MIN_PAIRS - 1)
    assert estimate([[2.0] * MIN_PAIRS], 0).verdict == "higher"


def test_the_estimate_is_the_median_over_prompts_of_their_medians() -> None:
    found = estimate([[1.0, 4.0, 100.0], [2.0, 2.0, 2.0], [0.1, 8.0, 8.0]], 0)
    assert found.value == pytest.approx(4.0)
    assert found.low <= 4.0 <= found.high


def test_which_arm_is_below_changes_nothing() -> None:
    made = groups(np.random.default_rng(5), 3, 3, effect=0.4, between=0.2)
    over, under = estimate(made, 9), estimate([[1 / ratio for ratio in group] for group in made], 9)
    assert under.value == pytest.approx(1 / over.value)
    assert under.high == pytest.approx(1 / over.low, rel=1e-6)


def test_an_estimate_depends_on_its_seed_alone() -> None:
    made = groups(np.random.default_rng(6), 3, 3)
    assert estimate(made, 1) == estimate(made, 1)
    assert not np.array_equal(resample(made, 1), resample(made, 2))


@pytest.mark.parametrize("freedom", [5, 8, 30])
@pytest.mark.parametrize("level", [0.95, 0.99375])
def test_the_widening_is_that_of_students_t(freedom: int, level: float) -> None:
    tail = (1 + level) / 2
    exact = stats.t.ppf(tail, freedom) / stats.norm.ppf(tail)
    assert statistics._small_sample(level, freedom) == pytest.approx(exact, rel=0.03)


# --------------------------------------------------------------------------- over kinds


def over_kinds(kinds: dict[str, Groups], seed: int = 0) -> Estimate:
    return overall([Sample(made, kind_seed(seed, kind)) for kind, made in kinds.items()])


def test_every_kind_weighs_the_same_overall() -> None:
    found = over_kinds({"a": [[4.0] * 3] * 10, "b": [[1.0] * 3]})
    assert found.value == pytest.approx(2.0)
    assert found.pairs == 33


@pytest.mark.usefixtures("few_resamples")
def test_equal_arms_are_rarely_told_apart_over_kinds() -> None:
    random = np.random.default_rng(7)
    verdicts = [over_kinds({str(k): groups(random, 1, 3) for k in range(8)}, seed).verdict for seed in range(80)]
    assert "few" not in verdicts
    assert np.mean([verdict != "same" for verdict in verdicts]) < 0.07


@pytest.mark.parametrize("replies", [1, 2])
def test_one_or_two_replies_a_kind_give_no_verdict_overall(replies: int) -> None:
    found = over_kinds({str(k): [[2.0 + k / 10] * replies] for k in range(8)})
    assert found.value > 2
    assert found.verdict == "few"


def test_kinds_stray_independently() -> None:
    """Of two kinds alike, the mean is surer than either; drawn with one seed both would stray alike."""
    one = groups(np.random.default_rng(10), 4, 6, between=0.1)
    alone, both = estimate(one, 3), over_kinds({"a": one, "b": one}, 3)
    assert both.value == pytest.approx(alone.value)
    assert math.log(both.high / both.low) < 0.85 * math.log(alone.high / alone.low)


def test_kinds_without_replies_do_not_count() -> None:
    assert over_kinds({"a": [], "b": [[]]}) == Estimate(None)
    assert over_kinds({"a": [], "b": [[3.0] * 6]}).value == pytest.approx(3.0)


# --------------------------------------------------------------------------- pairs


def test_only_replies_to_the_same_prompt_in_the_same_round_are_paired() -> None:
    over = {"p": {0: 20.0, 1: 30.0, 2: 99.0}, "q": {0: 8.0}, "only": {0: 1.0}}
    under = {"p": {1: 10.0, 0: 10.0}, "q": {1: 4.0}}
    assert ratios(over, under) == {"p": [2.0, 3.0]}


def test_speeds_of_nothing_are_left_out() -> None:
    assert ratios({"p": {0: 0.0, 1: 5.0, 2: 5.0}}, {"p": {0: 1.0, 1: 0.0, 2: 1.0}}) == {"p": [5.0]}


# --------------------------------------------------------------------------- two runs


def test_the_noise_band_grows_with_the_noise_and_has_a_floor() -> None:
    random = np.random.default_rng(8)
    calm = [list(np.exp(random.normal(2, 0.0001, 3))) for _ in range(3)]
    wild = [list(np.exp(random.normal(2, 0.2, 3))) for _ in range(3)]
    floor = math.log1p(NOISE_FLOOR)
    assert noise_band(calm, 0) == pytest.approx(floor)
    assert noise_band([[5.0], [6.0]], 0) == pytest.approx(floor)  # no repeats, nothing to learn from
    assert noise_band([[0.0, 5.0, 5.0]], 0) == pytest.approx(floor)
    assert 0.1 < noise_band(wild, 0) < 0.6


@pytest.mark.usefixtures("few_resamples")
def test_a_change_between_runs_is_paired_by_prompt() -> None:
    random = np.random.default_rng(9)
    middles = random.normal(0.5, 0.8, 6)  # prompts differ far more than the runs do
    before, after = ([list(np.exp(random.normal(m + shift, 0.01, 3))) for m in middles] for shift in (0.0, 0.1))
    found = ratio_of_ratios(before, after, 0, 0.95)
    assert found.value == pytest.approx(math.exp(0.1), rel=0.02)
    assert found.verdict == "higher"
    assert ratio_of_ratios(before, before, 0, 0.95).verdict == "same"
    assert ratio_of_ratios(before[:1], after[:1], 0, 0.95).verdict == "few"
    assert ratio_of_ratios([], [], 0, 0.95) == Estimate(None)
