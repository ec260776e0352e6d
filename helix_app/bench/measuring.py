"""Measured replies: their order, and one after another with reference replies in between.

Arms take turns prompt by prompt in a rotating order, so that a processor that warms up or a neighbour that wakes
hits all alike. A fixed reference reply in between tells whether the machine's speed moved.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import fields_of
from helix_app.base.messages import error_reason
from helix_app.bench.arms import Arm, Task
from helix_app.bench.config import BASELINE, HELIX, BenchProgress, ProgressCallback
from helix_app.bench.records import BenchNotice, ReferenceRun, RunRecord
from helix_app.bench.reference import drift

log = logging.getLogger(__name__)
_REFERENCE_EVERY = 24  # measured replies between two reference replies


@dataclass(frozen=True)
class Slot:
    """One measured reply to come."""

    task: Task
    repeat: int
    arm: Arm
    seed: int


@dataclass
class Measured:
    """What the slots gave.

    Attributes:
        failure: the first of an arm, None for none.
        ended_early: cancelled, or one of Helix's own arms failed.
    """

    runs: list[RunRecord] = field(default_factory=list)
    references: list[ReferenceRun] = field(default_factory=list)
    failure: Exception | None = None
    ended_early: bool = False


def plan(tasks: Sequence[Task], arms: Sequence[Arm], repeats: int, seed: int) -> list[Slot]:
    """The order of the measured replies, given by ``seed``.

    Repeats are the outer loop, so that a run cut short has seen every kind. Within one, prompts are shuffled and
    the arms of a prompt follow each other; who begins moves on by one from prompt to prompt, and every other time
    round the order is reversed, so that no arm always follows the same other arm.
    """
    order = random.Random(seed)
    turn = order.randrange(2 * len(arms))
    slots = []
    for repeat in range(repeats):
        shuffled = list(tasks)
        order.shuffle(shuffled)
        for task in shuffled:
            first = turn % len(arms)
            turns = [*arms[first:], *arms[:first]]
            if turn // len(arms) % 2:
                turns.reverse()
            turn += 1
            task_seed = zlib.crc32(f"{seed}:{task.prompt.id}:{repeat}".encode())
            slots += [Slot(task, repeat, arm, task_seed) for arm in turns]
    return slots


def warm_up(
    arms: Sequence[Arm], reference: Task, rounds: int, cancel: threading.Event, on_progress: ProgressCallback
) -> None:
    """Replies that are thrown away: kernels get chosen, pages touched, controllers their first figures."""
    for _ in range(rounds):
        for arm in arms:
            if not cancel.is_set():
                on_progress(BenchProgress("warm_up", arm=arm.name))
                try:
                    arm.run(reference, 0, cancel)
                except Exception:  # the first measured reply will tell
                    log.warning("warm-up of %s failed", arm.name, exc_info=True)


def measure(
    slots: Sequence[Slot],
    reference: Task,
    cancel: threading.Event,
    on_progress: ProgressCallback,
    notices: list[BenchNotice],
) -> Measured:
    """Run the slots in order.

    A reply that was cancelled or failed leaves no record, and an arm that fails is not asked again. The baseline
    writes the reference replies.
    """
    found = Measured()
    runs, references = found.runs, found.references
    out: set[str] = set()
    begin = time.perf_counter()
    base = next((slot.arm for slot in slots if slot.arm.name == BASELINE), slots[0].arm)
    for number, slot in enumerate(slots):
        if cancel.is_set():
            found.ended_early = True
            break
        if number % _REFERENCE_EVERY == 0:
            _refer(base, reference, len(runs), references, cancel)
        if slot.arm.name in out:
            continue
        try:
            record = slot.arm.run(slot.task, slot.seed, cancel)
        except Exception as exc:  # whatever a library raises: what is measured is kept
            log.warning("%s failed on %s", slot.arm.name, slot.task.prompt.id, exc_info=True)
            notices.append(failure_notice("bench_arm_failed", exc, arm=slot.arm.name, prompt=slot.task.prompt.id))
            out.add(slot.arm.name)
            found.failure = found.failure or exc
            if slot.arm.name in (BASELINE, HELIX):  # without these two nothing can be compared
                found.ended_early = True
                break
            continue
        if record.finish_reason == "cancelled":
            found.ended_early = True
            break
        timeline = record.timeline if slot.repeat == 0 else ()
        runs.append(replace(record, index=len(runs), repeat=slot.repeat, timeline=timeline))
        done = number + 1
        on_progress(
            BenchProgress(
                "measure",
                done,
                len(slots),
                arm=record.arm,
                kind=record.kind,
                prompt_id=record.prompt_id,
                seconds_left=(time.perf_counter() - begin) / done * (len(slots) - done),
                decode_tokens_per_second=record.decode_tokens_per_second,
            )
        )
    if not cancel.is_set() and runs:
        _refer(base, reference, len(runs), references, cancel)
    return found


def _refer(arm: Arm, task: Task, index: int, references: list[ReferenceRun], cancel: threading.Event) -> None:
    try:
        record = arm.run(task, 0, cancel)
    except Exception:  # the measured replies will tell
        log.warning("the reference reply failed", exc_info=True)
        return
    if record.decode_tokens_per_second is not None and record.finish_reason != "cancelled":
        references.append(ReferenceRun(index, record.decode_tokens_per_second))


def reference_drift(references: Sequence[ReferenceRun]) -> float | None:
    """How far the reference replies lie apart (``reference.drift``)."""
    return drift([run.decode_tokens_per_second for run in references])


def failure_notice(code: str, exc: Exception, **fields: str) -> BenchNotice:
    """A notice whose reason is what an error says, in one line."""
    if isinstance(exc, HelixError):
        fields["reason"] = error_reason(exc.code, exc.fields)
    else:
        fields["reason"] = f"{type(exc).__name__}: {exc}".splitlines()[0]
    return BenchNotice(code, fields_of(**fields), str(exc))
