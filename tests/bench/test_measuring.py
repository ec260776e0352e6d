"""The order of replies, and what happens when one fails or someone stops the run."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.messages import notice_text
from helix_app.bench.arms import Task
from helix_app.bench.config import BASELINE, HELIX, BenchProgress
from helix_app.bench.measuring import Measured, Slot, measure, plan, reference_drift, warm_up
from helix_app.bench.records import BenchNotice, ReferenceRun, RunRecord
from helix_app.bench.workloads import Prompt
from helix_app.protocol.requests import GenerateRequest
from tests.bench.instruments import made

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


def run(slots: list[Slot], cancel: threading.Event | None = None) -> tuple[Measured, list[BenchNotice]]:
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
