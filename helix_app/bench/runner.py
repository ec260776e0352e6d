"""Runs a benchmark: every prompt through every arm, interleaved (``measuring.py``), again and again.

Each reply starts from a cold prefix cache, so that time to first token means the same for all.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from helix_app.base.errors import HelixError
from helix_app.base.process.logs import log_file
from helix_app.base.sizes import percent_text
from helix_app.bench import machine
from helix_app.bench.arms import Arm, EngineArm, Task, make_request
from helix_app.bench.config import BASELINE, HELIX, LLAMACPP, BenchConfig, BenchProgress, ProgressCallback
from helix_app.bench.figures.divergence import find_divergences
from helix_app.bench.measuring import Measured, failure_notice, measure, plan, reference_drift, warm_up
from helix_app.bench.records import BenchNotice, BenchResult, PromptRecord
from helix_app.bench.reference import DRIFT, TEXT, TOKENS
from helix_app.bench.workloads import Prompt
from helix_app.engine.engine import Engine
from helix_app.engine.machine.devices.errors import is_out_of_memory
from helix_app.engine.rounds.session import Session, check_request, prompt_tokens
from helix_app.hub.resolve import to_load_request
from helix_app.modelfiles.draft_head import HeadFiles, inspect_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.events import Failed, Notice
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadChoice, LoadRequest, SamplingParams

if TYPE_CHECKING:
    from helix_app.bench.llamacpp import LlamaCppArm

_REFERENCE = Prompt("reference", "reference", TEXT)
_NOT_INPUT = ("device_", "out_of_memory", "cache_", "internal", "engine_", "nan_")  # failures that are no wrong usage


@dataclass(frozen=True)
class _Bench:
    """A benchmark whose models are there.

    Attributes:
        target, draft: what their files say; None for a draft without a file.
        notices: what is told with the result, added to as it comes.
        programs: those of peers, which end with it.
    """

    config: BenchConfig
    session: Session
    ready: ModelReady
    target: ModelFiles
    draft: ModelFiles | HeadFiles | None
    on_progress: ProgressCallback
    cancel: threading.Event
    notices: list[BenchNotice]
    programs: ExitStack

    def facts(self) -> dict[str, Any]:
        """Of the machine, before the replies: afterwards the load average would be our own."""
        return {**machine.machine_facts(), "device": self.ready.device, "device_name": self.ready.device_name}

    def models(self) -> dict[str, dict[str, Any]]:
        """Of the models, before the replies: a file may be gone after an hour."""
        models = {"target": machine.model_facts(self.target, self.ready.target_name)}
        if self.draft is not None:
            models["draft"] = machine.model_facts(self.draft, self.ready.draft_name)
        return models


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
    request = replace(request, context_required=config.context is not None and config.context_required)
    notices: list[BenchNotice] = []
    used = engine or Engine()
    try:
        if used.session is None:
            _load(used, request, cancel, on_progress, notices)
        session, ready = used.session, used.ready
        if session is None or ready is None:
            raise HelixError("bench_nothing")
        if config.context is not None and not config.context_required:
            config = replace(config, context=ready.context_length)
        with ExitStack() as programs:  # that peers are
            target = inspect(request.target)
            read = inspect_head if ready.draft == "head" else inspect
            draft = read(ready.draft_file) if ready.draft_file else None
            bench = _Bench(config, session, ready, target, draft, on_progress, cancel, notices, programs)
            return _run(bench, make_tasks(session, prompts, config, notices), begin)
    finally:
        if engine is None:
            used.close()


def _run(bench: _Bench, tasks: Sequence[Task], begin: float) -> BenchResult:
    config, cancel, on_progress, notices = bench.config, bench.cancel, bench.on_progress, bench.notices
    facts, models = bench.facts(), bench.models()
    arms, versions = _arms(bench)
    slots = plan(tasks, arms, config.repeats, config.seed)
    reference = Task(_REFERENCE, replace(make_request(bench.session, _REFERENCE, config), max_tokens=TOKENS), 0)
    warm_up(arms, reference, config.warmups, cancel, on_progress)
    measured = measure(slots, reference, cancel, on_progress, notices)
    runs = measured.runs
    _check(measured, len(slots), bench)
    on_progress(BenchProgress("compare", len(runs), len(slots)))
    names = tuple(arm.name for arm in arms if any(run.arm == arm.name for run in runs))
    divergences = find_divergences(bench.session, tasks, runs, names, cancel) if config.temperature == 0 else ()
    result = BenchResult(
        created=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        complete=len(runs) == len(slots),
        command=config.command(),
        settings=config.settings(),
        machine=facts,
        versions=versions,
        models=models,
        model=asdict(bench.ready),
        arms=names,
        prompts=tuple(
            PromptRecord(t.prompt.id, t.prompt.kind, t.prompt.text, t.prompt.sha256, t.prompt_tokens) for t in tasks
        ),
        runs=tuple(runs),
        reference=tuple(measured.references),
        divergences=divergences,
        notices=tuple(notices),
        planned=len(slots),
        seconds=time.perf_counter() - begin,
    )
    on_progress(BenchProgress("done", len(runs), len(slots)))
    return result


def _check(measured: Measured, planned: int, bench: _Bench) -> None:
    """Note what is missing of a run, and that the machine's speed moved.

    Raises:
        HelixError: nothing was measured.
    """
    done = len(measured.runs)
    if not done:
        raise _as_error(measured.failure, bench.ready) if measured.failure else HelixError("bench_nothing")
    if measured.ended_early:
        bench.notices.append(BenchNotice("bench_incomplete", (("done", str(done)), ("planned", str(planned)))))
    if (moved := reference_drift(measured.references) or 0.0) > DRIFT:
        bench.notices.append(BenchNotice("bench_drift", (("percent", percent_text(moved)),)))


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
            notices.append(failure_notice("bench_prompt_skipped", exc, prompt=prompt.id))
            continue
        tasks.append(Task(prompt, request, tokens))
    if not tasks:
        raise refused or HelixError("bench_nothing")
    return tasks


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


def _arms(bench: _Bench) -> tuple[list[Arm], dict[str, str]]:
    """All that is to write, Helix first, and the versions of what they stand on."""
    arms: list[Arm] = [
        EngineArm(BASELINE, bench.session, "autoregressive", bench.ready.device),
        EngineArm(HELIX, bench.session, "speculative", bench.ready.device),
        *_peers(bench),
    ]
    versions = machine.version_facts()
    if LLAMACPP in bench.config.peers:
        theirs = _llamacpp(bench)
        arms += theirs
        versions.update(("llama.cpp", arm.version) for arm in theirs if arm.version)
    return arms, versions


def _peers(bench: _Bench) -> Iterator[Arm]:
    names = tuple(name for name in bench.config.peers if name != LLAMACPP)
    if not names:
        return
    from helix_app.bench.peers import load_peers, number_format

    for name in names:
        bench.on_progress(BenchProgress("peer", arm=name))
    # peers draft alike
    draft = bench.draft if bench.ready.draft == "model" and isinstance(bench.draft, ModelFiles) else None
    device, k = bench.ready.device, bench.config.k
    for name, arm in load_peers(names, bench.session, bench.target, draft, device=device, k=k):
        if isinstance(arm, Exception):
            bench.notices.append(failure_notice("bench_peer_failed", arm, peer=name))
        else:
            _tell_format(bench, name, number_format(bench.session))
            yield arm


def _tell_format(bench: _Bench, peer: str, theirs: str) -> None:
    """Note that a peer computes in another number format."""
    if theirs != bench.ready.dtype:
        fields = ("peer", peer), ("theirs", theirs), ("ours", bench.ready.dtype)
        bench.notices.append(BenchNotice("bench_peer_format", fields))


def _llamacpp(bench: _Bench) -> list[LlamaCppArm]:
    """Its arm, or none and a notice; its server ends with ``programs``."""
    from helix_app.bench.llamacpp import number_format, opened

    bench.on_progress(BenchProgress("peer", arm=LLAMACPP))
    try:
        arm = bench.programs.enter_context(opened(bench.config.peer_path, bench.session, bench.target, bench.cancel))
    except HelixError as exc:
        bench.notices.append(failure_notice("bench_peer_failed", exc, peer=LLAMACPP))
        return []
    _tell_format(bench, LLAMACPP, number_format(bench.target))
    return [arm]


def _as_error(exc: Exception, ready: ModelReady) -> HelixError:
    """Why there is nothing to report, as ``Engine.stream`` would tell it."""
    if isinstance(exc, HelixError):
        return exc
    if is_out_of_memory(exc):
        return HelixError("device_out_of_memory", detail=str(exc), device=ready.device_name)
    return HelixError("internal", detail=str(exc), log=log_file())
