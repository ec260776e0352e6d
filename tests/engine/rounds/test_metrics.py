"""Every figure from a clock that a test moves."""

from __future__ import annotations

import pytest

from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.protocol.requests import Written


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_figures_of_a_reply() -> None:
    clock = Clock()
    recorder = RunRecorder(clock)
    clock.now += 2.0
    recorder.prefilled(prompt_tokens=10, cached_tokens=4, emitted=1)
    clock.now += 1.0
    recorder.round(drafted=4, accepted=3, emitted=4, seconds=1.0)
    clock.now += 1.0
    recorder.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    clock.now += 2.0
    recorder.round(drafted=2, accepted=0, emitted=1, seconds=2.0)
    clock.now += 1.0
    metrics = recorder.finish(seed=5, plain_tokens_per_second=1.5)
    assert (metrics.tokens_generated, metrics.prompt_tokens, metrics.cached_tokens) == (7, 10, 4)
    assert (metrics.target_passes, metrics.drafted_tokens, metrics.accepted_tokens) == (3, 6, 3)
    assert metrics.acceptance_rate == pytest.approx(3 / 6)
    assert metrics.mean_accepted_length == pytest.approx(6 / 3)  # the prompt's own pass is no decode pass
    assert metrics.time_to_first_token == pytest.approx(2.0)
    assert metrics.time_seconds == pytest.approx(7.0)
    assert metrics.tokens_per_second == pytest.approx(7 / 7)
    assert metrics.decode_tokens_per_second == pytest.approx(6 / 4)
    assert (metrics.k_mean, metrics.k_min, metrics.k_max) == (2.0, 0, 4)
    assert (metrics.seed, metrics.plain_tokens_per_second) == (5, 1.5)
    assert recorder.rolling_acceptance == pytest.approx(0.5)
    assert recorder.rolling_tokens_per_second == pytest.approx(6 / 4)


def test_a_reply_that_never_began_has_no_figures() -> None:
    clock = Clock()
    recorder = RunRecorder(clock)
    clock.now += 1.0
    metrics = recorder.finish(0, None)
    assert metrics.tokens_generated == metrics.target_passes == 0
    for name in ("tokens_per_second", "decode_tokens_per_second", "time_to_first_token", "acceptance_rate"):
        assert getattr(metrics, name) is None
    assert metrics.mean_accepted_length is metrics.k_mean is metrics.k_min is None


def test_one_token_has_no_decode_speed() -> None:
    clock = Clock()
    recorder = RunRecorder(clock)
    clock.now += 1.0
    recorder.prefilled(3, 0, 1)
    clock.now += 1.0
    assert recorder.decode_tokens_per_second is None
    assert recorder.finish(0, None).tokens_per_second == pytest.approx(0.5)


def test_rolling_figures_forget() -> None:
    recorder = RunRecorder(Clock())
    for _ in range(20):
        recorder.round(4, 4, 5, 1.0)
    for _ in range(16):
        recorder.round(4, 1, 2, 1.0)
    assert recorder.rolling_acceptance == pytest.approx(0.25)
    assert recorder.rolling_tokens_per_second == pytest.approx(2)
    assert recorder.acceptance_rate == pytest.approx((80 + 16) / 144)


def test_plain_decoding_is_told_beside_the_same_others() -> None:
    recorder = RunRecorder(Clock())
    for emitted, share in ((3, None), (1, 0.5), (2, 0.25)):
        recorder.round(drafted=2, accepted=0, emitted=emitted, seconds=1.0)
        recorder.shared(emitted, share)
    assert recorder.plain_beside(10.0) == pytest.approx(6 / (3 / 10 + 0.5 + 2 * 0.25))
    assert recorder.plain_beside(None) is None  # of the rounds alone nobody knows
    alone = RunRecorder(Clock())
    alone.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    alone.shared(1, None)
    assert alone.plain_beside(10.0) == 10.0
    crowd = RunRecorder(Clock())
    crowd.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    crowd.shared(1, 0.5)
    assert crowd.plain_beside(None) == crowd.plain_beside(10.0) == 2.0
    assert (alone.beside_others, crowd.beside_others, recorder.beside_others) == (False, True, True)


@pytest.mark.parametrize(("plain_seconds", "told"), [(1.5, 5 / (1.5 + 1 / 10 + 0.25)), (None, None)])
def test_rounds_before_an_engine_died_are_none_of_a_reply_alone(
    plain_seconds: float | None, told: float | None
) -> None:
    recorder = RunRecorder(Clock())
    recorder.resume(Written((1, 2, 3, 4), 9, 0, ((2, 1, 2, 0.4), (0, 0, 1, 0.3)), 3.0, 1.0, plain_seconds))
    recorder.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    recorder.shared(1, None)
    recorder.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    recorder.shared(1, 0.25)
    assert recorder.plain_beside(10.0) == pytest.approx(told)
    assert recorder.beside_others


def test_a_reply_that_begins_anew_is_alone_until_it_is_not() -> None:
    recorder = RunRecorder(Clock())
    recorder.resume(Written((1,), 9, 0, (), 3.0, 1.0))
    recorder.round(drafted=0, accepted=0, emitted=1, seconds=1.0)
    assert recorder.plain_beside(10.0) == 10.0
    assert not recorder.beside_others
