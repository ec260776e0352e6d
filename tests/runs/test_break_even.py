"""What a drafted round costs and gives, from made-up events."""

from __future__ import annotations

import pytest

from helix_app.protocol.events import RoundDone
from helix_app.runs.break_even import Noise, break_even, cost_text, faster_text, gain_text, switched_off_after
from helix_app.runs.comparison import ArmRecord
from tests.comparing import WORDS, a_round, metrics, plain_reply, token
from tests.runs.test_comparison import record


def drafted(index: int, k: int, accepted: int, **values: object) -> RoundDone:
    base: dict[str, object] = {
        "k": k, "accepted": accepted, "draft_seconds": 0.002, "verify_seconds": 0.026, "overhead_seconds": 0.002,
        "k_reason": "best_rate",
    }  # fmt: skip
    return a_round(index, (token(index, "x"),), 2 + index, 0.02 * (index + 1), **{**base, **values})


def arm(rounds: list[RoundDone], rate: float | None) -> ArmRecord:
    made = ArmRecord()
    for event in rounds:
        made.add(event)
    from helix_app.protocol.events import Finished

    made.add(Finished("r", "eos", "", (), metrics(60, 1.0, decode_tokens_per_second=rate)))
    return made


def plain(rate: float) -> ArmRecord:
    return record(plain_reply(WORDS, decode_tokens_per_second=rate))


def test_the_formula_by_hand() -> None:
    """30 ms a round, 20 ms a plain step: 1.5 steps. With k = 4 it pays from an eighth accepted on."""
    found = break_even(arm([drafted(0, 4, 3), drafted(1, 4, 1), a_round(2, (), 4, 0.1)], 70.0), plain(50.0))
    assert found is not None
    assert (found.k, found.acceptance, found.rounds) == (4.0, 0.5, 2)
    assert found.steps == pytest.approx(1.5)
    assert found.needed == pytest.approx(0.125)
    assert found.expected == pytest.approx(3 / 1.5)


def test_at_break_even_the_formula_says_equally_fast() -> None:
    found = break_even(arm([drafted(0, 8, 1)], 70.0), plain(50.0))
    assert found is not None
    at = type(found)(found.k, found.needed, *(0.002, 0.026, 0.002), found.plain_seconds, 1)
    assert at.expected == pytest.approx(1.0)


def test_without_a_plain_arm_the_engines_own_figure_counts() -> None:
    """That of most rounds, not of the last one, which may have had others beside it."""
    speeds = (None, 40.0, 50.0, 40.0, 10.0)
    rounds = [drafted(index, 4, 3, plain_tokens_per_second=speed) for index, speed in enumerate(speeds)]
    found = break_even(arm(rounds, 70.0), None)
    assert found is not None
    assert found.plain_seconds == pytest.approx(0.025)
    assert break_even(arm([drafted(0, 4, 3, plain_tokens_per_second=None)], 70.0), None) is None


def test_nothing_drafted_is_no_gauge() -> None:
    assert break_even(plain(50.0), plain(50.0)) is None
    assert break_even(ArmRecord(), None) is None


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (71.0, "Speculation gains 42 % here."),
        (45.5, "Speculation costs 9 % here."),
        (50.5, "Speculation neither gains nor costs here: the difference is under 2 %."),
    ],
)
def test_the_gain_in_words(rate: float, words: str) -> None:
    assert gain_text(arm([drafted(0, 4, 3)], rate), plain(50.0)) == words


def test_a_machine_whose_speed_moved_makes_it_noisy() -> None:
    noise = Noise(0.23, True)
    assert noise.warning().startswith("Noisy: the machine's own speed moved by 23 % meanwhile.")
    assert Noise(0.09).warning() == Noise().warning() == ""
    assert gain_text(arm([drafted(0, 4, 3)], 285.0), plain(50.0), noise) == "Speculation gains 470 % here."
    even = gain_text(arm([drafted(0, 4, 3)], 60.0), plain(50.0), noise)
    assert even == "Speculation neither gains nor costs here: the difference is under 23 %."


def test_a_difference_under_that_of_the_reference_is_none() -> None:
    steady = Noise(0.06)
    assert gain_text(arm([drafted(0, 4, 3)], 52.5), plain(50.0), steady).endswith("the difference is under 6 %.")
    assert faster_text(arm([], 52.5), plain(50.0), steady).endswith("the difference is under 6 %.")
    assert gain_text(arm([drafted(0, 4, 3)], 71.0), plain(50.0), steady) == "Speculation gains 42 % here."
    assert steady.text() == "A fixed reference reply before and after each configuration differed by 6 %."
    assert "not known" in Noise().text()


def given_up(count: int, reason: str = "costs_more") -> list[RoundDone]:
    return [drafted(0, 4, 0), *(drafted(n, 0, 0, k_reason=reason) for n in range(1, count + 1))]


def test_switched_off() -> None:
    spec = arm(given_up(20), 45.5)
    assert switched_off_after(spec.rounds) == 2
    assert gain_text(spec, plain(50.0)) == "Speculation costs 9 % here; Helix switched it off after token 2."


def test_a_pause_is_not_switched_off() -> None:
    assert switched_off_after(given_up(5)) is None
    assert switched_off_after([*given_up(20), drafted(21, 2, 2)]) is None
    assert switched_off_after(given_up(20, "no_match")) is None
    assert switched_off_after([]) is None


def test_never_drafted_says_why() -> None:
    spec = arm([drafted(n, 0, 0, k_reason="no_match") for n in range(9)], 50.0)
    assert gain_text(spec, plain(50.0)) == "Nothing was drafted here: the draft found nothing to propose."


def test_too_few_tokens() -> None:
    assert "too few tokens" in gain_text(arm([drafted(0, 4, 3)], None), plain(50.0))


def test_two_arms_of_one_mode() -> None:
    a, b = arm([drafted(0, 4, 3)], 60.0), arm([drafted(0, 4, 1)], 50.0)
    assert faster_text(a, b) == "A decodes 20 % faster than B here."
    assert faster_text(b, a) == "B decodes 20 % faster than A here."
    assert "equally fast" in faster_text(a, a)


def test_costs_in_words() -> None:
    found = break_even(arm([drafted(0, 4, 3)], 70.0), plain(50.0))
    assert found is not None
    assert cost_text(found, "B") == (
        "In B, a round drafts 4.0 tokens in 2.0 ms, verifies in 26.0 ms and spends 2.0 ms besides: 1.50 plain steps of "
        "20.0 ms. By the formula it is 2.67 times as fast as plain decoding."
    )
