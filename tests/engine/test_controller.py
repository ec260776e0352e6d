"""How k follows acceptance, and the clock."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.engine.controller import K_MAX, K_START, AdditiveK, Choice, FixedK, PlainCost, parse_k
from helix_app.errors import InputError
from helix_app.messages import K_REASONS


def plain(seconds: float = 1.0) -> PlainCost:
    cost = PlainCost()
    cost.add(seconds)
    cost.add(seconds)
    return cost


def rounds(policy: AdditiveK, count: int, share: float, seconds: float = 0.01) -> list[Choice]:
    """Run rounds in which ``share`` of each draft is accepted."""
    choices = []
    for _ in range(count):
        choice = policy.choose()
        choices.append(choice)
        policy.learn(choice.k, round(choice.k * share), seconds)
    return choices


def test_a_fixed_k_stays() -> None:
    policy = FixedK(3)
    for _ in range(5):
        assert policy.choose() == Choice(3, "fixed")
        policy.learn(3, 0, 9.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1e-4, 1.0), st.integers(0, 3)), max_size=200))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_k_moves_one_at_a_time_between_0_and_its_maximum(history: list[tuple[float, float, int]]) -> None:
    for guard in (None, plain(0.05)):
        policy = AdditiveK(guard)
        before = policy.k
        for share, seconds, missing in history:
            choice = policy.choose()
            assert 0 <= choice.k <= K_MAX
            assert choice.reason in K_REASONS
            drafted = max(0, choice.k - missing)
            policy.learn(drafted, round(share * drafted), seconds)
            assert 0 <= policy.k <= K_MAX
            assert abs(policy.k - before) <= 1 or (before, policy.k) == (0, 2)  # a probe that was worth it
            before = policy.k


def test_believed_drafts_grow_to_the_maximum_and_no_further() -> None:
    policy = AdditiveK()
    choices = rounds(policy, 30, 1.0)
    assert choices[0] == Choice(K_START, "start")
    assert choices[-1] == Choice(K_MAX, "rising")
    assert [c.k for c in choices] == sorted(c.k for c in choices)


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_acceptance_under_30_percent_always_shrinks_k(share: float) -> None:
    policy = AdditiveK()
    rounds(policy, 10, 1.0)
    while policy.k >= 4:
        before = policy.k
        for _ in range(AdditiveK._WINDOW):  # the rolling rate needs a window of bad rounds to fall under 30 %
            if policy.k < before:
                break
            rounds(policy, 1, share if policy.k % 4 == 0 else 0.0)
        assert policy.k == before - 1
        reasons = {"below_30", "falling"}
        assert policy.choose().reason in reasons
    rounds(policy, 20, 0.0)
    assert policy.k == 0


def test_one_judged_round_under_30_percent_is_enough() -> None:
    policy = AdditiveK()
    policy.learn(4, 1, 0.01)
    assert policy.choose() == Choice(3, "below_30")


def test_a_rate_between_is_left_alone_or_shrunk() -> None:
    steady, falling = AdditiveK(), AdditiveK()
    steady.learn(10, 6, 0.01)
    falling.learn(10, 4, 0.01)
    assert steady.choose() == Choice(K_START, "steady")
    assert falling.choose() == Choice(K_START - 1, "falling")


def test_a_high_rate_grows_only_with_a_full_acceptance() -> None:
    policy = AdditiveK()
    policy.learn(10, 9, 0.01)
    assert policy.choose() == Choice(K_START, "steady")
    policy.learn(4, 4, 0.01)
    assert policy.choose() == Choice(K_START + 1, "rising")


def test_few_tokens_are_no_ground_for_a_judgement() -> None:
    policy = AdditiveK()
    policy.learn(3, 0, 0.01)
    assert policy.choose() == Choice(K_START, "start")
    policy.learn(1, 0, 0.01)
    assert policy.choose().k == K_START - 1


def test_hopeless_drafts_are_paused_and_probed_ever_more_rarely() -> None:
    policy = AdditiveK()
    choices = rounds(policy, 600, 0.0)
    probes = [i for i, c in enumerate(choices) if c.reason == "probe"]
    gaps = [b - a - 1 for a, b in itertools.pairwise(probes)]
    assert gaps[:4] == [16, 32, 64, 128]
    assert set(gaps[4:]) <= {128}
    assert all(c == Choice(0, "paused") for i, c in enumerate(choices) if i > probes[0] and i not in probes)
    assert choices[probes[0] - 8 : probes[0]] == [Choice(0, "paused")] * 8


def test_a_probe_that_is_believed_ends_the_pause_and_its_memory() -> None:
    policy = AdditiveK()
    while policy.choose().reason != "probe":
        rounds(policy, 1, 0.0)
    rounds(policy, 1, 0.0)  # the first probe fails: the next pause is twice as long
    while policy.choose().reason != "probe":
        rounds(policy, 1, 0.0)
    rounds(policy, 1, 1.0)
    assert policy.choose() == Choice(2, "rising")
    while policy.k:
        rounds(policy, 1, 0.0)
    assert [c.k for c in rounds(policy, 9, 0.0)] == [0] * 8 + [2]


def test_a_probe_without_a_proposal_is_asked_again() -> None:
    policy = AdditiveK()
    while policy.choose().reason != "probe":
        rounds(policy, 1, 0.0)
    policy.learn(0, 0, 0.01)
    assert policy.choose().reason == "probe"


# --------------------------------------------------------------------------- by the clock


def test_plain_decoding_is_measured_first() -> None:
    cost = PlainCost()
    policy = AdditiveK(cost)
    for _ in range(2):
        assert policy.choose() == Choice(0, "measure_plain")
        policy.learn(0, 0, 1.0)
        cost.add(1.0)
    assert policy.choose() == Choice(K_START, "start")


def test_drafts_that_are_believed_but_too_dear_shrink_k_to_nothing() -> None:
    policy = AdditiveK(plain(1.0))
    choices = []
    for _ in range(40):
        choice = policy.choose()
        choices.append(choice)
        # half of the tokens stand, but a drafted token costs more than a plain step
        policy.learn(choice.k, (choice.k + 1) // 2, 1.0 + 1.2 * choice.k)
    assert Choice(K_START - 1, "costs_more") in choices
    assert policy.k == 0


def test_drafts_that_pay_are_kept() -> None:
    policy = AdditiveK(plain(1.0))
    for _ in range(40):
        choice = policy.choose()
        policy.learn(choice.k, choice.k, 1.0 + 0.1 * choice.k)
    assert policy.k == K_MAX


def test_a_probe_that_is_believed_but_slow_is_not_worth_it() -> None:
    policy = AdditiveK(plain(1.0))
    while policy.choose().reason != "probe":
        choice = policy.choose()
        policy.learn(choice.k, 0, 1.0)
    policy.learn(2, 2, 3.5)  # three tokens in the time of three and a half plain ones
    assert policy.k == 0
    while policy.choose().reason != "probe":
        policy.learn(0, 0, 1.0)
    policy.learn(2, 2, 2.5)
    assert policy.k == 2


def test_plain_cost_is_the_median_of_recent_rounds() -> None:
    cost = PlainCost()
    with pytest.raises(ValueError):
        _ = cost.tokens_per_second
    cost.add(0.1)
    assert not cost.known
    cost.add(9.0)  # a hiccup
    cost.add(0.1)
    assert cost.known
    assert cost.tokens_per_second == pytest.approx(10)
    for _ in range(24):
        cost.add(0.5)
    assert cost.tokens_per_second == pytest.approx(2)


# --------------------------------------------------------------------------- the option


@pytest.mark.parametrize(("text", "k"), [("auto", None), ("additive", None), ("fixed:0", 0), ("fixed:64", 64)])
def test_k_is_read(text: str, k: int | None) -> None:
    assert parse_k(text) == k


@pytest.mark.parametrize(
    "text", ["", "4", "fixed", "fixed:", "fixed:-1", "fixed:65", "fixed:4.0", "fixed:٤", "fixed: 4", "Auto", "auto:4"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_k(text)
    assert caught.value.code == "option_invalid"
    assert caught.value.fields["value"] == text
