"""The order of replies, what happens when one fails or someone stops the run, and a whole run on a tiny model."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.base.messages import notice_text
from helix_app.bench import runner
from helix_app.bench.arms import Task
from helix_app.bench.config import BASELINE, HELIX, BenchConfig, BenchProgress
from helix_app.bench.records import BenchNotice, BenchResult, ReferenceRun, RunRecord
from helix_app.bench.runner import Measured, measure, plan, reference_drift, run_benchmark, warm_up
from helix_app.bench.workloads import Prompt
from helix_app.protocol.requests import GenerateRequest
from tests.bench import made
from tests.engine.made.tiny import Zoo

REFERENCE = Task(Prompt("reference", "reference", "x"), GenerateRequest("bench"), 0)
Hook = Callable[[Task], None]


class FakeArm:
    """Replies at once; ``hook`` may cancel or raise before a measured one."""

    def __init__(self, name: str, hook: Hook | None = None, reason: str = "length") -> None:
        self.name, self.hook, self.reason = name, hook or (lambda task: None), reason
        self.asked: list[tuple[str, int]] = []

    def run(self, task: Task, seed: int, cancel: threading.Event) -> RunRecord:
        self.asked.append((task.prompt.id, seed))
        if task is not REFERENCE:
            self.hook(task)
        reason = "cancelled" if cancel.is_set() else self.reason
        return made.record(self.name, task.prompt.id, seed=seed, finish_reason=reason)


def tasks(count: int) -> list[Task]:
    return [Task(Prompt("chat", f"chat-{n}", "x"), GenerateRequest("bench"), 5) for n in range(count)]


def arms(*names: str) -> list[FakeArm]:
    return [FakeArm(name) for name in names or (BASELINE, HELIX)]


def run(slots: list[runner.Slot], cancel: threading.Event | None = None) -> tuple[Measured, list[BenchNotice]]:
    notices: list[BenchNotice] = []
    return measure(slots, REFERENCE, cancel or threading.Event(), lambda _: None, notices), notices


# --------------------------------------------------------------------------- the order


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_every_arm_stands_equally_often_in_every_position(count: int, seed: int) -> None:
    some = arms(*(f"arm {n}" for n in range(count)))
    slots = plan(tasks(4 * count), some, 3, seed)
    assert len(slots) == 4 * count * 3 * count
    seen = Counter((i % count, slot.arm.name) for i, slot in enumerate(slots))
    assert set(seen.values()) == {4 * 3}
    # and no arm always follows the same other one
    for place in range(0, len(slots), count):
        assert len({slot.arm.name for slot in slots[place : place + count]}) == count
        assert len({slot.task.prompt.id for slot in slots[place : place + count]}) == 1
    after = Counter((slots[i].arm.name, slots[i + 1].arm.name) for i in range(len(slots) - 1) if i % count != count - 1)
    assert all(after[b, a] == times for (a, b), times in after.items())


def test_every_arm_gets_every_prompt_once_a_repeat_with_the_same_seed() -> None:
    slots = plan(tasks(5), arms(), 3, 0)
    seen = Counter((slot.arm.name, slot.task.prompt.id, slot.repeat) for slot in slots)
    assert len(seen) == 2 * 5 * 3
    assert set(seen.values()) == {1}
    assert [slot.repeat for slot in slots] == sorted(slot.repeat for slot in slots)
    seeds = {(slot.task.prompt.id, slot.repeat): slot.seed for slot in slots}
    assert all(seeds[slot.task.prompt.id, slot.repeat] == slot.seed for slot in slots)
    assert len(set(seeds.values())) == 15


def test_the_order_follows_from_the_seed() -> None:
    def order(seed: int) -> list[tuple[str, str]]:
        return [(slot.arm.name, slot.task.prompt.id) for slot in plan(tasks(6), arms(), 2, seed)]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1)[:12] != order(1)[12:]


# --------------------------------------------------------------------------- measuring


def test_replies_are_numbered_and_only_the_first_repeat_keeps_its_curve() -> None:
    found, notices = run(plan(tasks(3), arms(), 2, 0))
    assert [r.index for r in found.runs] == list(range(12))
    assert [bool(r.timeline) for r in found.runs] == [True] * 6 + [False] * 6
    assert notices == []
    assert not found.ended_early
    assert found.failure is None


def test_the_reference_reply_is_the_baselines_at_begin_and_end_and_in_between() -> None:
    base, helix = arms()
    found, _ = run(plan(tasks(30), [base, helix], 1, 0))
    assert [r.before_index for r in found.references] == [0, 24, 48, 60]
    assert ("reference", 0) in base.asked
    assert ("reference", 0) not in helix.asked


def test_progress_counts_to_the_end() -> None:
    told: list[BenchProgress] = []
    measure(plan(tasks(2), arms(), 1, 0), REFERENCE, threading.Event(), told.append, [])
    assert [(p.done, p.total) for p in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told[-1].seconds_left == 0
    assert told[0].decode_tokens_per_second == 10.0


def test_a_stopped_run_keeps_what_is_done() -> None:
    cancel = threading.Event()
    seen: list[Task] = []

    def stop_at_the_fifth(task: Task) -> None:
        seen.append(task)
        if len(seen) == 5:
            cancel.set()

    both = [FakeArm(BASELINE, stop_at_the_fifth), FakeArm(HELIX, stop_at_the_fifth)]
    found, notices = run(plan(tasks(9), both, 1, 0), cancel)
    assert len(found.runs) == 4
    assert len(seen) == 5
    assert found.ended_early
    assert found.failure is None
    assert notices == []


def test_a_failing_peer_is_left_out_from_there_on() -> None:
    def fail(task: Task) -> None:
        raise RuntimeError("no kernel\nfor this")

    peer = FakeArm("transformers", fail)
    found, notices = run(plan(tasks(4), [*arms(), peer], 2, 0))
    assert Counter(r.arm for r in found.runs) == {BASELINE: 8, HELIX: 8}
    assert len(peer.asked) == 1
    assert not found.ended_early
    (notice,) = notices
    assert notice.code == "bench_arm_failed"
    sentence = notice_text(notice.code, notice.fields)
    assert "transformers failed on the prompt chat-" in sentence
    assert "RuntimeError: no kernel" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", [BASELINE, HELIX])
def test_a_failure_of_helix_itself_ends_the_run_with_what_is_done(name: str) -> None:
    error = HelixError("nan_logits")
    count = 0

    def fail_at_the_third(task: Task) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise error

    both = [FakeArm(n, fail_at_the_third if n == name else None) for n in (BASELINE, HELIX)]
    found, notices = run(plan(tasks(9), both, 1, 0))
    assert 4 <= len(found.runs) <= 5
    assert found.ended_early
    assert found.failure is error
    assert [n.code for n in notices] == ["bench_arm_failed"]


def test_a_failing_warm_up_stops_nothing() -> None:
    def fail(task: Task) -> None:
        raise RuntimeError("cold")

    first, second = FakeArm(BASELINE, fail), FakeArm(HELIX)
    warm_up([first, second], tasks(1)[0], 2, threading.Event(), lambda _: None)
    assert len(first.asked) == len(second.asked) == 2


@pytest.mark.parametrize(
    ("speeds", "drift"),
    [([], None), ([9], None), ([9, 9], 0.0), ([9, 10, 11], 0.2), ([10, 10, 5], 0.5), ([8, 12], 0.4)],
)
def test_drift_is_the_spread_of_the_reference_replies(speeds: list[float], drift: float | None) -> None:
    found = reference_drift([ReferenceRun(i, speed) for i, speed in enumerate(speeds)])
    assert found == (None if drift is None else pytest.approx(drift))


# --------------------------------------------------------------------------- a whole run


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
