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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.control.policy import Crowd
from helix_app.engine.drafting import propose_all, run_pass
from helix_app.engine.generation import Session, common_prefix
from helix_app.engine.reply import Reply, Round, Timing
from helix_app.engine.runner import Rows
from helix_app.engine.sampling import check_logits
from helix_app.errors import CacheExhaustedError, HelixError, NumericsError
from helix_app.events import CacheSnapshot, Event, GenerateRequest

CHUNK = 512  # prompt tokens a pass; Stop is looked at between passes
_CHUNK_BESIDE = 128  # while others decode: they should not wait long
_SNAPSHOT_SECONDS = 1 / 30
_PRIORITY_STEPS = 64  # a reply comes before those that arrived up to so many steps earlier with one priority less
MAX_RUNNING = 64
Witness = Callable[[Reply, Round, torch.Tensor], None]


@dataclass(eq=False)
class _Entry:
    """A reply in the scheduler.

    Attributes:
        order: sorts first who goes first.
        since: step at which it began to wait.
        at: tokens that the cache holds while it is in prefill; None while it waits.
    """

    reply: Reply
    order: tuple[int, int]
    since: int
    at: int | None = None
    decoding: bool = False


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
        self._waiting: list[_Entry] = []
        self._running: list[_Entry] = []
        self._arrivals = self._steps = 0
        self._last_snapshot = 0.0
        self._shown = False
        self.preemptions = self.forks = 0

    @property
    def busy(self) -> bool:
        """Whether any reply is unfinished."""
        return bool(self._waiting or self._running)

    @property
    def running(self) -> int:
        """Replies that hold blocks."""
        return len(self._running)

    def add(self, request: GenerateRequest, cancel: threading.Event | None = None) -> None:
        """Queue a request. Its id must differ from those of the others here.

        Raises:
            InputError: a prompt or options that make no sense.
        """
        if any(entry.reply.name == request.request_id for entry in (*self._waiting, *self._running)):
            raise ValueError(f"there is a request {request.request_id} already")
        reply = Reply(self._session, request, cancel or threading.Event())
        order = (self._steps - _PRIORITY_STEPS * request.priority, self._arrivals)
        self._waiting.append(_Entry(reply, order, self._steps))
        self._arrivals += 1

    def close(self) -> None:
        """Give up every reply and free its blocks."""
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
            entry.at, entry.decoding, entry.since = None, False, self._steps
        self._waiting += self._running
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
        logits = run_pass(self._runner, batch, [plan for _, plan in decoding])
        yield from self._verdicts(decoding, logits, begin, drafted, mixed=bool(prompts))
        for (entry, ids), rows in zip(prompts, logits[len(decoding) :]):
            yield from self._prompt_done(entry, len(ids), rows)
        if not any(plan.proposal.ids for _, plan in decoding):
            yield from self._snapshots()

    def _verdicts(
        self,
        decoding: list[tuple[_Entry, Round]],
        logits: list[torch.Tensor],
        begin: float,
        drafted: float,
        mixed: bool,
    ) -> Iterator[Event]:
        """Judge every proposal, then tell each reply. All verdicts come first: the block map shows what was tried."""
        judged = []
        for (entry, plan), rows in zip(decoding, logits):
            try:
                judged.append((entry, plan, entry.reply.judge(plan, rows), rows))
                if self._witness is not None:
                    self._witness(entry.reply, plan, judged[-1][2][1])
            except NumericsError as error:
                yield from self._fail(entry, error)
        verified = time.perf_counter()
        if any(plan.proposal.ids for _, plan in decoding):
            yield from self._snapshots()
        alone = len(decoding) == 1 and not mixed
        shares = (None, [None] * len(judged)) if alone else self._shares(judged, verified - drafted, mixed)
        for (entry, plan, verdict, rows), cost in zip(judged, shares[1]):
            before = len(entry.reply.tokens)
            timing = Timing(verified - drafted, begin, shares[0], cost)
            events = list(entry.reply.settle(plan, verdict, rows, timing))
            self._runner.commit(entry.reply.name, entry.reply.tokens[: before + verdict[0].accepted])
            yield from events
            if entry.reply.reason is not None:
                yield from self._end(entry)

    def _shares(
        self, judged: Sequence[tuple[_Entry, Round, object, torch.Tensor]], seconds: float, mixed: bool
    ) -> tuple[float, list[float]]:
        """What a plain token costs each reply of a crowd, and what this round cost each."""
        drafts = [len(plan.proposal.ids) for _, plan, _, _ in judged]
        rows, context = sum(drafts) + len(judged), self._context([entry for entry, *_ in judged])
        table = self._session.crowd_costs if len(judged) > 1 else self._session.costs
        if not mixed:
            table.add(rows, context, seconds)
        count = max(1, len(judged))
        total = table.expect(rows, context) or seconds
        plain = (table.expect(count, context) or seconds) / count
        costs = []
        for k, (_, plan, _, _) in zip(drafts, judged):
            own = max(0.0, total - (table.expect(rows - k, context) or total)) if k else 0.0
            costs.append(plain + own + plan.draft_seconds)
        return plain, costs

    def _prompt_done(self, entry: _Entry, count: int, logits: torch.Tensor) -> Iterator[Event]:
        """A chunk of a prompt ran."""
        reply = entry.reply
        assert entry.at is not None
        try:
            check_logits(logits)  # of every chunk, before others may share what it wrote
        except NumericsError as error:
            yield from self._fail(entry, error)
            return
        entry.at += count
        self._runner.commit(reply.name, reply.tokens[: entry.at])
        yield from self._snapshots()
        if entry.at < reply.goal:
            return
        entry.decoding = True
        yield from reply.prefilled(logits)
        if reply.reason is not None:
            yield from self._end(entry)

    # ----------------------------------------------------------------- drafts

    def _plan(self) -> list[tuple[_Entry, Round]]:
        """k and proposal of every reply that decodes, the first in the order first."""
        entries = sorted((e for e in self._running if e.decoding), key=lambda e: e.order)
        others = len(entries) - 1
        context = self._context(entries)
        spare = self._runner.pool.free_blocks
        size = self._runner.pool.block_size
        plans: list[tuple[_Entry, Round]] = []
        extra = 0  # rows that drafts have already added

        def seconds(rows: int) -> float | None:
            return self._session.crowd_costs.expect(rows, context)

        for entry in entries:
            crowd = None
            if others:
                crowd = Crowd(others + extra, float(others), seconds)
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
    def _context(entries: list[_Entry]) -> int:
        return sum(len(entry.reply.tokens) for entry in entries)

    # ----------------------------------------------------------------- prompts and memory

    def _prompts(self, beside: bool) -> Iterator[tuple[_Entry, list[int]]]:
        """Chunks of prompts for this pass, in order; admits who waits while there is room."""
        budget = _CHUNK_BESIDE if beside else CHUNK
        while budget > 0:
            begun = [e for e in self._running if not e.decoding and e.reply.reason is None]
            started = [e for e in begun if e.at is not None and self._runner.length(e.reply.name) == e.at]
            entry = min(started, key=lambda e: e.order, default=None) or self._admit()
            if entry is None:
                return
            assert entry.at is not None
            ids = entry.reply.tokens[entry.at : min(entry.at + budget, entry.reply.goal)]
            if not ids:  # preempted, and all of it was still in the cache
                entry.decoding = True
                continue
            if not self._make_room(entry, len(ids)):
                return
            budget -= len(ids)
            yield entry, ids

    def _admit(self) -> _Entry | None:
        """Let the first of those who wait begin, if its prompt fits beside what runs."""
        if not self._waiting or len(self._running) >= self._max_running:
            return None
        if any(entry.since == self._steps for entry in self._waiting):
            return None  # one was preempted just now: its blocks are for who needed them
        entry = min(self._waiting, key=lambda e: e.order)
        pool, reply = self._runner.pool, entry.reply
        needed = -(-(reply.goal + 1) // pool.block_size)
        if self._running and needed + len(self._running) > pool.free_blocks:
            return None
        self._waiting.remove(entry)
        self._running.append(entry)
        entry.at = self._open(reply)
        reply.opened(entry.at)
        return entry

    def _open(self, reply: Reply) -> int:
        """Begin its sequence: forked from a running one with the same beginning, or from the prefix cache.

        A cold one takes neither and gives none: it stands apart.
        """
        runner = self._runner
        if reply.request.cold:
            return runner.open(reply.name, (), reply.name, apart=True)
        last = len(reply.tokens) - 1
        parent, shared = "", 0
        for entry in self._running:
            if entry.reply is not reply and entry.at is not None and not entry.reply.request.cold:
                table = runner.pool.tables()[entry.reply.name]
                same = common_prefix(entry.reply.tokens, reply.tokens, min(table.verified, last))
                if same > shared:
                    parent, shared = entry.reply.name, same
        hit = runner.open(reply.name, reply.tokens, reply.name)
        if shared <= hit:
            return hit
        runner.close(reply.name)
        runner.pool.fork(parent, reply.name, shared, reply.name)
        self.forks += 1
        return shared

    def _make_room(self, entry: _Entry, count: int) -> bool:
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

    def _preempt(self, entry: _Entry) -> None:
        self.preemptions += 1
        self._running.remove(entry)
        self._release(entry)
        entry.at, entry.decoding, entry.since = None, False, self._steps
        self._waiting.append(entry)

    def _release(self, entry: _Entry) -> None:
        self._runner.close(entry.reply.name)
        if entry.reply.draft is not None:
            entry.reply.draft.end()

    # ----------------------------------------------------------------- ends

    def _end(self, entry: _Entry) -> Iterator[Event]:
        """A reply has its reason to end: free its blocks and give its result."""
        yield from entry.reply.read_end()
        self._remove(entry)
        if self._session.learned is not None and not entry.reply.request.cold:
            self._session.learned.learn(entry.reply.tokens, entry.reply.prompt_length)
        yield from self._session.snapshots()
        yield entry.reply.finish()

    def _fail(self, entry: _Entry, error: HelixError) -> Iterator[Event]:
        """One reply cannot go on; the others can."""
        self._runner.discard(entry.reply.name)
        self._remove(entry)
        yield from self._session.snapshots()
        yield error.as_event(entry.reply.name)

    def _remove(self, entry: _Entry) -> None:
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
