"""``bench drafts``: what each draft that needs no other model gains over plain decoding, and how often it is right.

The text itself (n-gram), the same with the tables of what the model wrote before, the low-bit copy of the target, and
what ``auto`` makes of all of them. Only the table that ships with Helix is asked, never one learnt on this computer.
Replies by a schema are measured by themselves, with the tokens that it forces as drafts and without.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from helix_app.base.errors import HelixError
from helix_app.base.messages import error_text, fill
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
    spread,
    tasks_of,
)
from helix_app.bench.workloads import SCHEMA, built_in
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import FORCED
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
    free, formed = _tasks(bench)
    _compare(bench, own, free, found)
    told = _report(bench, found, [name for name in drafts if name != PLAIN], kinds_of(free))
    if not free:  # nothing was compared but replies by a schema, whose table is the first then
        told.more, told.notes = [], told.notes[1:]
    if formed:
        _add_schemas(bench, formed, told)
    return told


def _tasks(bench: Bench) -> tuple[list[Task], list[Task]]:
    """Those whose replies are free, and those whose replies keep to a schema."""
    config = bench.config
    chosen = config.chosen_prompts()
    if not (config.kinds or config.prompts or config.prompts_file):
        chosen += built_in((SCHEMA,), config.prompts_per_kind)
    tasks = tasks_of(bench, chosen)
    return [t for t in tasks if not t.prompt.schema], [t for t in tasks if t.prompt.schema]


def _compare(bench: Bench, own: dict[str, Session], tasks: list[Task], found: _Found) -> None:
    drafts = tuple(own)
    for name in drafts if tasks else ():  # warm-up
        _reply(own[name], tasks[0], name, bench, _Found(), -1)
    for repeat in range(bench.config.repeats):
        for task in bench.shuffled(tasks):
            for name in bench.shuffled(drafts):
                if bench.stopped:
                    break
                bench.on_progress(f"{task.prompt.id}, {name}, round {repeat + 1}")
                _reply(own[name], task, name, bench, found, repeat)


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
    for kind in (*kinds, "all") if kinds else ():
        speeds = {name: _of(found, kind, name, kinds) for name in (PLAIN, *names)}
        told.rows.append(
            (
                kind,
                middle(speeds[PLAIN]),
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


# ------------------------------------------------------------------ replies by a schema


@dataclass
class _Formed:
    """What came of the replies by a schema with one draft, with forced tokens as drafts or without.

    Attributes:
        speeds: decode tokens a second.
        passes, tokens, forced: of all replies; tokens without the first one of each, which the prompt's pass gives.
        texts: token ids by prompt and repeat.
    """

    speeds: Speeds = field(default_factory=lambda: defaultdict(dict))
    passes: int = 0
    tokens: int = 0
    forced: int = 0
    texts: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)

    @property
    def all_speeds(self) -> list[float]:
        return [speed for by in self.speeds.values() for speed in by.values()]


def _add_schemas(bench: Bench, tasks: list[Task], told: Experiment) -> None:
    """Have the replies written and add their table. Where one fails there is a note of it instead.

    Raises:
        HelixError: one failed, and nothing else was measured.
    """
    try:
        found = _formed(bench, tasks)
    except HelixError as error:
        if not told.rows:
            raise
        why = error_text(error.code, error.fields).rstrip(".")
        if error.code == "grammar_missing":
            why = "the extra `grammar` is not installed"
        told.notes.append(f"Replies by a schema were left out: {why}.")
        return
    _tell_schemas(bench, found, told)


def _formed(bench: Bench, tasks: list[Task]) -> dict[tuple[str, bool], _Formed]:
    """The replies, written in turns. Raises HelixError for one that failed."""
    arms = _schema_arms(bench.session)
    found = {arm: _Formed() for arm in arms}
    for arm in arms:  # warm-up
        _formed_reply(bench, arms[arm], tasks[0], _Formed(), -1)
    for repeat in range(bench.config.repeats):
        for task in bench.shuffled(tasks):
            for arm in bench.shuffled(tuple(arms)):
                if bench.stopped:
                    break
                bench.on_progress(f"{task.prompt.id}, {arm[0]}, forced {'on' if arm[1] else 'off'}, round {repeat + 1}")
                _formed_reply(bench, arms[arm], task, found[arm], repeat)
    return found


def _tell_schemas(bench: Bench, found: dict[tuple[str, bool], _Formed], told: Experiment) -> None:
    table = _schema_table(bench, found)
    if told.more:
        told.more.append(table)
    else:
        told.title, told.columns, told.rows = table.title, table.columns, table.rows
    told.data["schemas"] = {
        f"{name} {'forced' if forces else 'unforced'}": {
            "speeds": {prompt: list(by.values()) for prompt, by in one.speeds.items()},
            "passes": one.passes,
            "tokens": one.tokens,
            "forced": one.forced,
        }
        for (name, forces), one in found.items()
    }
    if bench.config.temperature == 0:
        texts = [one.texts for one in found.values()]
        shared = set.intersection(*(set(by) for by in texts))
        same = sum(len({by[reply] for by in texts}) == 1 for reply in shared)
        told.notes.append(
            f"Replies by a schema whose text is the same in every way of writing: {same} of {len(shared)}."
        )


def _schema_arms(session: Session) -> dict[tuple[str, bool], Session]:
    """A session for no draft and one for what is loaded, each with forced tokens as drafts and without."""
    drafts: dict[str, Draft | None] = {"none": None}
    if session.draft is not None:
        drafts[AUTO] = session.draft
    ways = {forces: apart(session, drafts) for forces in (False, True)}
    return {(name, forces): replace(ways[forces][name], forces=forces) for name in drafts for forces in ways}


def _formed_reply(bench: Bench, session: Session, task: Task, found: _Formed, repeat: int) -> None:
    sampling = SamplingParams(temperature=bench.config.temperature, seed=bench.config.seed + max(0, repeat))
    finished, rounds = reply_of(session, replace(task.request, sampling=sampling), bench.cancel)
    if finished is None:
        return
    if finished.metrics.decode_tokens_per_second is not None:
        found.speeds[task.prompt.id][repeat] = finished.metrics.decode_tokens_per_second
    found.passes += len(rounds)
    found.tokens += sum(len(done.emitted) for done in rounds)
    found.forced += sum(done.accepted for done in rounds if done.source == FORCED)
    found.texts[task.prompt.id, repeat] = finished.token_ids


def _schema_table(bench: Bench, found: dict[tuple[str, bool], _Formed]) -> Table:
    columns = ("Draft", "Forced off, tok/s", "as drafts, tok/s", "Gain", "Forced", "Passes off", "Passes")
    table = Table("Replies by a schema: its forced tokens as drafts, beside the same without", columns)
    for name in dict.fromkeys(name for name, _ in found):
        off, on = found[name, False], found[name, True]
        share = percent_text(on.forced / on.tokens) if on.tokens else "–"
        gain = ratio_text(ratio(on.speeds, off.speeds, bench.config.seed))
        table.rows.append(
            (name, spread(off.all_speeds), spread(on.all_speeds), gain, share, f"{off.passes:,}", f"{on.passes:,}")
        )
    return table
