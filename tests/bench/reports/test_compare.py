"""Two runs against each other: a verdict for a change, none for noise, and a word about what else differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base.errors import InputError
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.records import BenchResult, PromptRecord
from helix_app.bench.reports.compare import KindChange, compare, compare_report, verdict_text
from tests.bench.instruments import made

A = made.result(("chat", "code"), speed=made.noisy(1.5), name="a.json")


def scaled(factor: float, kind: str = "chat") -> BenchResult:
    """A run of its own in which Helix is ``factor`` times as fast on one kind."""
    runs = made.result(speed=made.noisy(1.5, seed=1)).runs
    changed = tuple(
        replace(r, decode_tokens_per_second=(r.decode_tokens_per_second or 0) * factor)
        if (r.arm, r.kind) == (HELIX, kind)
        else r
        for r in runs
    )
    return replace(A, runs=changed, name="b.json")


def test_a_run_and_itself_give_no_verdict() -> None:
    found = compare(A, A)
    assert [kind.verdict for kind in found.kinds] == ["same", "same"]
    for kind in found.kinds:
        assert kind.change.value == pytest.approx(1.0)
        assert kind.change.low <= 1.0 <= kind.change.high
        assert kind.speedup_a == kind.speedup_b
    report = compare_report(found)
    assert report.count("no significant difference") == 2
    assert "differ" not in report.replace("difference", "")


def test_another_run_of_the_same_gives_no_verdict() -> None:
    assert {kind.verdict for kind in compare(A, scaled(1.0)).kinds} == {"same"}


@pytest.mark.parametrize(("factor", "expected"), [(1.3, "faster"), (0.7, "slower")])
def test_a_changed_speedup_is_found_in_its_kind_alone(factor: float, expected: str) -> None:
    found = compare(A, scaled(factor))
    chat, code = found.kinds
    assert (chat.verdict, code.verdict) == (expected, "same")
    assert chat.change.value == pytest.approx(factor, rel=0.05)
    assert f"B is {expected}" in compare_report(found)
    turned = {"faster": "slower", "slower": "faster"}[expected]
    assert compare(scaled(factor), A).kinds[0].verdict == turned


def test_a_machine_twice_as_fast_changes_no_speedup() -> None:
    runs = tuple(replace(r, decode_tokens_per_second=2 * (r.decode_tokens_per_second or 0)) for r in A.runs)
    assert {kind.verdict for kind in compare(A, replace(A, runs=runs)).kinds} == {"same"}


def test_a_change_within_the_noise_of_the_baseline_gives_no_verdict() -> None:
    def loud(result: BenchResult, seed: int) -> BenchResult:
        speed = made.noisy(1.0, 0.25, seed)
        other = {(r.prompt_id, r.repeat): speed(BASELINE, r.prompt_id, r.repeat) / 10 for r in result.runs}
        return replace(  # both arms move together, so that the paired ratio is precise and the baseline is not
            result,
            runs=tuple(
                replace(r, decode_tokens_per_second=(r.decode_tokens_per_second or 0) * other[r.prompt_id, r.repeat])
                for r in result.runs
            ),
        )

    before, after = made.result(speed=made.noisy(1.5, 0.001)), made.result(speed=made.noisy(1.56, 0.001))
    assert {kind.verdict for kind in compare(before, after).kinds} == {"faster"}
    assert {kind.verdict for kind in compare(loud(before, 5), loud(after, 6)).kinds} == {"same"}


def test_few_replies_give_no_verdict() -> None:
    small = made.result(repeats=1, prompts=2)
    found = compare(small, replace(small, name="b"))
    assert {verdict_text(kind) for kind in found.kinds} == {"too few replies for a verdict"}


def test_a_verdict_needs_the_interval_outside_the_band() -> None:
    def verdict(low: float, high: float) -> str:
        return KindChange("chat", 3, 1.0, 1.0, Estimate((low + high) / 2, low, high, 9), noise=0.05).verdict

    assert verdict(1.06, 1.2) == "faster"
    assert verdict(1.04, 1.2) == "same"
    assert verdict(0.8, 0.94) == "slower"
    assert verdict(0.8, 0.96) == "same"


def test_only_prompts_with_the_same_text_are_compared() -> None:
    def retold(p: PromptRecord) -> PromptRecord:
        return replace(p, text="other", sha256="0" * 64) if p.id == "chat-1" else p

    found = compare(A, replace(A, prompts=tuple(map(retold, A.prompts))))
    assert {kind.kind: kind.prompts for kind in found.kinds} == {"chat": 2, "code": 3}


def test_runs_without_a_common_prompt_are_refused() -> None:
    for other in (made.result(("story",)), made.result(text="Something else about {}."), made.result(arms=(BASELINE,))):
        with pytest.raises(InputError) as caught:
            compare(A, replace(other, name="b.json"))
        assert caught.value.code == "bench_not_comparable"
        assert caught.value.fields == {"a": "a.json", "b": "b.json"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"machine": {**A.machine, "cpu": "Another CPU"}}, "cpu: Some CPU / Another CPU"),
        ({"machine": {**A.machine, "threads": 1}}, "threads: 4 / 1"),
        ({"machine": {**A.machine, "environment": {"OMP_NUM_THREADS": "1"}}}, "OMP_NUM_THREADS: none / 1"),
        ({"settings": {**A.settings, "k": "fixed:4"}}, "k: auto / fixed:4"),
        ({"settings": {**A.settings, "temperature": 0.7}}, "temperature: 0.0 / 0.7"),
        ({"settings": {**A.settings, "max_tokens": 16}}, "max_tokens: 128 / 16"),
        ({"model": {**A.model, "dtype": "bfloat16"}}, "dtype in use: float32 / bfloat16"),
        ({"versions": {**A.versions, "torch": "2.10.0"}}, "torch version: 2.9.0 / 2.10.0"),
        (
            {"models": {"target": {"files": ({"name": "t.gguf", "sha256": "cd" * 32},)}}},
            f"target files: {'ab' * 6} / {'cd' * 6}",
        ),
    ],
)
def test_what_else_differs_is_told(change: dict[str, object], named: str) -> None:
    report = compare_report(compare(A, replace(A, **change)))
    assert "so a verdict may come from them" in report
    assert f"- {named}\n" in report
    assert report.count("\n- ") == 1


def test_the_report_names_both_files_and_every_kind() -> None:
    report = compare_report(compare(A, scaled(1.3)))
    assert report.startswith("A: a.json\nB: b.json\n")
    assert "Chat" in report
    assert "Code" in report
    assert "±" in report


def test_every_kind_is_resampled_on_its_own() -> None:
    """Of the same figures in two kinds the ends are close and not the same: one kind's luck is not the other's."""
    first, second = (
        made.result(prompts=8, repeats=4, speed=made.alike(made.noisy(1.5, noise=0.1, seed=seed))) for seed in (1, 2)
    )
    chat, code = (kind.change for kind in compare(first, second).kinds)
    assert chat.value == pytest.approx(code.value)
    assert (chat.low, chat.high) != (code.low, code.high)
    assert (chat.low, chat.high) == pytest.approx((code.low, code.high), rel=0.03)
