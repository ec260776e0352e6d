"""Figures of many replies: pooled counts, medians, pairs."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import (
    SHORT,
    decode_speed as by_speed,
    figures,
    paired,
    representative,
    speeds,
    summarise,
    summary_in,
)
from helix_app.bench.records import BenchResult, to_json
from tests.bench.instruments import made


def test_rates_are_pooled_and_speeds_are_medians() -> None:
    runs = [
        made.record(HELIX, speed=10.0, drafted_tokens=100, accepted_tokens=10, tokens=15),
        made.record(HELIX, speed=20.0, drafted_tokens=0, accepted_tokens=0, k_counts=((0, 31),), target_passes=31,
                    mean_accepted_length=1.0, peak_memory_bytes=2**31, finish_reason="eos"),
        made.record(HELIX, speed=90.0, drafted_tokens=300, accepted_tokens=270, peak_memory_bytes=None),
    ]  # fmt: skip
    found = figures(HELIX, runs)
    assert found.acceptance_rate == pytest.approx(0.7)
    assert found.decode_tokens_per_second == 20.0
    assert found.mean_accepted_length == pytest.approx((2 * 16 * 2 + 31) / (16 + 16 + 31))
    assert found.k_counts == ((0, 39), (2, 24))
    assert found.k_mean == pytest.approx(48 / 63)
    assert found.acceptance_by_position == pytest.approx((0.75, 0.8))
    assert found.reached_by_position == (48, 30)
    assert found.peak_memory_bytes == 2**31
    assert found.short_replies == 1
    assert dict(found.finish_reasons) == {"length": 2, "eos": 1}
    assert found.replies == 3


def test_positions_of_replies_with_drafts_of_different_length_add_up() -> None:
    runs = [
        made.record(HELIX, reached_by_position=(4,), accepted_by_position=(1,)),
        made.record(HELIX, reached_by_position=(4, 3, 2), accepted_by_position=(3, 2, 0)),
        made.record(HELIX, reached_by_position=(), accepted_by_position=()),
    ]
    found = figures(HELIX, runs)
    assert found.reached_by_position == (8, 3, 2)
    assert found.acceptance_by_position == pytest.approx((0.5, 2 / 3, 0.0))


def test_an_arm_without_replies_has_no_figures() -> None:
    found = figures("transformers", [])
    assert (found.replies, found.tokens, found.decode_tokens_per_second, found.acceptance_rate) == (0, 0, None, None)


def test_a_document_brings_its_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    result = made.result(arms=(BASELINE, HELIX, "transformers"))
    wanted = summarise(result)
    for values in (asdict(wanted), None, {"kinds": []}):
        assert summary_in(to_json(result, values), result) == wanted
    monkeypatch.setattr("helix_app.bench.figures.summary.summarise", lambda _: pytest.fail("computed anew"))
    assert summary_in(to_json(result, asdict(wanted)), result) == wanted


def test_every_arm_is_set_against_the_baseline_and_helix_against_each_peer() -> None:
    summary = summarise(made.result(arms=(BASELINE, HELIX, "transformers")))
    pairs = [(c.arm, c.against) for c in summary.overall.comparisons]
    assert pairs == [(HELIX, BASELINE), ("transformers", BASELINE), (HELIX, "transformers")]
    for kind in (*summary.kinds, summary.overall):
        compared = kind.comparison(HELIX)
        assert compared.decode.value == pytest.approx(1.5, rel=0.05)
        assert compared.decode.verdict == "higher"
        assert kind.comparison(HELIX, "transformers").decode.value == pytest.approx(1.5, rel=0.05)
        assert kind.comparison("transformers").decode.value == pytest.approx(1.0, rel=0.05)


def test_a_shorter_wait_is_a_ratio_above_one() -> None:
    whole = made.result()
    runs = tuple(replace(r, time_to_first_token=0.05) if r.arm == HELIX else r for r in whole.runs)
    compared = summarise(replace(whole, runs=runs)).overall.comparison(HELIX)
    assert compared.first_token.value == pytest.approx(4.0)


def test_every_kind_weighs_the_same_overall() -> None:
    slow, fast = (
        made.result(("chat",), prompts=6, speed=made.noisy(1.0)),
        made.result(("code",), prompts=3, speed=made.noisy(4.0)),
    )
    both = replace(slow, prompts=slow.prompts + fast.prompts, runs=slow.runs + fast.runs)
    summary = summarise(both)
    assert summary.overall.comparison(HELIX).decode.value == pytest.approx(2.0, rel=0.05)
    assert summary.overall.arm(HELIX).decode_tokens_per_second == pytest.approx(20.0, rel=0.05)
    assert summary.overall.prompts == 9


def test_pairs_hold_the_same_prompt_and_repeat() -> None:
    whole = made.result(("chat",), prompts=2, repeats=2, speed=lambda arm, prompt, repeat: (
        10.0 * (repeat + 1) * (2 if prompt == "chat-2" else 1) * (3 if arm == HELIX else 1)))  # fmt: skip
    turned = replace(whole, runs=tuple(reversed(whole.runs)))
    for result in (whole, turned):
        assert paired(result, "chat", HELIX, BASELINE, by_speed) == {"chat-1": [3.0, 3.0], "chat-2": [3.0, 3.0]}
    assert speeds(whole, "chat", BASELINE) == {"chat-1": [10.0, 20.0], "chat-2": [20.0, 40.0]}
    cut = replace(whole, runs=whole.runs[:-1])
    assert paired(cut, "chat", HELIX, BASELINE, by_speed)["chat-2"] == [3.0]


def test_no_reply_is_counted_for_a_missing_figure() -> None:
    whole = made.result(("chat",), repeats=1)
    runs = tuple(replace(r, decode_tokens_per_second=None) if r.prompt_id == "chat-2" else r for r in whole.runs)
    assert set(paired(replace(whole, runs=runs), "chat", HELIX, BASELINE, by_speed)) == {"chat-1", "chat-3"}


def test_the_reply_shown_is_of_the_prompt_in_the_middle() -> None:
    factor = {"chat-1": 1.1, "chat-2": 3.0, "chat-3": 1.5}

    def speed(arm: str, prompt: str, repeat: int) -> float:
        return 10 * (factor[prompt] if arm == HELIX else 1)

    def shown(result: BenchResult) -> list[tuple[str, str, int]]:
        return [(r.arm, r.prompt_id, r.repeat) for r in representative(result)]

    whole = made.result(("chat",), speed=speed)
    assert shown(whole) == [(BASELINE, "chat-3", 0), (HELIX, "chat-3", 0)]
    short = replace(whole, runs=tuple(replace(r, tokens=SHORT - 1) for r in whole.runs))
    assert shown(short) == []
    assert shown(made.result(arms=(BASELINE,))) == []


def test_two_summaries_of_a_run_are_equal() -> None:
    assert summarise(made.result()) == summarise(made.result())


def test_every_kind_is_resampled_on_its_own() -> None:
    """Of the same figures in two kinds the ends are close and not the same: one kind's luck is not the other's."""
    speed = made.alike(made.noisy(1.5, noise=0.1))
    summary = summarise(made.result(("chat", "code"), prompts=8, repeats=4, speed=speed))
    chat, code = (kind.comparison(HELIX) for kind in summary.kinds)
    for name in ("decode", "end_to_end"):
        one, other = getattr(chat, name), getattr(code, name)
        assert one.value == pytest.approx(other.value)
        assert (one.low, one.high) != (other.low, other.high)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=0.03)
