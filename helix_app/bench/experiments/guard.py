"""``bench guard``: does speculation ever lose? Drafts that help, that never help and that only cost.

Drafts: n-gram lookup; one whose tokens are always wrong; the target itself as draft model, always right and never
worth its price. Replies run to their token limit, whatever the model would end.

Two tables: each draft against plain replies of its own, which bears this machine's noise twice, and each reply
against its own plain rounds, where only drafting can gain or lose, and looking for drafts can lose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
    middle,
    ratio,
    ratio_text,
    reply_of,
    tasks_of,
)
from helix_app.bench.figures.statistics import Estimate, estimate, median
from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import RoundDone
from helix_app.protocol.requests import Mode, SamplingParams

TEMPERATURES = (0.0, 1.2)
PLAIN = "plain"
FLOOR = 0.97
PLAIN_ROUNDS = 8  # of a reply that say what a plain round of it takes


@dataclass
class Cell:
    """What one draft did with one kind of prompts at one temperature.

    Attributes:
        speeds: decode tokens a second of each reply.
        rounds, drafted: of all its replies, and those of them that drafted.
        own: each reply's speed over its own plain rounds', had nobody looked for drafts, by prompt and repeat.
    """

    speeds: Speeds = field(default_factory=lambda: defaultdict(dict))
    rounds: int = 0
    drafted: int = 0
    own: Speeds = field(default_factory=lambda: defaultdict(dict))

    def add(self, prompt: str, repeat: int, speed: float, rounds: Sequence[RoundDone]) -> None:
        """Keep one reply."""
        self.speeds[prompt][repeat] = speed
        self.rounds += len(rounds)
        self.drafted += sum(done.k > 0 for done in rounds)
        ratio = over_own_plain(rounds)
        if ratio is not None:
            self.own[prompt][repeat] = ratio

    def own_text(self, seed: int) -> str:
        """The share of rounds that drafted, and what they and looking for drafts gained or lost."""
        if not self.rounds:
            return "–"
        share = percent_text(self.drafted / self.rounds)
        return f"{share}: " + ratio_text(estimate([list(r.values()) for r in self.own.values()], seed))


Cells = dict[tuple[str, float, str], Cell]  # kind, temperature, draft


def over_own_plain(rounds: Sequence[RoundDone]) -> float | None:
    """How much faster a reply was than its own plain rounds; None where it has too few of them to tell.

    Plain rounds count as the median of what they took without looking for a draft, so that a stall in one of them is
    no loss by drafting. What looking took counts beside it: without a round that drafted this is 1 where it took
    nothing, else less.
    """
    plain = [done for done in rounds if not done.k]
    if len(plain) < PLAIN_ROUNDS:
        return None
    step = median([_step_seconds(done) for done in plain])
    drafted = [done for done in rounds if done.k]
    taken = len(plain) * step + sum(map(_step_seconds, drafted)) + sum(done.draft_seconds for done in rounds)
    return (len(plain) + sum(len(done.emitted) for done in drafted)) * step / taken


def _step_seconds(done: RoundDone) -> float:
    return done.verify_seconds + done.overhead_seconds


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
    cells: Cells = defaultdict(Cell)
    tasks = tasks_of(bench, bench.config.chosen_prompts())
    kinds = kinds_of(tasks)
    for name in drafts:  # warm-up
        _reply(own[name], tasks[0], 0.0, name, bench)
    for repeat in range(bench.config.repeats):
        for task in bench.shuffled(tasks):
            for temperature in TEMPERATURES:
                for name in bench.shuffled(tuple(drafts)):
                    if bench.stopped:
                        break
                    bench.on_progress(f"{task.prompt.id}, temperature {temperature}, {name}, round {repeat + 1}")
                    speed, rounds = _reply(own[name], task, temperature, name, bench)
                    if speed is not None:
                        cells[task.prompt.kind, temperature, name].add(task.prompt.id, repeat, speed, rounds)
    return _report(bench, cells, [name for name in drafts if name != PLAIN], kinds)


def _reply(
    session: Session, task: Task, temperature: float, name: str, bench: Bench
) -> tuple[float | None, list[RoundDone]]:
    """Decode tokens a second of one reply, None when it was stopped, and its rounds."""
    mode: Mode = "autoregressive" if name == PLAIN else "speculative"
    request = replace(task.request, mode=mode, sampling=SamplingParams(temperature=temperature))
    eos, session.eos = session.eos, frozenset()
    try:
        finished, rounds = reply_of(session, request, bench.cancel)
        return finished.metrics.decode_tokens_per_second if finished is not None else None, rounds
    finally:
        session.eos = eos


def _report(bench: Bench, cells: Cells, names: list[str], kinds: Sequence[str]) -> Experiment:
    columns = ("Kind", "Temperature", "Plain tok/s", *names)
    found = Experiment("guard", "Decode speed with a draft over plain decoding: median [95 % interval]", columns)
    own = Table(
        "Rounds that drafted, and speed over the same reply's own plain rounds", ("Kind", "Temperature", *names)
    )
    seed = bench.config.seed
    verdict = _Verdict()
    for kind in kinds:
        for temperature in TEMPERATURES:
            plain = cells[kind, temperature, PLAIN].speeds
            row = []
            for name in names:
                cell = cells[kind, temperature, name]
                over = ratio(cell.speeds, plain, seed)
                row.append(ratio_text(over))
                verdict.add(f"{kind}, temperature {temperature}, {name}", over, cell.drafted > 0)
            found.rows.append((kind, f"{temperature}", middle(plain), *row))
            drafts = [cells[kind, temperature, name].own_text(seed) for name in names]
            own.rows.append((kind, f"{temperature}", *drafts))
    found.more.append(own)
    found.notes += verdict.notes()
    found.notes.append(
        fill("{n:token|tokens} each, ", n=bench.config.max_tokens)
        + f"{bench.ready.dtype} on {bench.ready.device_name}."
    )
    found.data = {f"{k} {t} {n}": {p: list(r.values()) for p, r in c.speeds.items()} for (k, t, n), c in cells.items()}
    found.data["under"] = verdict.under
    found.data["over their own plain rounds"] = {
        f"{k} {t} {n}": {
            "rounds": cell.rounds,
            "drafted": cell.drafted,
            "ratios": {p: list(r.values()) for p, r in cell.own.items()},
        }
        for (k, t, n), cell in cells.items()
        if n != PLAIN
    }
    return found


@dataclass
class _Verdict:
    """The lowest figure, and what is beyond doubt too low; of that, where no round drafted."""

    worst: tuple[float, str] = (float("inf"), "")
    under: list[str] = field(default_factory=list)
    undrafted: list[str] = field(default_factory=list)
    unsure: bool = False

    def add(self, where: str, over: Estimate, drafted: bool) -> None:
        if over.value is None:
            return
        self.worst = min(self.worst, (over.value, where))
        if over.high is None:
            self.unsure = True
        elif over.high < FLOOR:
            self.under.append(where)
            if not drafted:
                self.undrafted.append(where)

    def notes(self) -> list[str]:
        lowest, where = self.worst
        if not where:
            return ["Nothing was compared."]
        under = ", ".join(self.under) or "none"
        notes = [f"Lowest median: {lowest:.3f} ({where}). Under {FLOOR} beyond its interval: {under}."]
        if self.undrafted:
            notes.append(
                f"Of these no round drafted in {', '.join(self.undrafted)}: "
                "it is noise or the cost of looking for drafts. The second table compares with own plain rounds."
            )
        if self.unsure:
            notes.append("Figures without an interval come from too few replies for a verdict; take more --repeats.")
        return notes
