"""``bench guard``: does speculation ever lose? Drafts that help, that never help and that only cost.

Drafts: n-gram lookup; one whose tokens are always wrong; the target itself as draft model, always right and never
worth its price. Replies run to their token limit, whatever the model would end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from helix_app.base.messages import fill
from helix_app.bench.arms import Task
from helix_app.bench.experiments.experiment import (
    Bench,
    Experiment,
    Speeds,
    apart,
    kinds_of,
    ratio,
    ratio_text,
    reply_of,
    tasks_of,
)
from helix_app.bench.figures.statistics import median
from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.rounds.session import Session
from helix_app.protocol.requests import Mode, SamplingParams

TEMPERATURES = (0.0, 1.2)
PLAIN = "plain"
FLOOR = 0.97


class WrongDraft(NgramDraft):
    """Costs next to nothing and proposes what the target never says."""

    kind = "wrong"

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self._vocab = vocab

    def fresh(self, repeatable: bool = False) -> WrongDraft:
        return self

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        return (DraftOption("wrong"),)

    def propose(self, request: DraftRequest) -> Proposal:
        last = request.tokens[-1]
        return Proposal(tuple((last * 31 + 7919 * (i + 1)) % self._vocab for i in range(request.k)))


def run(bench: Bench) -> Experiment:
    """Measure; drafts take turns on each prompt. The session's draft must be the target itself."""
    session = bench.session
    drafts: dict[str, Draft | None] = {
        PLAIN: None,
        "n-gram": NgramDraft(),
        "always wrong": WrongDraft(session.runner.decoder.config.vocab_size),
        "target itself": session.draft,
    }
    own = apart(session, drafts)
    speeds: dict[tuple[str, float, str], Speeds] = defaultdict(lambda: defaultdict(dict))
    tasks = tasks_of(bench, bench.config.chosen_prompts())
    kinds = kinds_of(tasks)
    for name in drafts:  # warm-up
        _speed(own[name], tasks[0], 0.0, name, bench)
    for repeat in range(bench.config.repeats):
        for task in bench.shuffled(tasks):
            for temperature in TEMPERATURES:
                for name in bench.shuffled(tuple(drafts)):
                    if bench.stopped:
                        break
                    bench.on_progress(f"{task.prompt.id}, temperature {temperature}, {name}, round {repeat + 1}")
                    speed = _speed(own[name], task, temperature, name, bench)
                    if speed is not None:
                        speeds[task.prompt.kind, temperature, name][task.prompt.id][repeat] = speed
    return _report(bench, speeds, [name for name in drafts if name != PLAIN], kinds)


def _speed(session: Session, task: Task, temperature: float, name: str, bench: Bench) -> float | None:
    """Decode tokens a second of one reply; None when it was stopped."""
    mode: Mode = "autoregressive" if name == PLAIN else "speculative"
    request = replace(task.request, mode=mode, sampling=SamplingParams(temperature=temperature))
    eos, session.eos = session.eos, frozenset()
    try:
        finished, _ = reply_of(session, request, bench.cancel)
        return finished.metrics.decode_tokens_per_second if finished is not None else None
    finally:
        session.eos = eos


def _report(
    bench: Bench,
    speeds: dict[tuple[str, float, str], Speeds],
    names: list[str],
    kinds: Sequence[str],
) -> Experiment:
    found = Experiment(
        "guard",
        "Decode speed with a draft over plain decoding: median [95 % interval]",
        ("Kind", "Temperature", "Plain tok/s", *names),
    )
    worst: tuple[float, str] = (float("inf"), "")
    under, unsure = [], False
    for kind in kinds:
        for temperature in TEMPERATURES:
            plain = speeds[kind, temperature, PLAIN]
            cells = []
            for name in names:
                drafted = speeds[kind, temperature, name]
                over = ratio(drafted, plain, bench.config.seed)
                cells.append(ratio_text(over))
                where = f"{kind}, temperature {temperature}, {name}"
                if over.value is not None:
                    worst = min(worst, (over.value, where))
                    if over.high is None:
                        unsure = True
                    elif over.high < FLOOR:
                        under.append(where)
            base = median([speed for by_repeat in plain.values() for speed in by_repeat.values()])
            found.rows.append((kind, f"{temperature}", f"{base:.1f}", *cells))
    found.notes.append(
        f"Lowest median: {worst[0]:.3f} ({worst[1]}). Under {FLOOR} beyond its interval: {', '.join(under) or 'none'}."
    )
    if unsure:
        found.notes.append("Figures without an interval come from too few replies for a verdict; take more --repeats.")
    found.notes.append(
        fill("{n:token|tokens} each, ", n=bench.config.max_tokens)
        + f"{bench.ready.dtype} on {bench.ready.device_name}."
    )
    found.data = {f"{k} {t} {n}": {p: list(r.values()) for p, r in by.items()} for (k, t, n), by in speeds.items()}
    return found
