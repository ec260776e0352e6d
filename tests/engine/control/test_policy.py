"""The policies that look at no clock, and the spelling of k."""

from __future__ import annotations

import itertools

import pytest

from helix_app.base import messages
from helix_app.base.errors import InputError
from helix_app.engine.control.policy import AdditiveK, DraftOption, FixedK, KChoice, RoundResult, parse_k
from helix_app.runs.additive import K_MAX, K_START

OFFER = (DraftOption("draft"),)


def rounds(policy: AdditiveK, count: int, share: float) -> list[KChoice]:
    """Rounds in which the first ``share`` of each draft stands."""
    made = []
    for _ in range(count):
        choice = policy.choose(OFFER, 100)
        made.append(choice)
        policy.learn(RoundResult(choice.source, choice.k, int(choice.k * share), 0.01, 0.0, 100, ("draft",)))
    return made


def test_fixed_is_fixed_as_far_as_the_offer_goes() -> None:
    assert FixedK(4).choose(OFFER, 0) == KChoice(4, "fixed", "draft")
    assert FixedK(4).choose((DraftOption("draft", most=2),), 0).k == 2
    assert FixedK(4).choose((), 0) == KChoice(0, "no_match")


def test_additive_rises_one_by_one_and_stops_at_the_top() -> None:
    ks = [c.k for c in rounds(AdditiveK(), 20, 1.0)]
    assert ks[0] == K_START
    assert all(later - earlier in (0, 1) for earlier, later in itertools.pairwise(ks))
    assert ks[-1] == K_MAX


def test_under_30_percent_always_shrinks_down_to_a_pause_with_rarer_probes() -> None:
    made = rounds(AdditiveK(), 300, 0.0)
    ks = [c.k for c in made]
    first_zero = ks.index(0)
    assert all(later <= earlier for earlier, later in itertools.pairwise(ks[:first_zero]))
    assert "below_30" in {c.reason for c in made}
    probes = [i for i, c in enumerate(made) if c.reason == "probe"]
    gaps = [b - a for a, b in itertools.pairwise(probes)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > 2 * gaps[0]


def test_a_good_probe_ends_the_pause() -> None:
    policy = AdditiveK()
    rounds(policy, 60, 0.0)
    assert policy.k == 0
    rounds(policy, 200, 1.0)
    assert policy.k > 2


def test_what_it_learnt_stays_for_the_next_reply() -> None:
    policy = AdditiveK()
    rounds(policy, 60, 0.0)
    policy.begin()
    assert policy.choose(OFFER, 0).k == 0


@pytest.mark.parametrize("text", ["auto", "additive", "fixed:0", "fixed:4", "fixed:64"])
def test_good_spellings(text: str) -> None:
    assert parse_k(text) == (int(text.partition(":")[2]) if ":" in text else None)


@pytest.mark.parametrize("text", ["", "4", "fixed", "fixed:", "fixed:-1", "fixed:65", "fixed:1.5", "fixed:²", "Auto"])
def test_bad_spellings(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_k(text)
    assert text in messages.error_text(caught.value.code, caught.value.fields)
