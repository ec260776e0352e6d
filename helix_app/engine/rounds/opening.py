"""How a reply's sequence begins: with as much as possible of what the cache holds already."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.rounds.queue import Entry
from helix_app.engine.rounds.reply import Reply
from helix_app.engine.rounds.session import Session, common_prefix


def open_sequence(session: Session, reply: Reply, running: Sequence[Entry]) -> tuple[int, bool]:
    """Begin a sequence: forked from a running one with the same beginning, or from the prefix cache.

    A cold one takes neither and gives none: it stands apart. Mutates: the pool of the target.

    Returns:
        Tokens that the cache holds of it, and whether it was forked.
    """
    runner = session.runner
    if reply.request.cold:
        return runner.open(reply.name, (), reply.name, apart=True), False
    last = len(reply.tokens) - 1
    parent, shared = "", 0
    for entry in running:
        if entry.reply is not reply and entry.at is not None and not entry.reply.request.cold:
            table = runner.pool.tables()[entry.name]
            same = common_prefix(entry.reply.tokens, reply.tokens, min(table.verified, last))
            if same > shared:
                parent, shared = entry.name, same
    hit = runner.open(reply.name, reply.tokens, reply.name)
    if shared <= hit:
        return hit, False
    runner.close(reply.name)
    runner.pool.fork(parent, reply.name, shared, reply.name)
    return shared, True
