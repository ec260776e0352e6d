"""A whole run on a tiny model."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.base.messages import notice_text
from helix_app.bench import runner
from helix_app.bench.config import BASELINE, HELIX, BenchConfig, BenchProgress
from helix_app.bench.records import BenchNotice, BenchResult, RunRecord
from helix_app.bench.runner import run_benchmark
from helix_app.bench.workloads import Prompt
from tests.engine.made.tiny import Zoo


@pytest.fixture
def config(zoo: Zoo) -> BenchConfig:
    """A few tokens of a tiny model."""
    prompts = (
        Prompt("a", "a-1", "the cat sat"),
        Prompt("a", "a-2", "the dog lay"),
        Prompt("b", "b-1", "then the rain"),
    )
    return BenchConfig(
        str(zoo.gguf("llama-loopy")), "ngram", "fixed:2", "cpu", "float32", prompts=prompts, max_tokens=6, repeats=2
    )


def codes(result: BenchResult) -> list[str]:
    return [notice.code for notice in result.notices if notice.code != "bench_drift"]  # the machine may be busy


def test_a_run_measures_every_prompt_in_every_arm(config: BenchConfig) -> None:
    stages: list[str] = []
    result = run_benchmark(config, lambda progress: stages.append(progress.stage))
    assert result.complete
    assert result.planned == len(result.runs) == 3 * 2 * 2
    assert result.arms == (BASELINE, HELIX)
    assert result.kinds == ("a", "b")
    assert codes(result) == []
    assert all(r.tokens > 0 and r.cached_tokens == 0 for r in result.runs)
    by_prompt = {(r.prompt_id, r.repeat): r.token_ids for r in result.runs if r.arm == BASELINE}
    assert all(by_prompt[r.prompt_id, r.repeat] == r.token_ids for r in result.runs)
    assert result.divergences == ()
    assert [p.id for p in result.prompts] == ["a-1", "a-2", "b-1"]
    assert {p.id: p.tokens for p in result.prompts} == {r.prompt_id: r.prompt_tokens for r in result.runs}
    assert len(result.models["target"]["files"][0]["sha256"]) == 64
    assert "draft" not in result.models
    assert result.settings["max_tokens"] == 6
    assert list(dict.fromkeys(stages)) == ["load", "warm_up", "measure", "compare", "done"]


def test_drift_of_the_machine_is_told(config: BenchConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    for drift, told in ((0.09, False), (0.25, True)):
        monkeypatch.setattr(runner, "reference_drift", lambda _, drift=drift: drift)
        result = run_benchmark(replace(config, repeats=1))
        assert (BenchNotice("bench_drift", (("percent", "25 %"),)) in result.notices) is told


def test_ctrl_c_in_a_run_keeps_what_is_done(config: BenchConfig) -> None:
    cancel = threading.Event()

    def stop(progress: BenchProgress) -> None:
        if progress.stage == "measure" and progress.done == 5:
            cancel.set()

    result = run_benchmark(config, stop, cancel)
    assert not result.complete
    assert len(result.runs) == 5
    assert codes(result) == ["bench_incomplete"]
    assert dict(result.notices[0].fields) == {"done": "5", "planned": "12"}


@pytest.mark.parametrize("stage", ["load", "warm_up"])
def test_ctrl_c_before_the_first_reply_leaves_nothing_to_report(config: BenchConfig, stage: str) -> None:
    cancel = threading.Event()
    with pytest.raises(HelixError) as caught:
        run_benchmark(config, lambda progress: cancel.set() if progress.stage == stage else None, cancel)
    assert (caught.value.code, caught.value.exit_code) == ("bench_nothing", 1)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HelixError("nan_logits"), "nan_logits"),
        (RuntimeError("odd"), "internal"),
        (MemoryError(), "device_out_of_memory"),
    ],
)
def test_a_run_that_fails_at_once_tells_why(
    config: BenchConfig, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*args: object) -> RunRecord:
        raise error

    monkeypatch.setattr("helix_app.bench.arms.record_of", fail)
    with pytest.raises(HelixError) as caught:
        run_benchmark(config)
    assert caught.value.code == code


def test_prompts_that_do_not_fit_are_left_out(config: BenchConfig, zoo: Zoo) -> None:
    long = Prompt("a", "a-9", "the cat sat " * 500)
    short = replace(config, target=str(zoo.gguf("llama-short")), repeats=1)
    result = run_benchmark(replace(short, prompts=(*config.prompts, long)))
    assert codes(result) == ["bench_prompt_skipped"]
    assert "a-9" in notice_text(result.notices[0].code, result.notices[0].fields)
    assert {r.prompt_id for r in result.runs} == {"a-1", "a-2", "b-1"}
    with pytest.raises(InputError):
        run_benchmark(replace(short, prompts=(long,)))


@pytest.mark.parametrize(
    "changes",
    [{"k": "much"}, {"temperature": -1.0}, {"temperature": float("nan")}, {"repeats": 0}, {"prompts_file": "/none"}],
)
def test_wrong_wishes_are_refused_before_loading(config: BenchConfig, changes: dict[str, object]) -> None:
    if "prompts_file" in changes:
        config = replace(config, prompts=())
    with pytest.raises(InputError):
        run_benchmark(replace(config, **changes), lambda progress: pytest.fail("began to load"))


def test_a_target_that_is_not_there_is_wrong_input(config: BenchConfig, tmp_path: Path) -> None:
    with pytest.raises(HelixError) as caught:
        run_benchmark(replace(config, target=str(tmp_path / "none.gguf")))
    assert caught.value.exit_code == 2


def test_sampled_runs_are_not_compared_token_by_token(config: BenchConfig) -> None:
    result = run_benchmark(replace(config, temperature=1.5, repeats=1))
    assert not result.greedy
    assert result.divergences == ()
    assert {r.seed for r in result.runs if r.arm == BASELINE} == {r.seed for r in result.runs if r.arm == HELIX}
