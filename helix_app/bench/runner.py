"""Runs a benchmark: every prompt through every arm, interleaved, again and again.

Arms take turns prompt by prompt in a rotating order, so that a processor that warms up or a neighbour that wakes
hits all alike. Each reply starts from a cold prefix cache, so that time to first token means the same for all. A
fixed reference reply in between tells whether the machine's speed moved.
"""

from __future__ import annotations

import datetime
import logging
import random
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import fields_of
from helix_app.base.messages import error_reason
from helix_app.base.process.logs import log_file
from helix_app.base.sizes import percent_text
from helix_app.bench import machine
from helix_app.bench.arms import Arm, EngineArm, Task, make_request
from helix_app.bench.config import BASELINE, HELIX, LLAMACPP, BenchConfig, BenchProgress, ProgressCallback
from helix_app.bench.figures.divergence import find_divergences
from helix_app.bench.records import BenchNotice, BenchResult, PromptRecord, ReferenceRun, RunRecord
from helix_app.bench.reference import DRIFT, TEXT, TOKENS, drift
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.machine.devices.errors import is_out_of_memory
from helix_app.engine.rounds.session import Session, check_request, prompt_tokens
from helix_app.hub.resolve import to_load_request
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.events import Failed, Notice
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadChoice, LoadRequest, SamplingParams

if TYPE_CHECKING:
    from helix_app.bench.llamacpp import LlamaCppArm

log = logging.getLogger(__name__)
_REFERENCE = Prompt("reference", "reference", TEXT)
_REFERENCE_EVERY = 24  # measured replies between two reference replies
_NOT_INPUT = ("device_", "out_of_memory", "cache_", "internal", "engine_", "nan_")  # failures that are no wrong usage


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


def run_benchmark(
    config: BenchConfig,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
    engine: Engine | None = None,
) -> BenchResult:
    """Load the models, measure, compare tokens.

    Args:
        progress: called with every step, on this thread.
        cancel: ends the run at the next round of the reply being written; what is measured is kept.
        engine: a loaded engine to use as it is; its models must be those of ``config``.

    Raises:
        HelixError: nothing could be measured.
    """
    on_progress, cancel = progress or (lambda _: None), cancel or threading.Event()
    begin = time.perf_counter()
    prompts = _prompts(config)
    request = to_load_request(LoadChoice(config.target, config.draft, config.device, config.dtype, config.context))
    request = replace(request, context_required=config.context is not None)
    notices: list[BenchNotice] = []
    used = engine or Engine()
    try:
        if used.session is None:
            _load(used, request, cancel, on_progress, notices)
        session, ready = used.session, used.ready
        if session is None or ready is None:
            raise HelixError("bench_nothing")
        with ExitStack() as programs:  # that peers are
            return _run(config, prompts, request, session, ready, on_progress, cancel, notices, begin, programs)
    finally:
        if engine is None:
            used.close()


def _run(
    config: BenchConfig,
    prompts: Sequence[Prompt],
    request: LoadRequest,
    session: Session,
    ready: ModelReady,
    on_progress: ProgressCallback,
    cancel: threading.Event,
    notices: list[BenchNotice],
    begin: float,
    programs: ExitStack,
) -> BenchResult:
    tasks = make_tasks(session, prompts, config, notices)
    target = inspect(request.target)
    read = inspect_head if ready.draft == "head" else inspect
    draft = read(ready.draft_file) if ready.draft_file else None
    # read before the replies: a file may be gone after an hour, and the load average would be our own
    models = {"target": machine.model_facts(target, ready.target_name)}
    if draft is not None:
        models["draft"] = machine.model_facts(draft, ready.draft_name)
    facts = {**machine.machine_facts(), "device": ready.device, "device_name": ready.device_name}
    arms: list[Arm] = [
        EngineArm(BASELINE, session, "autoregressive", ready.device),
        EngineArm(HELIX, session, "speculative", ready.device),
    ]
    shared = draft if ready.draft == "model" and isinstance(draft, ModelFiles) else None  # peers draft alike
    arms += _peers(config, session, ready, target, shared, on_progress, notices)
    versions = machine.version_facts()
    if LLAMACPP in config.peers:
        theirs = _llamacpp(config, session, target, on_progress, cancel, notices, programs)
        arms += theirs
        versions.update(("llama.cpp", arm.version) for arm in theirs if arm.version)
    slots = plan(tasks, arms, config.repeats, config.seed)
    reference = Task(_REFERENCE, replace(make_request(session, _REFERENCE, config), max_tokens=TOKENS), 0)
    warm_up([*arms], reference, config.warmups, cancel, on_progress)
    measured = measure(slots, reference, cancel, on_progress, notices)
    runs, references = measured.runs, measured.references
    if not runs:
        raise _as_error(measured.failure, ready) if measured.failure else HelixError("bench_nothing")
    if measured.ended_early:
        notices.append(BenchNotice("bench_incomplete", (("done", str(len(runs))), ("planned", str(len(slots))))))
    if (moved := reference_drift(references) or 0.0) > DRIFT:
        notices.append(BenchNotice("bench_drift", (("percent", percent_text(moved)),)))
    on_progress(BenchProgress("compare", len(runs), len(slots)))
    names = tuple(arm.name for arm in arms if any(run.arm == arm.name for run in runs))
    divergences = find_divergences(session, tasks, runs, names, cancel) if config.temperature == 0 else ()
    result = BenchResult(
        created=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        complete=len(runs) == len(slots),
        command=config.command(),
        settings={key: value for key, value in asdict(config).items() if key != "prompts"},
        machine=facts,
        versions=versions,
        models=models,
        model=asdict(ready),
        arms=names,
        prompts=tuple(
            PromptRecord(t.prompt.id, t.prompt.kind, t.prompt.text, t.prompt.sha256, t.prompt_tokens) for t in tasks
        ),
        runs=tuple(runs),
        reference=tuple(references),
        divergences=divergences,
        notices=tuple(notices),
        planned=len(slots),
        seconds=time.perf_counter() - begin,
    )
    on_progress(BenchProgress("done", len(runs), len(slots)))
    return result


