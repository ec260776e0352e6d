"""Many replies at once over one model: who runs, who waits, and one pass of the target after the other.

Every step is one ragged batch: a draft and its verification for each reply that decodes, and prompt tokens of those
that begin (chunked prefill, as in Sarathi and vLLM). One reply alone takes exactly this way, too.

    waiting --admit--> prefill --> decode --> finished
       ^                  |           |
       +---- preempt -----+-----------+       its blocks go back; what it wrote is kept and run again later

Memory: a reply is admitted when the blocks for its prompt are free and every running one still finds a block to grow.
When a running one finds none, the running reply that comes last in the order makes room. The order is arrival, each
priority being worth some steps: it never changes, few can overtake anyone, and the first in it always goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import torch

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.control.policy import Crowd
from helix_app.engine.host.client import failure
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.drafting import propose_all, run_pass
from helix_app.engine.rounds.opening import open_sequence
from helix_app.engine.rounds.queue import Entry, Source, Waiting
from helix_app.engine.rounds.reply import Reply, Round, Timing
from helix_app.engine.rounds.session import Session
from helix_app.engine.sampling.filters import check_logits
from helix_app.protocol.events import CacheSnapshot, Event
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
    """Runs replies of one session together.

    Attributes:
        preemptions: how often a running reply made room.
        forks: how often a reply took its beginning over from a running one.
    """

    def __init__(self, session: Session, max_running: int = MAX_RUNNING, witness: Witness | None = None) -> None:
        """``witness`` is told each round of every reply, with the target's distributions ``[k + 1, vocab]``."""
        self._session, self._runner = session, session.runner
        self._max_running, self._witness = max_running, witness
        self._waiting: Waiting = Waiting()
        self._running: list[Entry] = []
        self._source: Source | None = None
        self._arrivals = self._steps = 0
        self._made_room = -1  # step of the last preemption
        self._last_snapshot = 0.0
        self._shown = False
        self.preemptions = self.forks = 0

    @property
    def busy(self) -> bool:
        """Whether any reply is unfinished."""
        return bool(self._running or len(self._waiting) or self._source is not None)

    @property
    def running(self) -> int:
        """Replies that hold blocks."""
        return len(self._running)

    def add(self, request: GenerateRequest, cancel: threading.Event | None = None) -> None:
        """Queue a request. Its id must differ from those of the others here.

        Raises:
            InputError: a prompt or options that make no sense.
        """
        name = request.request_id
        if name in self._waiting or any(entry.name == name for entry in self._running):
            raise ValueError(f"there is a request {name} already")
        reply = Reply(self._session, request, cancel or threading.Event())
        order = (self._steps - _PRIORITY_STEPS * request.priority, self._arrivals)
        self._waiting.add(Entry(reply, order))
        self._arrivals += 1

    def feed(self, requests: Iterable[GenerateRequest], cancel: threading.Event) -> None:
        """Write replies to all of these, each taken when it may run; one that cannot begin fails by itself."""
        self._source = Source(iter(requests), cancel)

    def close(self) -> None:
        """Give up every reply and free its blocks."""
        self._source = None
        for entry in self._running:
            self._release(entry)
        self._running.clear()
        self._waiting.clear()

    def halt(self, *, intact: bool) -> None:
        """Make every reply that runs wait again, with all it wrote; what a failed pass left behind is wiped.

        Args:
            intact: the device still works and its blocks can be given back; otherwise they are left as they are.
        """
        for entry in self._running:
            if intact:
                self._runner.discard(entry.reply.name)
            if entry.reply.draft is not None:
                entry.reply.draft.end()
            entry.at, entry.decoding = None, False
            self._waiting.add(entry)
        self._running.clear()

    def move(self, session: Session) -> None:
        """After ``halt``: go on with this session, another one or the same with another draft or cache."""
        self._session, self._runner, self._shown = session, session.runner, False
        for entry in self._waiting:
            entry.reply.move(session)

    @property
    def longest(self) -> int:
        """Tokens that the longest reply here may come to."""
        replies = [entry.reply for entry in (*self._running, *self._waiting)]
        return max((min(reply.limit, len(reply.tokens) + CHUNK) for reply in replies), default=0)

    # ----------------------------------------------------------------- one step

    def step(self) -> Iterator[Event]:
        """One pass of the target for whoever is on. Abandoning the events leaves the rest to ``close``.

        Raises:
            RuntimeError: the device's own errors; no reply can go on then.
        """
        if not self._shown:
            self._shown = True
            yield from self._session.snapshots(full=True)
        yield from self._take_in()
        self._steps += 1
        for entry in [*self._running, *self._waiting]:
            if entry.reply.cancel.is_set():
                entry.reply.reason = "cancelled"
            if entry.reply.reason is not None:  # cancelled, or written to its end by an engine that died there
                yield from self._end(entry)
        begin = time.perf_counter()
        plans = self._plan()
        drafted = time.perf_counter()
        decoding = [(entry, plan) for entry, plan in plans if self._make_room(entry, plan.proposal.count + 1)]
        prompts = list(self._prompts(bool(decoding)))
        # whoever was preempted for another waits for the next step
        decoding = [(entry, plan) for entry, plan in decoding if entry in self._running]
        prompts = [(entry, ids) for entry, ids in prompts if entry in self._running]
        for entry in [e for e in self._running if e.reply.reason is not None]:
            yield from self._end(entry)
            decoding = [pair for pair in decoding if pair[0] is not entry]
        batch = [
            Rows(e.reply.name, (e.reply.tokens[-1], *p.proposal.ids), p.proposal.count + 1, e.reply.exact, p.tail)
            for e, p in decoding
        ]
        batch += [Rows(entry.reply.name, ids, 1, entry.reply.exact) for entry, ids in prompts]
        if not batch:
            return
        yield from (e.reply.reading(e.at) for e, _ in prompts if e.reply.goal - e.reply.cached > LONG_PROMPT)
        logits = run_pass(self._runner, batch, [plan for _, plan in decoding])
        yield from self._verdicts(decoding, logits, begin, drafted, mixed=bool(prompts))
        for (entry, ids), rows in zip(prompts, logits[len(decoding) :]):
            yield from self._prompt_done(entry, len(ids), rows)
        if not any(plan.proposal.ids for _, plan in decoding):
            yield from self._snapshots()

    def _verdicts(
        self, decoding: list[tuple[Entry, Round]], logits: list[torch.Tensor], begin: float, drafted: float, mixed: bool
    ) -> Iterator[Event]:
        """Judge every proposal, then tell each reply. All verdicts come first: the block map shows what was tried."""
        judged = []
        for (entry, plan), rows in zip(decoding, logits):
            verdict = yield from self._alone(entry, partial(entry.reply.judge, plan, rows))
            if verdict is not None:
                judged.append((entry, plan, verdict, rows))
                if self._witness is not None:
                    self._witness(entry.reply, plan, verdict[1])
        verified = time.perf_counter()
        if any(plan.proposal.ids for _, plan in decoding):
            yield from self._snapshots()
        whole = not mixed and len(judged) == len(decoding)  # the pass had no rows but those judged
        alone = whole and len(judged) == 1
        shares = (None, [None] * len(judged)) if alone else self._shares(judged, verified - drafted, whole)
        for (entry, plan, verdict, rows), cost in zip(judged, shares[1]):
            before = len(entry.reply.tokens)
            timing = Timing(verified - drafted, begin, shares[0], cost)
            settling = entry.reply.settle(plan, verdict, rows, timing)
            events = yield from self._alone(entry, partial(list[Event], settling))
            if events is None:
                continue
            self._runner.commit(entry.reply.name, entry.reply.tokens[: before + verdict[0].accepted])
            yield from events
            if entry.reply.reason is not None:
                yield from self._end(entry)

    def _shares(
        self, judged: Sequence[tuple[Entry, Round, object, torch.Tensor]], seconds: float, whole: bool
    ) -> tuple[float, list[float]]:
        """What a plain token costs each reply of a crowd, and what this round cost each."""
        drafts = [len(plan.proposal.ids) for _, plan, _, _ in judged]
        rows, context = sum(drafts) + len(judged), self._context([entry for entry, *_ in judged])
        table = self._session.crowd_costs if len(judged) > 1 else self._session.costs
        if whole:
            table.add(rows, context, seconds)
        count = max(1, len(judged))
        total = table.expect(rows, context) or seconds
        plain = (table.expect(count, context) or seconds) / count
        costs = []
        for k, (_, plan, _, _) in zip(drafts, judged):
            own = max(0.0, total - (table.expect(rows - k, context) or total)) if k else 0.0
            costs.append(plain + own + plan.draft_seconds)
        return plain, costs

    def _prompt_done(self, entry: Entry, count: int, logits: torch.Tensor) -> Iterator[Event]:
        """A chunk of a prompt ran."""
        reply = entry.reply
        assert entry.at is not None
        last = entry.at + count >= reply.goal

        def first() -> list[Event]:
            check_logits(logits)  # of every chunk, before others may share what it wrote
            return list(reply.prefilled(logits)) if last else []

        events = yield from self._alone(entry, first)
        if events is None:
            return
        entry.at += count
        self._runner.commit(reply.name, reply.tokens[: entry.at])
        yield from self._snapshots()
        if not last:
            return
        entry.decoding = True
        yield from events
        if reply.reason is not None:
            yield from self._end(entry)

    # ----------------------------------------------------------------- drafts

    def _plan(self) -> list[tuple[Entry, Round]]:
        """k and proposal of every reply that decodes, the first in the order first."""
        entries = sorted((e for e in self._running if e.decoding), key=lambda e: e.order)
        others, context = len(entries) - 1, self._context(entries)
        spare, size = self._runner.pool.free_blocks, self._runner.pool.block_size
        plans: list[tuple[Entry, Round]] = []
        extra = 0  # rows that drafts have already added

        def seconds(rows: int) -> float | None:
            return self._session.crowd_costs.expect(rows, context)

        for entry in entries:
            crowd = Crowd(others + extra, float(others), seconds) if others else None
            begin = time.perf_counter()
            plan = entry.reply.choose(crowd)
            # a draft must not drive another reply out: it takes what is free beyond one block for each
            fits = max(0, (spare - len(entries)) * size)
            if others and plan.choice.k > fits:
                plan.choice = type(plan.choice)(0, "limit", plan.choice.source)
            plan.draft_seconds = time.perf_counter() - begin
            extra += plan.choice.k
            spare -= -(-plan.choice.k // size)
            plans.append((entry, plan))
        propose_all([plan for _, plan in plans])
        return plans

    @staticmethod
    def _context(entries: list[Entry]) -> int:
        return sum(len(entry.reply.tokens) for entry in entries)

    # ----------------------------------------------------------------- prompts and memory

    def _take_in(self) -> Iterator[Event]:
        """Requests of the source, while fewer replies are here than may run at once."""
        while self._source is not None and len(self._running) + len(self._waiting) < self._max_running:
            if not (yield from self._source.give(self.add)):
                self._source = None

    def _prompts(self, beside: bool) -> Iterator[tuple[Entry, list[int]]]:
        """Chunks of prompts for this pass, in order; admits who waits while there is room."""
        budget, taken = _CHUNK_BESIDE if beside else CHUNK, 0
        while taken < budget:
            begun = [e for e in self._running if not e.decoding and e.reply.reason is None]
            started = [e for e in begun if e.at is not None and self._runner.length(e.reply.name) == e.at]
            entry = min(started, key=lambda e: e.order, default=None) or self._admit()
            if entry is None:
                return
            assert entry.at is not None
            ids = entry.reply.tokens[entry.at : min(entry.at + budget - taken, entry.reply.goal)]
            if not ids:  # preempted, and all of it was still in the cache
                entry.decoding = True
                continue
            if not self._make_room(entry, len(ids)):
                return
            taken += len(ids)
            if entry.at + len(ids) == entry.reply.goal:  # it decodes next: the others' prompts must not hold it up
                budget = min(budget, _CHUNK_BESIDE)
            yield entry, ids

    def _admit(self) -> Entry | None:
        """Let the first of those who wait begin, if its prompt fits beside what runs."""
        entry = self._waiting.first()
        if entry is None or len(self._running) >= self._max_running:
            return None
        if self._made_room == self._steps:
            return None  # one was preempted just now: its blocks are for who needed them
        pool, reply = self._runner.pool, entry.reply
        needed = -(-(reply.goal + 1) // pool.block_size)
        if self._running and needed + len(self._running) > pool.free_blocks:
            return None
        self._waiting.remove(entry)
        self._running.append(entry)
        entry.at, forked = open_sequence(self._session, reply, self._running)
        self.forks += forked
        reply.opened(entry.at)
        return entry

    def _make_room(self, entry: Entry, count: int) -> bool:
        """Reserve slots for ``count`` more tokens, preempting who comes later. False when it cannot run now."""
        runner, reply = self._runner, entry.reply
        while entry in self._running:
            try:
                runner.reserve(reply.name, runner.length(reply.name) + count)
                return True
            except CacheExhaustedError:
                last = max(self._running, key=lambda e: e.order)
                if last is entry and len(self._running) == 1:
                    reply.reason = "context_full"  # the pool is smaller than the context
                    return False
                self._preempt(last)
        return False

    def _preempt(self, entry: Entry) -> None:
        self.preemptions += 1
        self._running.remove(entry)
        self._release(entry)
        entry.at, entry.decoding = None, False
        self._made_room = self._steps
        self._waiting.add(entry)

    def _release(self, entry: Entry) -> None:
        self._runner.close(entry.reply.name)
        if entry.reply.draft is not None:
            entry.reply.draft.end()

    # ----------------------------------------------------------------- ends

    def _end(self, entry: Entry) -> Iterator[Event]:
        """A reply has its reason to end: free its blocks and give its result."""
        events = yield from self._alone(entry, partial(list[Event], entry.reply.read_end()))
        if events is None:
            return
        yield from events
        self._remove(entry)
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
            yield from self._fail(entry, error)
            return None

    def _fail(self, entry: Entry, error: Exception) -> Iterator[Event]:
        if entry in self._running:
            self._runner.discard(entry.reply.name)
        self._remove(entry)
        yield from self._session.snapshots()
        yield failure(error, entry.reply.name)

    def _remove(self, entry: Entry) -> None:
        if entry in self._running:
            self._running.remove(entry)
            self._release(entry)
        else:
            self._waiting.remove(entry)

    def _snapshots(self) -> Iterator[CacheSnapshot]:
        now = time.perf_counter()
        if now - self._last_snapshot >= _SNAPSHOT_SECONDS:
            self._last_snapshot = now
            yield from self._session.snapshots()
