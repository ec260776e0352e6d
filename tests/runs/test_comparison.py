"""What two replies have in common, from made-up events."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from helix_app.protocol.events import Alternative, Event, Failed, TextDelta
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import ArmChoice, SamplingParams
from helix_app.runs.comparison import (
    Agreement,
    ArmRecord,
    agreement,
    agreement_text,
    first_difference,
    is_coupled,
    logit_gap,
    speedup,
    speedup_curve,
    thinned,
)
from tests.comparing import WORDS, a_round, plain_reply, spec_reply, token

GREEDY = SamplingParams(temperature=0.0, seed=1)
SAMPLED = SamplingParams(temperature=0.8, seed=1)
ARMS = (ArmChoice(), ArmChoice("autoregressive"))
REJECTION = (ArmChoice(verify="rejection"), ArmChoice("autoregressive", verify="rejection"))


def record(events: Iterable[Event]) -> ArmRecord:
    made = ArmRecord()
    for event in events:
        made.add(event)
    return made


@pytest.mark.parametrize(
    ("a", "b", "position"),
    [((), (), None), ((1, 2), (1, 2), None), ((1, 2), (1, 3), 1), ((1, 2), (1, 2, 3), 2), ((), (1,), 0)],
)
def test_the_first_difference(a: tuple[int, ...], b: tuple[int, ...], position: int | None) -> None:
    assert first_difference(a, b) == position


def test_the_gap_is_the_difference_of_log_probabilities() -> None:
    best = (Alternative(7, "a", 0.5), Alternative(9, "b", 0.25), Alternative(3, "c", 0.0))
    assert logit_gap(best, 7, 9) == pytest.approx(math.log(2))
    assert logit_gap(best, 9, 7) == pytest.approx(-math.log(2))
    assert logit_gap(best, 7, 8) is None
    assert logit_gap(best, 7, 3) is None


def test_a_record_lines_text_up_with_time() -> None:
    made = record(spec_reply([(2, 1, ["b ", "c "]), (0, 0, ["d"])], "a "))
    assert made.text == "a b c d"
    assert made.tokens == [1, 3, 4]
    assert made.characters == [2, 6, 7]
    assert made.seconds == pytest.approx([0.2, 0.22, 0.24])  # the first as the result says, not as the prompt's pass
    assert [made.step_at(t) for t in (0.0, 0.21, 0.22, 9.0)] == [-1, 0, 1, 2]
    assert made.duration == pytest.approx(0.24)


def test_where_a_token_stands_in_the_text() -> None:
    made = record(spec_reply([(2, 1, ["b ", "c "]), (0, 0, ["d"])], "a "))
    assert [made.text[slice(*made.span(n))] for n in range(4)] == ["a ", "b ", "c ", "d"]
    assert made.span(4) == (7, 7)


def test_a_token_that_is_part_of_a_character_means_its_whole_step() -> None:
    made = ArmRecord()
    made.add(a_round(0, (token(1, "�"), token(2, "�")), 2, 0.1))
    made.add(TextDelta("r", "ö"))
    assert made.span(1) == (0, 1)


def test_a_token_without_text_stands_at_the_end() -> None:
    made = ArmRecord()
    made.add(a_round(0, (token(1, "ab"),), 2, 0.1))
    made.add(TextDelta("r", "ab"))
    made.add(a_round(1, (token(2, "<end>"),), 2, 0.2))
    assert made.span(1) == (2, 2)


def test_identical() -> None:
    a, b = record(plain_reply(WORDS)), record(plain_reply(WORDS, 0.03))
    found = agreement(a, b, ARMS, GREEDY)
    assert found == Agreement("identical", 60)
    assert agreement_text(found) == "Identical: 60 tokens"
    assert agreement_text(Agreement("identical", 1)) == "Identical: 1 token"


@pytest.mark.parametrize("reason", ["stopped", "failed", "running"])
def test_what_was_not_written_is_no_difference(reason: str) -> None:
    events = plain_reply(WORDS[:30], reason="cancelled")
    b = record(events if reason == "stopped" else events[:-1])
    if reason == "failed":
        b.add(Failed("engine_died"))
    for first, second in ((record(plain_reply(WORDS)), b), (b, record(plain_reply(WORDS)))):
        assert agreement(first, second, ARMS, GREEDY) == Agreement("so_far", 30)


def test_one_reply_that_ends_earlier_differs() -> None:
    a, b = record(plain_reply(WORDS)), record(plain_reply(WORDS[:30]))
    found = agreement(a, b, ARMS, GREEDY)
    assert (found.verdict, found.tokens, found.a, found.b) == ("differs", 30, "word30 ", None)
    assert "the end of the reply in B" in agreement_text(found)


def test_a_difference_is_told_with_its_gap() -> None:
    other = [*WORDS[:24], "line\n\n", *WORDS[25:]]
    found = agreement(record(plain_reply(WORDS)), record(plain_reply(other)), ARMS, GREEDY, gap=-0.0213)
    assert (found.verdict, found.tokens) == ("differs", 24)
    assert agreement_text(found) == "First difference at token 25: “line↵” in A, “line↵↵” in B, logit gap 0.021"
    unknown = Agreement("differs", 24, "a", "b")
    assert agreement_text(unknown) == "First difference at token 25: “a” in A, “b” in B"


def test_uncoupled_samples_are_another_sample_and_coupled_ones_are_not() -> None:
    a, b = record(plain_reply(WORDS)), record(plain_reply([*WORDS[:24], "x", *WORDS[25:]]))
    assert agreement(a, b, REJECTION, SAMPLED).verdict == "other_sample"
    assert "Same distribution, different sample" in agreement_text(agreement(a, b, REJECTION, SAMPLED))
    assert agreement(a, b, (ARMS[0], REJECTION[1]), SAMPLED).verdict == "other_sample"
    assert agreement(a, b, ARMS, SAMPLED).verdict == "differs"
    assert agreement(a, b, REJECTION, GREEDY).verdict == "differs"
    other_format = (REJECTION[0], ArmChoice("autoregressive", verify="rejection", dtype="float32"))
    assert agreement(a, b, other_format, SAMPLED).verdict == "differs"


def test_coupled() -> None:
    unseeded = SamplingParams(seed=None)
    assert is_coupled(ArmChoice(), SAMPLED)
    assert not is_coupled(ArmChoice(), unseeded)
    assert is_coupled(ArmChoice(verify="coupled"), unseeded)
    assert not is_coupled(ArmChoice(verify="rejection"), SAMPLED)


def test_nothing_to_compare() -> None:
    assert agreement(record(plain_reply(WORDS)), ArmRecord(), ARMS, GREEDY).verdict == "nothing"


def test_stages_end_where_the_reply_begins() -> None:
    made = record([LoadProgress("weights", 0.5)])
    assert made.stage == LoadProgress("weights", 0.5)
    made.add(plain_reply(WORDS)[0])
    assert made.stage is None


def test_the_speedup_is_that_of_the_events() -> None:
    fast = record(spec_reply([(1, 1, WORDS[i : i + 2]) for i in range(1, 59, 2)], WORDS[0]))
    slow = record(plain_reply(WORDS[:59]))
    tokens, ratios = speedup_curve(fast, slow, 500)
    assert tokens == [float(n) for n in fast.tokens[1:]]
    assert ratios == pytest.approx([2.0] * len(tokens))
    assert fast.metrics is not None
    assert slow.metrics is not None
    assert fast.metrics.decode_tokens_per_second is not None
    assert slow.metrics.decode_tokens_per_second is not None
    want = fast.metrics.decode_tokens_per_second / slow.metrics.decode_tokens_per_second
    assert speedup(fast, slow) == want == pytest.approx(2.0)
    assert speedup(fast, ArmRecord()) is None
    assert speedup_curve(fast, ArmRecord(), 500) == ([], [])
    assert len(speedup_curve(fast, slow, 10)[0]) == 9  # of ten steps, the prompt's has no speed


def test_thinned_points_keep_both_ends() -> None:
    assert thinned(4, 10) == [0, 1, 2, 3]
    kept = thinned(20_001, 500)
    assert (kept[0], kept[-1], len(kept)) == (0, 20_000, 500)
    assert kept == sorted(set(kept))