def make_tasks(
    session: Session, prompts: Sequence[Prompt], config: BenchConfig, notices: list[BenchNotice]
) -> list[Task]:
    """Prompts as requests. One that does not fit the context is left out, with a notice.

    Raises:
        HelixError: none fits.
    """
    tasks, refused = [], None
    for prompt in prompts:
        request = make_request(session, prompt, config)
        try:
            tokens = len(prompt_tokens(session, request))
        except HelixError as exc:
            refused = exc
            notices.append(_failure("bench_prompt_skipped", exc, prompt=prompt.id))
            continue
        tasks.append(Task(prompt, request, tokens))
    if not tasks:
        raise refused or HelixError("bench_nothing")
    return tasks


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
            notices.append(_failure("bench_arm_failed", exc, arm=slot.arm.name, prompt=slot.task.prompt.id))
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


def _prompts(config: BenchConfig) -> tuple[Prompt, ...]:
    config.check()
    prompts = config.chosen_prompts()
    sampling = SamplingParams(temperature=config.temperature)
    check_request(GenerateRequest("bench", k=config.k, max_tokens=config.max_tokens, sampling=sampling))
    return prompts


def _load(
    engine: Engine,
    request: LoadRequest,
    cancel: threading.Event,
    on_progress: ProgressCallback,
    notices: list[BenchNotice],
) -> None:
    for event in engine.stream(request, cancel):
        if isinstance(event, LoadProgress):
            on_progress(BenchProgress("load", detail=event.stage))
        elif isinstance(event, Notice):
            notices.append(BenchNotice(event.code, event.fields, event.detail))
        elif isinstance(event, Failed):
            error = HelixError(event.code, detail=event.detail, **dict(event.fields))
            error.exit_code = 1 if event.code.startswith(_NOT_INPUT) else 2
            raise error


def _peers(
    config: BenchConfig,
    session: Session,
    ready: ModelReady,
    target: ModelFiles,
    draft: ModelFiles | None,
    on_progress: ProgressCallback,
    notices: list[BenchNotice],
) -> Iterator[Arm]:
    names = tuple(name for name in config.peers if name != LLAMACPP)
    if not names:
        return
    from helix_app.bench.peers import load_peers

    for name in names:
        on_progress(BenchProgress("peer", arm=name))
    for name, arm in load_peers(names, session, target, draft, device=ready.device, k=config.k):
        if isinstance(arm, Exception):
            notices.append(_failure("bench_peer_failed", arm, peer=name))
        else:
            yield arm


def _llamacpp(
    config: BenchConfig,
    session: Session,
    target: ModelFiles,
    on_progress: ProgressCallback,
    cancel: threading.Event,
    notices: list[BenchNotice],
    programs: ExitStack,
) -> list[LlamaCppArm]:
    """Its arm, or none and a notice; its server ends with ``programs``."""
    from helix_app.bench.llamacpp import opened

    on_progress(BenchProgress("peer", arm=LLAMACPP))
    try:
        return [programs.enter_context(opened(config.peer_path, session, target, cancel))]
    except HelixError as exc:
        notices.append(_failure("bench_peer_failed", exc, peer=LLAMACPP))
        return []


def _as_error(exc: Exception, ready: ModelReady) -> HelixError:
    """Why there is nothing to report, as ``Engine.stream`` would tell it."""
    if isinstance(exc, HelixError):
        return exc
    if is_out_of_memory(exc):
        return HelixError("device_out_of_memory", detail=str(exc), device=ready.device_name)
    return HelixError("internal", detail=str(exc), log=log_file())


def _failure(code: str, exc: Exception, **fields: str) -> BenchNotice:
    if isinstance(exc, HelixError):
        fields["reason"] = error_reason(exc.code, exc.fields)
    else:
        fields["reason"] = f"{type(exc).__name__}: {exc}".splitlines()[0]
    return BenchNotice(code, fields_of(**fields), str(exc))
