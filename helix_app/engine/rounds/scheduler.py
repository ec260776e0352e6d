"""Many replies at once over one model: who runs, who waits, and one pass of the target after the other.

Every step is one ragged batch: a draft and its verification for each reply that decodes, and prompt tokens of those
that begin (chunked prefill, as in Sarathi and vLLM). One reply alone takes exactly this way, too.

    waiting --admit--> prefill --> decode --> finished
       ^                  |           |
       +---- preempt -----+-----------+       its blocks go back; what it wrote is kept and run again later

The order is arrival, each priority being worth some steps: it never changes, few can overtake anyone, and the first in
it always goes on. ``roster.py`` keeps it, ``work.py`` has the records of a step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import torch

from helix_app.base.failures import failure
from helix_app.engine.control.policy import BatchLoad, KChoice
from helix_app.engine.rounds.drafting import propose_all, run_pass
from helix_app.engine.rounds.queue import Entry, Source
from helix_app.engine.rounds.replies.judgement import Judgement, Timing
from helix_app.engine.rounds.replies.reply import Reply, Round
from helix_app.engine.rounds.roster import Roster
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.work import (
    DecodeRound,
    PromptChunk,
    Shares,
    Step,
    context_of,
    crowd_shares,
)
from helix_app.engine.sampling.filters import check_logits
from helix_app.protocol.events import CacheSnapshot, Event
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.requests import GenerateRequest

CHUNK = 512  # prompt tokens a pass; Stop is looked at between passes
LONG_PROMPT = 512  # tokens; how far a longer one is read is told
_CHUNK_BESIDE = 128  # while others decode: they should not wait long
_SNAPSHOT_SECONDS = 1 / 30
_PRIORITY_STEPS = 64  # a reply comes before those that arrived up to so many steps earlier with one priority less
MAX_RUNNING = 64
_Result = TypeVar("_Result")
Witness = Callable[[Reply, Round, torch.Tensor], None]


class Scheduler:
    """Runs replies of one session together."""

    def __init__(self, session: Session, max_running: int = MAX_RUNNING, witness: Witness | None = None) -> None:
        """``witness`` is told each round of every reply, with the target's distributions ``[k + 1, vocab]``."""
        self._session, self._runner = session, session.runner
        self._roster = Roster(max_running)
        self._witness = witness
        self._source: Source | None = None
        self._intake: Intake | None = None
        self._arrivals = self._steps = 0
        self._last_snapshot = 0.0
        self._shown = False

    @property
    def busy(self) -> bool:
        """Whether any reply is unfinished."""
        return bool(len(self._roster) or self._source is not None or self._joiners)

    @property
    def _joiners(self) -> bool:
        return self._intake is not None and self._intake.waiting

    @property
    def cancelled(self) -> bool:
        """Whether every reply here is to end, so that nobody waits for what is done for them."""
        replies = [entry.reply for entry in (*self._roster.running, *self._roster.waiting)]
        return bool(replies) and not self._joiners and all(reply.cancel.is_set() for reply in replies)

    @property
    def running(self) -> int:
        """Replies that hold blocks."""
        return len(self._roster.running)

    @property
    def preemptions(self) -> int:
        """How often a running reply made room."""
        return self._roster.preemptions

    @property
    def forks(self) -> int:
        """How often a reply took its beginning over from a running one."""
        return self._roster.forks

    def add(self, request: GenerateRequest, cancel: threading.Event | None = None) -> None:
        """Queue a request. Its id must differ from those of the others here.

        Raises:
            InputError: a prompt or options that make no sense.
        """
        name = request.request_id
        if name in self._roster:
            raise ValueError(f"there is a request {name} already")
        reply = Reply(self._session, request, cancel or threading.Event())
        order = (self._steps - _PRIORITY_STEPS * request.priority, self._arrivals)
        self._roster.waiting.add(Entry(reply, order))
        self._arrivals += 1

    def feed(self, requests: Iterable[GenerateRequest], cancel: threading.Event) -> None:
        """Write replies to all of these, each taken when it may run; one that cannot begin fails by itself."""
        self._source = Source(iter(requests), cancel)

    def listen(self, intake: Intake | None) -> None:
        """Let replies join that come while others are written; None lets no more."""
        self._intake = intake

    def join(self, joining: Joining) -> Iterator[Event]:
        """Queue a request; one that cannot begin fails by itself."""
        try:
            self.add(joining.request, joining.cancel)
        except Exception as error:  # whatever a library says to one prompt must not cost the others
            yield failure(error, joining.request.request_id)

    def close(self) -> None:
        """Give up every reply and free its blocks."""
        self._source = None
        self._roster.clear(self._session)

    def halt(self, *, intact: bool) -> None:
        """Make every reply that runs wait again, with all it wrote; what a failed pass left behind is wiped.

        Args:
            intact: the device still works and its blocks can be given back; otherwise they are left as they are.
        """
        self._roster.halt(self._session, intact=intact)

    def move(self, session: Session) -> None:
        """After ``halt``: go on with this session, another one or the same with another draft or cache."""
        self._session, self._runner, self._shown = session, session.runner, False
        for entry in self._roster.waiting:
            entry.reply.move(session)

    @property
    def longest(self) -> int:
        """Tokens that the longest reply here may come to."""
        replies = [entry.reply for entry in (*self._roster.running, *self._roster.waiting)]
        return max((min(reply.limit, len(reply.tokens) + CHUNK) for reply in replies), default=0)

    # ----------------------------------------------------------------- one step

    def step(self) -> Iterator[Event]:
        """One pass of the target for whoever is on. Abandoning the events leaves the rest to ``close``.

        Raises:
            RuntimeError: the device's own errors; no reply can go on then.
        """
        yield from self._arrive()
        step = yield from self._plan()
        if step is None:
            return
        reading = (chunk.entry for chunk in step.chunks)
        yield from (e.reply.reading(e.at) for e in reading if e.reply.goal - e.reply.cached > LONG_PROMPT)
        logits = run_pass(self._runner, step.batch, [work.round for work in step.rounds])
        yield from self._settle(step, logits)

    def _arrive(self) -> Iterator[Event]:
        """Take requests in, and see off whoever has ended in the meantime."""
        yield from self._take_in()
        if not self._shown:
            self._shown = True
            yield from self._session.snapshots(full=True)
        self._steps += 1
        self._roster.begin_step()
        for entry in [*self._roster.running, *self._roster.waiting]:
            if entry.reply.cancel.is_set():
                entry.reply.reason = "cancelled"
            if entry.reply.reason is not None:  # cancelled, or written to its end by an engine that died there
                yield from self._end(entry)

    def _take_in(self) -> Iterator[Event]:
        """Who joins, and requests of the source while fewer replies are here than may be on at once."""
        for joining in self._intake.take() if self._intake is not None else ():
            yield from self.join(joining)
            self._shown = False  # its record begins with the whole pool
        while self._source is not None:
            if len(self._roster) >= self._source.places(self._session, self._roster.max_running):
                return
            if not (yield from self._source.give(self.join)):
                self._source = None

    # ----------------------------------------------------------------- plan

    def _plan(self) -> Generator[Event, None, Step | None]:
        """Proposals and chunks of prompts for the next pass, all slots reserved; None where there is nothing to run."""
        begin = time.perf_counter()
        proposed = self._proposals()
        drafted = time.perf_counter()
        make_room, running = self._roster.make_room, self._roster.running
        rounds = [work for work in proposed if make_room(self._session, work.entry, work.round.proposal.count + 1)]
        chunks = list(self._chunks(bool(rounds)))
        for entry in [e for e in running if e.reply.reason is not None]:
            yield from self._end(entry)
        # whoever was preempted for another waits for the next step
        rounds = [work for work in rounds if work.entry in running]
        chunks = [work for work in chunks if work.entry in running]
        return Step(rounds, chunks, begin, drafted) if rounds or chunks else None

    def _proposals(self) -> list[DecodeRound]:
        """k and proposal of every reply that decodes, the first in the order first."""
        entries = self._roster.decoding()
        others, context = len(entries) - 1, context_of(entries)
        pool = self._runner.pool
        spare, size = pool.free_blocks // len(pool.windows), pool.block_size  # in each group of layers
        rounds: list[DecodeRound] = []
        extra = 0  # rows that drafts have already added

        def seconds(rows: int) -> float | None:
            return self._session.crowd_costs.expect(rows, context)

        for entry in entries:
            batch = BatchLoad(others + extra, float(others), seconds) if others else None
            begin = time.perf_counter()
            plan = entry.reply.choose(batch)
            # a draft must not drive another reply out: it takes what is free beyond one block for each
            fits = max(0, (spare - len(entries)) * size)
            if others and plan.choice.k > fits:
                plan.choice = KChoice(0, "limit", plan.choice.source)
            plan.draft_seconds = time.perf_counter() - begin
            extra += plan.choice.k
            spare -= -(-plan.choice.k // size)
            rounds.append(DecodeRound(entry, plan))
        propose_all([work.round for work in rounds])
        return rounds

    def _chunks(self, beside: bool) -> Iterator[PromptChunk]:
        """Chunks of prompts for this pass, in order; admits who waits while there is room."""
        budget, taken = _CHUNK_BESIDE if beside else CHUNK, 0
        while taken < budget:
            entry = self._roster.reading(self._session)
            if entry is None:
                return
            assert entry.at is not None
            ids = entry.reply.tokens[entry.at : min(entry.at + budget - taken, entry.reply.goal)]
            if not ids:  # preempted, and all of it was still in the cache
                entry.decoding = True
                continue
            if not self._roster.make_room(self._session, entry, len(ids)):
                return
            taken += len(ids)
            if entry.at + len(ids) == entry.reply.goal:  # it decodes next: the others' prompts must not hold it up
                budget = min(budget, _CHUNK_BESIDE)
            yield PromptChunk(entry, ids)

    # ----------------------------------------------------------------- settle

    def _settle(self, step: Step, logits: Sequence[torch.Tensor]) -> Iterator[Event]:
        """Judge every proposal, then tell each reply. All verdicts come first: the block map shows what was tried."""
        judged: list[tuple[DecodeRound, Judgement]] = []
        for work, rows in zip(step.rounds, logits):
            judgement = yield from self._alone(work.entry, partial(work.entry.reply.judge, work.round, rows))
            if judgement is not None:
                judged.append((work, judgement))
                if self._witness is not None:
                    self._witness(work.entry.reply, work.round, judgement.target_probs)
        seconds = time.perf_counter() - step.drafted
        if step.proposes:
            yield from self._snapshots()
        whole = not step.chunks and len(judged) == len(step.rounds)  # the pass had no rows but those judged
        alone = whole and len(judged) == 1
        shares = None if alone else crowd_shares(self._session, [work for work, _ in judged], seconds, whole=whole)
        for index, (work, judgement) in enumerate(judged):
            yield from self._round_done(work, judgement, _timing(step, seconds, shares, index))
        for chunk, rows in zip(step.chunks, logits[len(step.rounds) :]):
            yield from self._chunk_done(chunk, rows)
        if not step.proposes:
            yield from self._snapshots()

    def _round_done(self, work: DecodeRound, judgement: Judgement, timing: Timing) -> Iterator[Event]:
        """A round was judged."""
        entry, reply = work.entry, work.entry.reply
        before = len(reply.tokens)
        settling = reply.settle(work.round, judgement, timing)
        events = yield from self._alone(entry, partial(list[Event], settling))
        if events is None:
            return
        self._runner.commit(reply.name, reply.tokens[: before + judgement.verdict.accepted])
        yield from events
        if reply.reason is not None:
            yield from self._end(entry)

    def _chunk_done(self, chunk: PromptChunk, logits: torch.Tensor) -> Iterator[Event]:
        """A chunk of a prompt ran."""
        entry, reply = chunk.entry, chunk.entry.reply
        assert entry.at is not None
        last = entry.at + len(chunk.ids) >= reply.goal

        def first() -> list[Event]:
            check_logits(logits)  # of every chunk, before others may share what it wrote
            return list(reply.prefilled(logits)) if last else []

        events = yield from self._alone(entry, first)
        if events is None:
            return
        entry.at += len(chunk.ids)
        self._runner.commit(reply.name, reply.tokens[: entry.at], last)
        yield from self._snapshots()
        if not last:
            return
        entry.decoding = True
        yield from events
        if reply.reason is not None:
            yield from self._end(entry)

    # ----------------------------------------------------------------- ends

    def _end(self, entry: Entry) -> Iterator[Event]:
        """A reply has its reason to end: free its blocks and give its result."""
        events = yield from self._alone(entry, partial(list[Event], entry.reply.read_end()))
        if events is None:
            return
        yield from events
        self._roster.remove(self._session, entry)
        if self._source is not None:
            self._source.ended += 1
        if self._session.learned is not None and not entry.reply.request.cold:
            self._session.learned.learn(entry.reply.tokens, entry.reply.prompt_length)
        yield from self._session.snapshots()
        yield entry.reply.finish()

    def _alone(self, entry: Entry, work: Callable[[], _Result]) -> Generator[Event, None, _Result | None]:
        """What concerns one reply alone; where that fails it ends, the result is None and the others go on."""
        try:
            return work()
        except (RuntimeError, MemoryError):  # of the device, and so of all
            raise
        except Exception as error:
            if entry in self._roster.running:
                self._runner.discard(entry.reply.name)
            self._roster.remove(self._session, entry)
            yield from self._session.snapshots()
            yield failure(error, entry.reply.name)
            return None

    def _snapshots(self) -> Iterator[CacheSnapshot]:
        now = time.perf_counter()
        if now - self._last_snapshot >= _SNAPSHOT_SECONDS:
            self._last_snapshot = now
            yield from self._session.snapshots()


def _timing(step: Step, seconds: float, shares: Shares | None, index: int) -> Timing:
    """Times of one reply's round: its own where it is alone, else its share of the crowd's."""
    if shares is None:
        return Timing(seconds, step.begin)
    return Timing(seconds, step.begin, shares.plain, shares.costs[index], shares.plain * len(shares.costs))
