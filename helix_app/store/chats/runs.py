"""Recorded runs of replies, as blobs beside their messages; the oldest go when all together are too large."""

from __future__ import annotations

import sqlite3

from helix_app.store.chats.tree import now

RUNS_BYTES = 256 * 2**20  # of all runs together


def keep(db: sqlite3.Connection, message_id: str, blob: bytes, most: int) -> None:
    """Keep the run of a message in place of an older one, if the message is there and ``most`` bytes are enough."""
    drop(db, message_id)
    if len(blob) > most:
        return
    db.execute(
        "INSERT INTO runs (message, size, created, document) SELECT id, ?, ?, ? FROM messages WHERE id = ?",
        (len(blob), now(), blob, message_id),
    )
    total = int(db.execute("SELECT coalesce(sum(size), 0) FROM runs").fetchone()[0])
    for number, size in db.execute("SELECT number, size FROM runs ORDER BY number").fetchall():
        if total <= most:
            break
        db.execute("DELETE FROM runs WHERE number = ?", (number,))
        total -= size


def run(db: sqlite3.Connection, message_id: str) -> bytes | None:
    """The run of a message; None where none is kept."""
    row = db.execute("SELECT document FROM runs WHERE message = ?", (message_id,)).fetchone()
    return None if row is None else bytes(row[0])


def drop(db: sqlite3.Connection, message_id: str) -> None:
    """Forget the run of a message."""
    db.execute("DELETE FROM runs WHERE message = ?", (message_id,))
