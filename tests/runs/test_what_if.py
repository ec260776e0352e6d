"""The estimate on runs whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.protocol.events import FORCED, EmittedToken, ProposedToken, RoundDone
from helix_app.runs.what_if import (
    Position,
    draft_seconds,
    estimates,
    expected_tokens,
    measured_speed,
    pass_seconds,
    seconds_for,
    survival,
)
from tests.gui import fake

TOKEN = EmittedToken(1, "x", "plain", 0.5)
PROPOSED = ProposedToken(1, "x", 0.5, 0.5)


def a_round(k: int, accepted: int, seconds: float, reason: str = "best_rate", draft: float = 0.0) -> RoundDone:
    """A round of this many seconds, and ``draft`` more for each token proposed."""
    return fake.round_done(
        "r",
        0,
        k=k,
        accepted=accepted,
        proposed=(PROPOSED,) * k,
        emitted=(TOKEN,) * (accepted + 1),
        draft_seconds=draft * k,
        verify_seconds=seconds * 0.7,
        overhead_seconds=seconds * 0.3,
        k_reason=reason,
        plain_tokens_per_second=None,
    )


def test_survival_counts_positions_that_were_reached() -> None:
    rounds = [a_round(3, 3, 1), a_round(3, 1, 1), a_round(2, 0, 1), a_round(0, 0, 1)]
    assert survival(rounds) == [Position(3, 2), Position(2, 1), Position(1, 1)]
    assert survival([]) == []
    assert Position(0, 0).rate is None


def test_expected_tokens_follow_the_formula() -> None:
    half = [Position(8, 4)] * 4
    assert expected_tokens(half, 0) == 1
    assert expected_tokens(half, 3) == pytest.approx(1 + 0.5 + 0.25 + 0.125)
    assert expected_tokens(half, 6) == pytest.approx(sum(0.5**n for n in range(7)))  # the last rate goes on


def test_seconds_are_measured_or_on_the_line() -> None:
    known = {1: 10.0, 3: 20.0, 5: 22.0}
    assert [seconds_for(k, known) for k in (1, 2, 3, 4, 5)] == [10, 15, 20, 21, 22]
    assert seconds_for(7, known) == pytest.approx(24)
    assert seconds_for(0, known) == pytest.approx(5)
    assert seconds_for(9, {1: 5.0, 4: 2.0}) == pytest.approx(2.0)  # more rows are never hoped to be cheaper
    assert seconds_for(2, {4: 1.0}) is None
    assert pass_seconds([a_round(1, 0, 3), a_round(1, 1, 1), a_round(1, 1, 2)]) == {1: pytest.approx(2)}
    assert draft_seconds([a_round(3, 0, 1, draft=0.5), a_round(1, 1, 1, draft=0.1), a_round(0, 0, 1)]) == (
        pytest.approx((1.5 + 0.1) / 4)
    )
    assert draft_seconds([]) == 0


def test_a_run_of_known_costs_gives_known_speeds() -> None:
    """Half of all positions stand; a pass costs 1 s and 0.04 s more a row, a draft token 0.06 s."""
    rounds = []
    for k in (0, 1, 2, 4):
        rounds += [a_round(k, accepted, 1 + 0.04 * k, draft=0.06) for accepted in _halving(k)]
    found = {(e.policy, e.k): e for e in estimates(rounds)}
    for k in range(9):
        tokens = sum(0.5**n for n in range(k + 1))
        assert found["fixed", k].tokens_per_second == pytest.approx(tokens / (1 + 0.1 * k))
        assert found["fixed", k].observed == (k <= 4)
    assert found["measured", 0].tokens_per_second == pytest.approx(measured_speed(rounds))
    assert found["perfect", 0].tokens_per_second > found["measured", 0].tokens_per_second
    assert found["perfect", 0].observed


def _halving(k: int) -> list[int]:
    """Accepted counts of 2**k rounds in which every position stands in half of the cases."""
    return [next((n for n in range(k) if not (case >> n) & 1), k) for case in range(2**k)]


def test_rounds_without_a_proposal_stay_plain_whatever_k_is() -> None:
    drafted = [a_round(1, 1, 2.0), a_round(2, 2, 3.0)]
    nothing = [a_round(0, 0, 1.0, "no_match")] * 2
    by_k = {e.k: e.tokens_per_second for e in estimates([*drafted, *nothing]) if e.policy == "fixed"}
    assert by_k[2] == pytest.approx((0.5 + 0.5 * 3) / (0.5 * 1 + 0.5 * 3))
    without = {e.k: e.tokens_per_second for e in estimates([*drafted, a_round(0, 0, 1.0)]) if e.policy == "fixed"}
    assert without[2] == pytest.approx(3 / 3)


def test_plain_cost_comes_from_the_engine_where_no_round_was_plain() -> None:
    event = fake.round_done(
        "r",
        0,
        k=2,
        accepted=1,
        emitted=(TOKEN,) * 2,
        draft_seconds=0.0,
        verify_seconds=0.2,
        overhead_seconds=0.0,
        plain_tokens_per_second=10.0,
    )
    by_k = {e.k: e.tokens_per_second for e in estimates([event]) if e.policy == "fixed"}
    assert by_k[0] == pytest.approx(10.0)
    joined = replace(event, plain_tokens_per_second=2.0)  # by others, in the last rounds alone
    by_k = {e.k: e.tokens_per_second for e in estimates([event, event, joined]) if e.policy == "fixed"}
    assert by_k[0] == pytest.approx(10.0)


def test_hiccups_slow_the_estimate_as_they_slowed_the_run() -> None:
    steady = [a_round(k, accepted, 1.0) for k in (0, 1, 2) for accepted in _halving(k)]
    hiccup = [*steady, *[a_round(2, 1, 1.0)] * 5, a_round(2, 1, 9.0)]
    total = len(hiccup) + 8.0
    by_k = {e.k: e.tokens_per_second for e in estimates(hiccup) if e.policy == "fixed"}
    assert by_k[0] == pytest.approx(len(hiccup) / total)  # each median is one second


def test_too_little_gives_nothing() -> None:
    assert estimates([]) == []
    assert estimates([a_round(0, 0, 1.0)] * 3) == []  # nothing was drafted
    assert estimates([a_round(2, 1, 1.0)] * 3) == []  # one k only, and no plain cost
    assert measured_speed([]) is None


def test_forced_tokens_say_nothing_of_drafts() -> None:
    """Half of the drafts stand, whatever a grammar forces beside them; a forced round adds its tokens and seconds."""
    free = [a_round(k, kept, 1 + 0.05 * k) for k in (0, 2) for kept in ((0,) if not k else (0, 2)) for _ in range(4)]
    forced = [replace(a_round(3, 3, 1.15, reason="forced"), source=FORCED)] * 6
    assert survival([*free, *forced]) == survival(free)
    alone, both = ({(e.policy, e.k): e.tokens_per_second for e in estimates(r)} for r in (free, [*free, *forced]))
    tokens = sum(len(e.emitted) for e in free)
    for policy in (("measured", 0), ("fixed", 2), ("additive", 0)):
        assert both[policy] == pytest.approx((tokens + 24) / (tokens / alone[policy] + 6 * 1.15))
    assert both["fixed", 0] == pytest.approx(alone["fixed", 0])  # plain decoding drafts nothing
    assert both["measured", 0] == pytest.approx(measured_speed([*free, *forced]))
    assert estimates(forced) == []


def test_the_additive_policy_is_played_out() -> None:
    """Where every draft stands it climbs to the largest k; where none does it pauses and costs almost nothing."""

    def found(stands: bool) -> dict[tuple[str, int], float]:
        rounds = [a_round(k, k if stands else 0, 1 + 0.05 * k, draft=0.01) for k in range(9) for _ in range(5)]
        return {(e.policy, e.k): e.tokens_per_second for e in estimates(rounds)}

    always, never = found(True), found(False)
    assert always["additive", 0] == pytest.approx(always["fixed", 8], rel=0.02)
    assert never["additive", 0] == pytest.approx(never["fixed", 0], rel=0.02)
    assert never["additive", 0] < never["fixed", 0]  # probes are not free
    assert found(True) == always  # the same every time


def test_the_additive_policy_beyond_what_was_tried() -> None:
    rounds = [a_round(k, k, 1 + 0.05 * k) for k in (0, 1, 2) for _ in range(5)]
    (additive,) = (e for e in estimates(rounds) if e.policy == "additive")
    assert not additive.observed  # it would have gone on to k = 8
