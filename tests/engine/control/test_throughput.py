"""The cost-aware policy in simulated worlds: it earns what can be earned and never loses more than it may."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from helix_app.engine.control.ledger import SHARE
from helix_app.engine.control.policy import DraftOption, FixedK, KChoice, KPolicy, RoundResult
from helix_app.engine.control.throughput import ThroughputK
from helix_app.runs.additive import K_MAX
from tests.engine.control.policy_study import WORLDS, Run, World, simulate

TRACES = 25


@functools.cache
def runs(world: World) -> list[Run]:
    return [simulate(world, ThroughputK(), 1000 + 2 * t) for t in range(TRACES)]


@pytest.mark.parametrize("name", WORLDS)
def test_the_ledger_holds_on_every_trace(name: str) -> None:
    for run in runs(WORLDS[name]):
        assert run.lost <= run.bound * 1.0001


def test_a_policy_without_ledger_breaks_the_bound() -> None:
    """The check can fail: always drafting eight tokens where drafts are costly loses far more."""
    made = [simulate(WORLDS["always wrong"], FixedK(8), 1000 + 2 * t) for t in range(3)]
    assert all(run.lost > 5 * run.bound for run in made)


@pytest.mark.parametrize("name", [n for n in WORLDS if n != "flat rows, poor n-gram"])  # there the 30 % guard decides
def test_regret_against_the_best_fixed_k_is_small(name: str) -> None:
    world = WORLDS[name]
    regrets = []
    for t, run in enumerate(runs(world)):
        best = min(simulate(world, FixedK(k), 1000 + 2 * t).seconds for k in range(K_MAX + 1))
        regrets.append(run.seconds / best - 1)
    assert sorted(regrets)[len(regrets) // 2] < 0.08


def test_a_draft_that_cannot_pay_is_never_asked() -> None:
    assert all(run.drafted_rounds == 0 for run in runs(WORLDS["draft as costly as target"]))


def test_noise_costs_little() -> None:
    for run in runs(World(0.1, 0.1, (0.0,), noise=0.15)):
        assert run.lost < 2 * run.bound + SHARE * run.seconds


def calibrated(policy: ThroughputK) -> ThroughputK:
    for rows in range(1, K_MAX + 2):
        for _ in range(9):
            policy.table.add(rows, 0, 0.02)
    policy.begin()
    return policy


def learn(policy: KPolicy, choice: KChoice, accepted: int, offers: tuple[DraftOption, ...]) -> None:
    names = tuple(o.source for o in offers)
    policy.learn(RoundResult(choice.source, choice.k, accepted, 0.02, 0.0, 0, names))


def test_under_30_percent_shrinks_k_even_where_drafting_is_free() -> None:
    policy, offers, ks = calibrated(ThroughputK()), (DraftOption("draft", seconds_per_token=0.0),), []
    for i in range(400):
        choice = policy.choose(offers, 0)
        learn(policy, choice, int(choice.k > 0 and i % 5 == 0), offers)
        ks.append(choice.k)
    assert max(ks[:5]) >= 4
    assert sum(k > 0 for k in ks[200:]) < 60  # probes only


def test_of_two_sources_the_better_one_drafts() -> None:
    policy = calibrated(ThroughputK())
    offers = (DraftOption("ngram:2", seconds_per_token=1e-5), DraftOption("model", seconds_per_token=1e-4))
    used = []
    for _ in range(200):
        choice = policy.choose(offers, 0)
        learn(policy, choice, choice.k if choice.source == "model" else 0, offers)
        used.append(choice.source)
    assert used[-50:].count("model") > 40


def test_catching_up_is_counted() -> None:
    policy = calibrated(ThroughputK())
    assert policy.choose((DraftOption("model", seconds_per_token=1e-4, catch_up_seconds=1.0),), 0).k == 0
    assert policy.choose((DraftOption("model", seconds_per_token=1e-4),), 0).k > 0


@pytest.mark.parametrize("context", [600, 2000, 8000])
def test_beyond_the_calibrated_context_one_plain_round_is_enough_to_draft(context: int) -> None:
    """Loading measures short contexts alone. With four more rows hardly dearer than one there, so they are here."""
    policy = ThroughputK()
    for rows, seconds in ((1, 0.020), (2, 0.0205), (3, 0.021), (5, 0.022), (9, 0.025)):
        policy.table.add(rows, 0, seconds)
    policy.begin()
    offers = (DraftOption("ngram:4", seconds_per_token=1e-5),)
    assert policy.choose(offers, context) == KChoice(0, "measure_plain")
    policy.table.add(1, context, 0.030)
    policy.learn(RoundResult("", 0, 0, 0.030, 0.0, context, ("ngram:4",)))
    # more rows were never measured here: at first only what two rows can cost at worst is risked
    assert policy.choose(offers, context) == KChoice(1, "best_rate", "ngram:4")
    policy.table.add(2, context, 0.031)
    policy.learn(RoundResult("ngram:4", 1, 1, 0.031, 1e-5, context, ("ngram:4",)))
    choice = policy.choose(offers, context)
    assert choice.k >= 2
    assert (choice.reason, choice.source) == ("best_rate", "ngram:4")


def test_rows_that_turn_out_dear_at_a_long_context_are_not_drafted_blindly() -> None:
    """Attention row by row: two rows cost half as much again, nine rows five times as much."""
    policy = ThroughputK()
    for rows, seconds in ((1, 0.020), (2, 0.0205), (3, 0.021), (5, 0.022), (9, 0.025)):
        policy.table.add(rows, 0, seconds)
    policy.begin()
    offers = (DraftOption("wrong", seconds_per_token=1e-6),)
    plain, context, lost = 0.060, 8000, 0.0
    for _ in range(127):
        choice = policy.choose(offers, context)
        seconds = plain * (1 + 0.5 * choice.k)
        policy.table.add(choice.k + 1, context, seconds)
        policy.learn(RoundResult(choice.source, choice.k, 0, seconds, 0.0, context, ("wrong",)))
        lost += seconds - plain
    assert 0 < lost <= (1.25 + 0.01 * 127) * plain * 1.05


def test_rows_that_are_dear_at_short_contexts_are_dear_at_long_ones() -> None:
    policy = ThroughputK()
    for rows in (1, 2, 3, 5, 9):
        policy.table.add(rows, 0, 0.02 * rows)
    policy.table.add(1, 2000, 0.03)
    policy.begin()
    assert policy.choose((DraftOption("ngram:2", seconds_per_token=1e-5),), 2000) == KChoice(0, "costs_more")


def test_nothing_measured_and_nothing_offered() -> None:
    assert ThroughputK().choose((DraftOption("draft"),), 0) == KChoice(0, "measure_plain")
    assert calibrated(ThroughputK()).choose((), 0) == KChoice(0, "no_match")


def replies(
    policy: ThroughputK,
    stalls: Callable[[int], float],
    costly: Callable[[int], float] = lambda _: 1.0,
    rounds: int = 60,
) -> list[int]:
    """k of each round of a reply whose drafts all stand.

    Where round n drafts it takes ``stalls(n)`` times as long, and its draft alone ``costly(n)`` times.
    """
    offers, made = (DraftOption("self", seconds_per_token=0.005),), []
    for n in range(rounds):
        choice = policy.choose(offers, 0)
        slow = stalls(n) if choice.k else 1.0
        policy.table.add(choice.k + 1, 0, 0.02 * slow)
        draft = 0.005 * choice.k * slow * costly(n)
        policy.learn(RoundResult(choice.source, choice.k, choice.k, 0.02 * slow + draft, draft, 0, ("self",)))
        made.append(choice.k)
    return made


@pytest.mark.parametrize("at", [1, 2, 3, 10, 30])
def test_a_stall_does_not_end_drafting(at: int) -> None:
    """Something else on the computer holds one drafted round up for ten times its time."""
    drafted = [n for n, k in enumerate(replies(calibrated(ThroughputK()), lambda _: 1.0)) if k]
    held_up = replies(calibrated(ThroughputK()), lambda n: 10.0 if n == drafted[min(at, len(drafted) - 1)] else 1.0)
    assert sum(k > 0 for k in held_up) >= 0.9 * len(drafted)


def test_drafts_that_stay_slow_are_given_up() -> None:
    """Ten times too costly for good is no stall: that is learnt within a few rounds."""
    made = replies(calibrated(ThroughputK()), lambda _: 1.0, lambda n: 10.0 if n > 5 else 1.0)
    assert sum(k > 0 for k in made[20:]) <= 5


@pytest.mark.parametrize(
    ("per_row", "pays"),
    [(0.0, True), (0.6, True), (0.95, True), (0.99, False), (1.0, False), (1.3, False)],
)
def test_no_draft_can_pay_where_each_row_costs_nearly_a_pass(per_row: float, pays: bool) -> None:
    policy = ThroughputK()
    assert policy.could_pay(0)  # nothing is known
    policy.table.add(1, 0, 0.03)
    policy.table.relate({rows: 1 + per_row * (rows - 1) for rows in range(2, K_MAX + 2)})
    policy.begin()
    assert policy.could_pay(0) is pays
    free = (DraftOption("free", seconds_per_token=0.0),)
    if not pays:
        assert policy.choose(free, 0) == KChoice(0, "costs_more")
    assert FixedK(3).could_pay(0)


def test_one_cheap_row_count_is_enough() -> None:
    policy = ThroughputK()
    policy.table.add(1, 0, 0.03)
    policy.table.relate({2: 2.0, 3: 3.0, 5: 5.0, 9: 6.0})
    assert policy.could_pay(0)


@pytest.mark.parametrize(("known", "most"), [(1, 16), (7, 16), (8, 64), (15, 64)])
def test_the_plain_cost_is_measured_again_however_well_drafts_do(known: int, most: int) -> None:
    """The better it is known the more seldom; in a crowd its rounds are no plain rounds of one reply."""
    policy, offers = ThroughputK(), (DraftOption("self", seconds_per_token=1e-4),)
    for rows in range(1, K_MAX + 2):
        for _ in range(known):
            policy.table.add(rows, 0, 0.02)
    policy.begin()
    made = []
    for _ in range(4 * (most + 1)):
        choice = policy.choose(offers, 0)
        learn(policy, choice, choice.k, offers)  # every draft stands
        made.append(choice)
    plain = [n for n, choice in enumerate(made) if not choice.k]
    assert plain == [most + n * (most + 1) for n in range(4)]
    assert {made[n].reason for n in plain} == {"measure_plain"}


def test_drafting_ends_where_plain_decoding_became_cheap() -> None:
    """Only a plain round can show it: whatever made single rows as dear as nine is over."""
    policy, offers, made = ThroughputK(), (DraftOption("self", seconds_per_token=1e-4),), []
    for rows in range(1, K_MAX + 2):
        policy.table.add(rows, 0, 0.02)
    policy.begin()
    for _ in range(100):
        choice = policy.choose(offers, 0)
        took = 0.02 if choice.k else 0.001
        policy.table.add(choice.k + 1, 0, took)
        policy.learn(RoundResult(choice.source, choice.k, choice.k, took, 0.0, 0, ("self",)))
        made.append(choice.k)
    assert all(made[:16])
    assert not any(made[20:])
