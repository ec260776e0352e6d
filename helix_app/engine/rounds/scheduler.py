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
from helix_app.engine.rounds.queue import Feed
from helix_app.engine.rounds.replies.judgement import Judgement, Timing
from helix_app.engine.rounds.replies.reply import Reply, Round
from helix_app.engine.rounds.roster import Roster
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.work import PromptChunk, Step, context_of, timings
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
Witness = Callable[[Round, torch.Tensor], None]


class Scheduler:
    """Runs replies of one session together."""

    def __init__(self, session: Session, max_running: int = MAX_RUNNING, witness: Witness | None = None) -> None:
        """``witness`` is told each round of every reply, with the target's distributions ``[k + 1, vocab]``."""
        self._session, self._runner = session, session.runner
        self._roster = Roster(max_running)
        self._witness = witness
        self._feed: Feed | None = None
        self._intake: Intake | None = None
        self._arrivals = self._steps = 0
        self._last_snapshot = 0.0
        self._shown = False

    @property
    def busy(self) -> bool:
        """Whether any reply is unfinished."""
        return bool(len(self._roster) or self._feed is not None or self._joiners)

    @property
    def _joiners(self) -> bool:
        return self._intake is not None and self._intake.waiting

    @property
    def cancelled(self) -> bool:
        """Whether every reply here is to end, so that nobody waits for what is done for them."""
        replies = [*self._roster.running, *self._roster.waiting]
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
        if request.request_id in self._roster:
            raise ValueError(f"there is a request {request.request_id} already")
        order = (self._steps - _PRIORITY_STEPS * request.priority, self._arrivals)
        self._roster.waiting.add(Reply(self._session, request, cancel or threading.Event(), order))
        self._arrivals += 1

    def feed(self, requests: Iterable[GenerateRequest], cancel: threading.Event) -> None:
        """Write replies to all of these, each taken when it may run; one that cannot begin fails by itself."""
        self._feed = Feed(iter(requests), cancel)

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
        self._feed = None
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
        for reply in self._roster.waiting:
            reply.move(session)

    @property
    def longest(self) -> int:
        """Tokens that the longest reply here may come to."""
        replies = [*self._roster.running, *self._roster.waiting]
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
        readers = (chunk.reply for chunk in step.chunks)
        yield from (reply.reading() for reply in readers if reply.goal - reply.cached > LONG_PROMPT)
        logits = run_pass(self._runner, step.batch, step.rounds)
        yield from self._settle(step, logits)

    def _arrive(self) -> Iterator[Event]:
        """Take requests in, and see off whoever has ended in the meantime."""
        yield from self._take_in()
        if not self._shown:
            self._shown = True
            yield from self._session.snapshots(full=True)
        self._steps += 1
        self._roster.begin_step()
        for reply in [*self._roster.running, *self._roster.waiting]:
            if reply.cancel.is_set():
                reply.reason = "cancelled"
            if reply.reason is not None:  # cancelled, or written to its end by an engine that died there
                yield from self._end(reply)

    def _take_in(self) -> Iterator[Event]:
        """Who joins, and requests of the feed while fewer replies are here than may be on at once."""
        for joining in self._intake.take() if self._intake is not None else ():
            yield from self.join(joining)
            self._shown = False  # its record begins with the whole pool
        while self._feed is not None:
            if len(self._roster) >= self._feed.places(self._session, self._roster.max_running):
                return
            if not (yield from self._feed.give(self.join)):
                self._feed = None

    # ----------------------------------------------------------------- plan

    def _plan(self) -> Generator[Event, None, Step | None]:
        """Proposals and chunks of prompts for the next pass, all slots reserved; None where there is nothing to run."""
        begin = time.perf_counter()
        proposed = self._proposals()
        drafted = time.perf_counter()
        make_room, running = self._roster.make_room, self._roster.running
        rounds = [one for one in proposed if make_room(self._session, one.reply, one.proposal.count + 1)]
        chunks = list(self._chunks(bool(rounds)))
        for reply in [reply for reply in running if reply.reason is not None]:
            yield from self._end(reply)
        # whoever was preempted for another waits for the next step
        rounds = [one for one in rounds if one.reply in running]
        chunks = [chunk for chunk in chunks if chunk.reply in running]
        return Step(rounds, chunks, begin, drafted) if rounds or chunks else None

    def _proposals(self) -> list[Round]:
        """k and proposal of every reply that decodes, the first in the order first."""
        replies = self._roster.decoding()
        others, context = len(replies) - 1, context_of(replies)
        pool = self._runner.pool
        spare, size = pool.free_blocks // len(pool.windows), pool.block_size  # in each group of layers
        rounds: list[Round] = []
        extra = 0  # rows that drafts have already added

        def seconds(rows: int) -> float | None:
            return self._session.crowd_costs.expect(rows, context)

        for reply in replies:
            batch = BatchLoad(others + extra, float(others), seconds) if others else None
            begin = time.perf_counter()
            round_ = reply.choose(batch)
            # a draft must not drive another reply out: it takes what is free beyond one block for each
            fits = max(0, (spare - len(replies)) * size)
            if others and round_.choice.k > fits:
                round_.choice = KChoice(0, "limit", round_.choice.source)
            round_.draft_seconds = time.perf_counter() - begin
            extra += round_.choice.k
            spare -= -(-round_.choice.k // size)
            rounds.append(round_)
        propose_all(rounds)
        return rounds

    def _chunks(self, beside: bool) -> Iterator[PromptChunk]:
        """Chunks of prompts for this pass, in order; admits who waits while there is room."""
        budget, taken = _CHUNK_BESIDE if beside else CHUNK, 0
        while taken < budget:
            reply = self._roster.reading(self._session)
            if reply is None:
                return
            assert reply.at is not None
            ids = reply.tokens[reply.at : min(reply.at + budget - taken, reply.goal)]
            if not ids:  # preempted, and all of it was still in the cache
                reply.decoding = True
                continue
            if not self._roster.make_room(self._session, reply, len(ids)):
                return
            taken += len(ids)
            if reply.at + len(ids) == reply.goal:  # it decodes next: the others' prompts must not hold it up
                budget = min(budget, _CHUNK_BESIDE)
            yield PromptChunk(reply, ids)

    # ----------------------------------------------------------------- settle

    def _settle(self, step: Step, logits: Sequence[torch.Tensor]) -> Iterator[Event]:
        """Judge every proposal, then tell each reply. All verdicts come first: the block map shows what was tried."""
        judged: list[tuple[Round, Judgement]] = []
        for one, rows in zip(step.rounds, logits):
            judgement = yield from self._alone(one.reply, partial(one.reply.judge, one, rows))
            if judgement is not None:
                judged.append((one, judgement))
                if self._witness is not None:
                    self._witness(one, judgement.target_probs)
        seconds = time.perf_counter() - step.drafted
        if step.proposes:
            yield from self._snapshots()
        times = timings(self._session, step, [one for one, _ in judged], seconds)
        for (one, judgement), timing in zip(judged, times):
            yield from self._round_done(one, judgement, timing)
        for chunk, rows in zip(step.chunks, logits[len(step.rounds) :]):
            yield from self._chunk_done(chunk, rows)
        if not step.proposes:
            yield from self._snapshots()

    def _round_done(self, round_: Round, judgement: Judgement, timing: Timing) -> Iterator[Event]:
        """A round was judged."""
        reply, before = round_.reply, len(round_.reply.tokens)
        events = yield from self._alone(reply, partial(list[Event], reply.settle(round_, judgement, timing)))
        if events is None:
            return
        self._runner.commit(reply.sequence_id, reply.tokens[: before + judgement.verdict.accepted])
        yield from events
        if reply.reason is not None:
            yield from self._end(reply)

    def _chunk_done(self, chunk: PromptChunk, logits: torch.Tensor) -> Iterator[Event]:
        """A chunk of a prompt ran."""
        reply = chunk.reply
        assert reply.at is not None
        last = reply.at + len(chunk.ids) >= reply.goal

        def first() -> list[Event]:
            check_logits(logits)  # of every chunk, before others may share what it wrote
            return list(reply.prefilled(logits)) if last else []

        events = yield from self._alone(reply, first)
        if events is None:
            return
        reply.at += len(chunk.ids)
        self._runner.commit(reply.sequence_id, reply.tokens[: reply.at], last)
        yield from self._snapshots()
        if not last:
            return
        reply.decoding = True
        yield from events
        if reply.reason is not None:
            yield from self._end(reply)

    # ----------------------------------------------------------------- ends

    def _end(self, reply: Reply) -> Iterator[Event]:
        """A reply has its reason to end: free its blocks and give its result."""
        events = yield from self._alone(reply, partial(list[Event], reply.read_end()))
        if events is None:
            return
        yield from events
        self._roster.remove(self._session, reply)
        if self._feed is not None:
            self._feed.ended += 1
        if self._session.learned is not None and not reply.request.cold:
            self._session.learned.learn(reply.tokens, reply.prompt_length)
        yield from self._session.snapshots()
        yield reply.finish()

    def _alone(self, reply: Reply, work: Callable[[], _Result]) -> Generator[Event, None, _Result | None]:
        """What concerns one reply alone; where that fails it ends, the result is None and the others go on."""
        try:
            return work()
        except (RuntimeError, MemoryError):  # of the device, and so of all
            raise
        except Exception as error:
            if reply in self._roster.running:
                self._runner.discard(reply.sequence_id)
            self._roster.remove(self._session, reply)
            yield from self._session.snapshots()
            yield failure(error, reply.sequence_id)
            return None

    def _snapshots(self) -> Iterator[CacheSnapshot]:
        now = time.perf_counter()
        if now - self._last_snapshot >= _SNAPSHOT_SECONDS:
            self._last_snapshot = now
            yield from self._session.snapshots()
