"""Benchmarks of one question each: ``bench batch``, ``prefix``, ``paging``, ``guard``, ``drafts``, ``context``, others.

They share loading, the medians with their spread, and the report; each module adds how it measures.
"""

from __future__ import annotations

import datetime
import json
import random
import statistics
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from helix_app.base.errors import HelixError
from helix_app.base.messages import notice_text
from helix_app.bench import machine
from helix_app.bench.arms import Task, make_request
from helix_app.bench.config import BenchConfig
from helix_app.bench.figures.statistics import Estimate, estimate
from helix_app.bench.reports.wording import table
from helix_app.bench.workloads import Prompt
from helix_app.engine.drafts.base import Draft
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.engine.rounds.writing import write_reply
from helix_app.hub.resolve import to_load_request
from helix_app.protocol.events import Failed, Finished, Notice, RoundDone
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadChoice

OnProgress = Callable[[str], None]
Speeds = dict[str, dict[int, float]]  # prompt -> repeat -> decode tokens a second


@dataclass
class Table:
    """A table beside the first one, as in ``Experiment``."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)


@dataclass
class Experiment:
    """What was measured.

    Attributes:
        name: of the sub-benchmark.
        title: what the table shows.
        columns, rows: the table; cells are text as it is shown.
        more: tables that follow it.
        notes: what a reader must know to judge it.
        data: every single figure, for the JSON.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    more: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Bench:
    """A loaded model and what an experiment needs to run on it.

    Attributes:
        notices: what loading had to say, such as a number format that does not exist here.
    """

    engine: Engine
    session: Session
    ready: ModelReady
    config: BenchConfig
    on_progress: OnProgress
    cancel: threading.Event
    order: random.Random
    notices: list[str] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether to end and keep what is there."""
        return self.cancel.is_set()

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        """A new order of the arms for each repeat, so that none always comes first."""
        mixed = list(items)
        self.order.shuffle(mixed)
        return mixed


def open_bench(
    config: BenchConfig,
    on_progress: OnProgress,
    cancel: threading.Event,
    context_length: int | None = None,
    cache_tokens: int | None = None,
) -> Bench:
    """Load the models of ``config``.

    Raises:
        HelixError: they cannot be loaded.
    """
    context = context_length if config.context is None else config.context
    request = to_load_request(LoadChoice(config.target, config.draft, config.device, config.dtype, context))
    request = replace(request, context_required=config.context is not None)
    engine, notices = Engine(), []
    for event in engine.stream(replace(request, cache_tokens=cache_tokens), cancel):
        if isinstance(event, Failed):
            raise HelixError(event.code, detail=event.detail, **dict(event.fields))
        if isinstance(event, Notice):
            notices.append(notice_text(event.code, event.fields))
    if engine.session is None or engine.ready is None:
        raise HelixError("load_cancelled")
    return Bench(engine, engine.session, engine.ready, config, on_progress, cancel, random.Random(config.seed), notices)


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median and range of repeated measurements."""
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def tasks_of(bench: Bench, prompts: Sequence[Prompt]) -> list[Task]:
    """Prompts as requests."""
    tasks = []
    for prompt in prompts:
        request = make_request(bench.session, prompt, bench.config)
        tasks.append(Task(prompt, request, len(prompt_tokens(bench.session, request))))
    return tasks


def kinds_of(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Their kinds, each once, in the order that they come in."""
    return tuple(dict.fromkeys(task.prompt.kind for task in tasks))


def apart(session: Session, drafts: Mapping[str, Draft | None]) -> dict[str, Session]:
    """A session for each draft, so that what is learnt of speed stays with it, as if only that one were loaded."""
    return {name: replace(session, draft=draft, sources={}, policies={}) for name, draft in drafts.items()}


def reply_of(
    session: Session, request: GenerateRequest, cancel: threading.Event
) -> tuple[Finished | None, list[RoundDone]]:
    """One reply from a cold cache and its rounds; None when it was stopped. Raises HelixError for one that failed."""
    session.clear_caches()
    rounds = []
    for event in write_reply(session, request, cancel):
        if isinstance(event, Failed):
            raise HelixError(event.code, detail=event.detail, **dict(event.fields))
        if isinstance(event, RoundDone):
            rounds.append(event)
        if isinstance(event, Finished) and event.reason != "cancelled":
            return event, rounds
    return None, rounds


def middle(speeds: Speeds) -> str:
    """The median over all replies; a dash for none."""
    every = [speed for by_repeat in speeds.values() for speed in by_repeat.values()]
    return f"{statistics.median(every):.1f}" if every else "–"


def ratio(one: Speeds, other: Speeds, seed: int) -> Estimate:
    """``one`` over ``other``, paired by prompt and repeat."""
    pairs = [[one[p][r] / other[p][r] for r in sorted(one[p]) if r in other[p]] for p in sorted(one) if p in other]
    return estimate(pairs, seed)


def ratio_text(ratio: Estimate) -> str:
    """A ratio with its interval."""
    if ratio.value is None:
        return "–"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.value:.2f}x"
    return f"{ratio.value:.2f}x [{ratio.low:.2f}, {ratio.high:.2f}]"


def text(experiment: Experiment) -> str:
    """The tables and their notes for a terminal."""
    lines = []
    parts: list[Experiment | Table] = [experiment, *experiment.more]
    for part in parts:
        numeric = tuple(range(1, len(part.columns)))
        lines += [part.title, "", table([part.columns, *part.rows], right=numeric), ""]
    return "\n".join([*lines, *experiment.notes]).rstrip() + "\n"


def document(experiment: Experiment, config: BenchConfig, ready: ModelReady | None, command: str) -> str:
    """Everything as JSON; ``ready`` is None where other programs loaded the model."""
    told = {
        "format": f"helix-bench-{experiment.name}",
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": command,
        **asdict(experiment),
        "settings": config.settings(),
        "machine": machine.machine_facts(),
        "versions": machine.version_facts(),
        "model": None if ready is None else asdict(ready),
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
