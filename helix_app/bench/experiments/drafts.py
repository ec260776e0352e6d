"""``bench drafts``: what each draft that needs no other model gains over plain decoding, and how often it is right.

The text itself (n-gram), the same with the tables of what the model wrote before, the low-bit copy of the target, and
what ``auto`` makes of all of them. Only the table that ships with Helix is asked, never one learnt on this computer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from helix_app.base.messages import fill
from helix_app.base.sizes import percent_text
from helix_app.bench.arms import Task
from helix_app.bench.experiments.experiment import (
    Bench,
    Experiment,
    Speeds,
    Table,
    apart,
    kinds_of,
    ratio,
    ratio_text,
    reply_of,
    tasks_of,
)
from helix_app.bench.figures.statistics import median
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.rounds.session import Session
from helix_app.protocol.requests import Mode, SamplingParams

PLAIN, AUTO = "plain", "auto"
BEATEN = 1.03  # what another draft may gain over ``auto``


@dataclass
class _Found:
    """Speeds by kind and draft, and drafted and accepted tokens by draft and source."""

    speeds: dict[tuple[str, str], Speeds] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    tokens: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


def run(bench: Bench) -> Experiment:
    """Measure; drafts take turns on each prompt."""
    session, found = bench.session, _Found()
    drafts = _drafts(session.draft)
    own = apart(session, drafts)
    tasks = tasks_of(bench, bench.config.chosen_prompts())
    kinds = kinds_of(tasks)
    for name in drafts:  # warm-up
        _reply(own[name], tasks[0], name, bench, _Found(), -1)
    for repeat in range(bench.config.repeats):
        for task in bench.shuffled(tasks):
            for name in bench.shuffled(tuple(drafts)):
                if bench.stopped:
                    break
                bench.on_progress(f"{task.prompt.id}, {name}, round {repeat + 1}")
                _reply(own[name], task, name, bench, found, repeat)
    return _report(bench, found, [name for name in drafts if name != PLAIN], kinds)


def _drafts(loaded: Draft | None) -> dict[str, Draft | None]:
    """The drafts to compare, from what ``--draft auto`` loaded."""
    drafts: dict[str, Draft | None] = {PLAIN: None, "n-gram": NgramDraft()}
    ngram = loaded.ngram if isinstance(loaded, MixedDraft) else loaded
    if isinstance(ngram, NgramDraft) and ngram.has_tables:
        drafts["n-gram, table"] = ngram
    if isinstance(loaded, MixedDraft):
        drafts[loaded.model.kind] = loaded.model
    drafts[AUTO] = loaded
    return drafts


def _reply(session: Session, task: Task, name: str, bench: Bench, found: _Found, repeat: int) -> None:
    """Write one reply and note its speed and its drafts; one that was stopped is not noted."""
    mode: Mode = "autoregressive" if name == PLAIN else "speculative"
    sampling = SamplingParams(temperature=bench.config.temperature)
    finished, rounds = reply_of(session, replace(task.request, mode=mode, sampling=sampling), bench.cancel)
    if finished is None:
        return
    if finished.metrics.decode_tokens_per_second is not None:
        found.speeds[task.prompt.kind, name][task.prompt.id][repeat] = finished.metrics.decode_tokens_per_second
    for done in rounds:
        if done.k:
            counts = found.tokens[name, done.source]
            counts[0] += done.k
            counts[1] += done.accepted


def _report(bench: Bench, found: _Found, names: list[str], kinds: tuple[str, ...]) -> Experiment:
    told = Experiment(
        "drafts",
        "Decode speed with each draft over plain decoding: median [95 % interval]",
        ("Kind", "Plain tok/s", *names),
    )
    beaten = []
    for kind in (*kinds, "all"):
        speeds = {name: _of(found, kind, name, kinds) for name in (PLAIN, *names)}
        told.rows.append(
            (
                kind,
                f"{median([speed for by in speeds[PLAIN].values() for speed in by.values()]):.1f}",
                *(ratio_text(ratio(speeds[name], speeds[PLAIN], bench.config.seed)) for name in names),
            )
        )
        for name in names:
            over = ratio(speeds[name], speeds[AUTO], bench.config.seed)
            if name != AUTO and over.low is not None and over.low > BEATEN:
                beaten.append(f"{kind} by {name} ({ratio_text(over)})")
    sources = Table("Drafted tokens that stood, by source", ("Draft", "Source", "Drafted", "Accepted", "Rate"))
    for (name, source), (drafted, accepted) in sorted(found.tokens.items()):
        sources.rows.append((name, source, f"{drafted:,}", f"{accepted:,}", f"{accepted / drafted:.2f}"))
    told.more.append(sources)
    told.notes.append(
        f"auto is beaten by more than {percent_text(BEATEN - 1)} beyond an interval: {', '.join(beaten) or 'never'}."
    )
    told.notes.append(
        fill("Up to {n:token|tokens} each, ", n=bench.config.max_tokens)
        + f"temperature {bench.config.temperature:g}, {bench.ready.dtype} on {bench.ready.device_name}. "
        "Sources: ngram:N is a match of N tokens in the text, table:N a context of N in the "
        "table (+: it was right often), self the low-bit copy."
    )
    told.data = {
        "speeds": {f"{k} {n}": {p: list(r.values()) for p, r in by.items()} for (k, n), by in found.speeds.items()},
        "tokens": {f"{name} {source}": counts for (name, source), counts in found.tokens.items()},
    }
    return told


def _of(found: _Found, kind: str, name: str, kinds: tuple[str, ...]) -> Speeds:
    wanted = kinds if kind == "all" else (kind,)
    return {prompt: by for one in wanted for prompt, by in found.speeds[one, name].items()}
