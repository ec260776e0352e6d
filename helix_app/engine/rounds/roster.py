"""Who runs and who waits, and whose blocks make room for whom.

A reply is admitted when the blocks for its prompt are free and every running one still finds a block to grow. When a
running one finds none, the running reply that comes last in the order makes room.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.rounds.queue import Waiting
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
        self.running: list[Reply] = []
        self.max_running = max_running
        self.preemptions = self.forks = 0
        self._made_room = False  # in this step

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting)

    def __contains__(self, sequence_id: object) -> bool:
        return sequence_id in self.waiting or any(reply.sequence_id == sequence_id for reply in self.running)

    def begin_step(self) -> None:
        """A new step: who was preempted in the last one may come back."""
        self._made_room = False

    def decoding(self) -> list[Reply]:
        """Who decodes, the first in the order first."""
        return sorted((reply for reply in self.running if reply.decoding), key=lambda reply: reply.order)

    def reading(self, session: Session) -> Reply | None:
        """Whose prompt is read next.

        Mutates: where nobody is reading, the first of those who wait begins, if there is room.
        """
        begun = [r for r in self.running if not r.decoding and r.reason is None and r.at is not None]
        started = [reply for reply in begun if session.runner.length(reply.sequence_id) == reply.at]
        return min(started, key=lambda reply: reply.order, default=None) or self._admit(session)

    def _admit(self, session: Session) -> Reply | None:
        """Let the first of those who wait begin, if its prompt fits beside what runs."""
        reply = self.waiting.first()
        if reply is None or len(self.running) >= self.max_running:
            return None
        if self._made_room:
            return None  # one was preempted just now: its blocks are for who needed them
        pool = session.runner.pool
        if pool.states.slots and not pool.states.free:
            return None
        needed = pool.blocks_for(reply.goal + 1)
        if self.running and needed + len(self.running) * len(pool.windows) > pool.free_blocks:
            return None
        self.waiting.remove(reply)
        self.running.append(reply)
        cached, forked = open_sequence(session, reply, self.running)
        self.forks += forked
        reply.opened(cached)
        return reply

    def make_room(self, session: Session, reply: Reply, count: int) -> bool:
        """Reserve slots for ``count`` more tokens, preempting who comes later. False when it cannot run now."""
        runner = session.runner
        while reply in self.running:
            try:
                runner.reserve(reply.sequence_id, runner.length(reply.sequence_id) + count)
                return True
            except CacheExhaustedError:
                last = max(self.running, key=lambda r: r.order)
                if last is reply and len(self.running) == 1:
                    reply.reason = "context_full"  # the pool is smaller than the context
                    return False
                self._preempt(session, last)
        return False

    def _preempt(self, session: Session, reply: Reply) -> None:
        self.preemptions += 1
        reply.preempted()
        self.running.remove(reply)
        _release(session, reply)
        self._made_room = True
        self.waiting.add(reply)

    def remove(self, session: Session, reply: Reply) -> None:
        """It is over: free its blocks."""
        if reply in self.running:
            self.running.remove(reply)
            _release(session, reply)
        else:
            self.waiting.remove(reply)

    def halt(self, session: Session, *, intact: bool) -> None:
        """Make every reply that runs wait again, with all it wrote; see ``Scheduler.halt``."""
        for reply in self.running:
            if intact:
                session.runner.discard(reply.sequence_id)
            reply.closed()
            self.waiting.add(reply)
        self.running.clear()

    def clear(self, session: Session) -> None:
        """Give up every reply and free its blocks."""
        for reply in self.running:
            _release(session, reply)
        self.running.clear()
        self.waiting.clear()


def _release(session: Session, reply: Reply) -> None:
    session.runner.close(reply.sequence_id)
    reply.closed()


def open_sequence(session: Session, reply: Reply, running: Sequence[Reply]) -> tuple[int, bool]:
    """Begin a sequence: forked from a running one with the same beginning, or from the prefix cache.

    A cold one takes neither and gives none: it stands apart. Mutates: the pool of the target.

    Returns:
        Tokens that the cache holds of it, and whether it was forked.
    """
    runner = session.runner
    if reply.request.cold:
        return runner.open(reply.sequence_id, (), apart=True), False
    last = len(reply.tokens) - 1
    parent, shared = "", 0
    for other in running:
        if other is not reply and other.at is not None and not other.request.cold:
            table = runner.pool.tables()[other.sequence_id]
            same = common_prefix(other.tokens, reply.tokens, min(table.verified, last))
            same = runner.may_fork_at(same)
            if same > shared and runner.pool.can_fork(other.sequence_id, same):
                parent, shared = other.sequence_id, same
    hit = runner.open(reply.sequence_id, reply.tokens)
    if shared <= hit:
        return hit, False
    runner.close(reply.sequence_id)
    runner.pool.fork(parent, reply.sequence_id, shared)
    return shared, True
