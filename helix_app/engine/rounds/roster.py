"""Who runs and who waits, and whose blocks make room for whom.

A reply is admitted when the blocks for its prompt are free and every running one still finds a block to grow. When a
running one finds none, the running reply that comes last in the order makes room.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.rounds.queue import Entry, Waiting
from helix_app.engine.rounds.replies.reply import Reply
from helix_app.engine.rounds.session import Session, common_prefix


class Roster:
    """The replies of a scheduler.

    Attributes:
        waiting, running: those without and those with blocks.
        max_running: most that run at once.
        preemptions: how often a running reply made room.
        forks: how often a reply took its beginning over from a running one.
    """

    def __init__(self, max_running: int) -> None:
        self.waiting: Waiting = Waiting()
        self.running: list[Entry] = []
        self.max_running = max_running
        self.preemptions = self.forks = 0
        self._made_room = False  # in this step

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting)

    def __contains__(self, name: object) -> bool:
        return name in self.waiting or any(entry.name == name for entry in self.running)

    def begin_step(self) -> None:
        """A new step: who was preempted in the last one may come back."""
        self._made_room = False

    def decoding(self) -> list[Entry]:
        """Who decodes, the first in the order first."""
        return sorted((entry for entry in self.running if entry.decoding), key=lambda entry: entry.order)

    def reading(self, session: Session) -> Entry | None:
        """Whose prompt is read next.

        Mutates: where nobody is reading, the first of those who wait begins, if there is room.
        """
        begun = [e for e in self.running if not e.decoding and e.reply.reason is None and e.at is not None]
        started = [entry for entry in begun if session.runner.length(entry.name) == entry.at]
        return min(started, key=lambda entry: entry.order, default=None) or self._admit(session)

    def _admit(self, session: Session) -> Entry | None:
        """Let the first of those who wait begin, if its prompt fits beside what runs."""
        entry = self.waiting.first()
        if entry is None or len(self.running) >= self.max_running:
            return None
        if self._made_room:
            return None  # one was preempted just now: its blocks are for who needed them
        pool, reply = session.runner.pool, entry.reply
        if pool.states.slots and not pool.states.free:
            return None
        needed = pool.blocks_for(reply.goal + 1)
        if self.running and needed + len(self.running) * len(pool.windows) > pool.free_blocks:
            return None
        self.waiting.remove(entry)
        self.running.append(entry)
        entry.at, forked = open_sequence(session, reply, self.running)
        self.forks += forked
        reply.opened(entry.at)
        return entry

    def make_room(self, session: Session, entry: Entry, count: int) -> bool:
        """Reserve slots for ``count`` more tokens, preempting who comes later. False when it cannot run now."""
        runner, reply = session.runner, entry.reply
        while entry in self.running:
            try:
                runner.reserve(reply.name, runner.length(reply.name) + count)
                return True
            except CacheExhaustedError:
                last = max(self.running, key=lambda e: e.order)
                if last is entry and len(self.running) == 1:
                    reply.reason = "context_full"  # the pool is smaller than the context
                    return False
                self._preempt(session, last)
        return False

    def _preempt(self, session: Session, entry: Entry) -> None:
        self.preemptions += 1
        entry.reply.preempted()
        self.running.remove(entry)
        _release(session, entry)
        entry.at, entry.decoding = None, False
        self._made_room = True
        self.waiting.add(entry)

    def remove(self, session: Session, entry: Entry) -> None:
        """It is over: free its blocks."""
        if entry in self.running:
            self.running.remove(entry)
            _release(session, entry)
        else:
            self.waiting.remove(entry)

    def halt(self, session: Session, *, intact: bool) -> None:
        """Make every reply that runs wait again, with all it wrote; see ``Scheduler.halt``."""
        for entry in self.running:
            if intact:
                session.runner.discard(entry.reply.name)
            if entry.reply.draft is not None:
                entry.reply.draft.end()
            entry.at, entry.decoding = None, False
            self.waiting.add(entry)
        self.running.clear()

    def clear(self, session: Session) -> None:
        """Give up every reply and free its blocks."""
        for entry in self.running:
            _release(session, entry)
        self.running.clear()
        self.waiting.clear()


def _release(session: Session, entry: Entry) -> None:
    session.runner.close(entry.reply.name)
    if entry.reply.draft is not None:
        entry.reply.draft.end()


def open_sequence(session: Session, reply: Reply, running: Sequence[Entry]) -> tuple[int, bool]:
    """Begin a sequence: forked from a running one with the same beginning, or from the prefix cache.

    A cold one takes neither and gives none: it stands apart. Mutates: the pool of the target.

    Returns:
        Tokens that the cache holds of it, and whether it was forked.
    """
    runner = session.runner
    if reply.request.cold:
        return runner.open(reply.name, (), apart=True), False
    last = len(reply.tokens) - 1
    parent, shared = "", 0
    for entry in running:
        if entry.reply is not reply and entry.at is not None and not entry.reply.request.cold:
            table = runner.pool.tables()[entry.name]
            same = common_prefix(entry.reply.tokens, reply.tokens, min(table.verified, last))
            same = runner.may_fork_at(same)
            if same > shared and runner.pool.can_fork(entry.name, same):
                parent, shared = entry.name, same
    hit = runner.open(reply.name, reply.tokens)
    if shared <= hit:
        return hit, False
    runner.close(reply.name)
    runner.pool.fork(parent, reply.name, shared)
    return shared, True
