"""A damaged file: it is set aside, and all that can still be read of it goes into a new one.

Tables are walked by ranges of row numbers. Where a range cannot be read to its end, the rest of it is halved until only
rows are left out that cannot be read themselves. Messages that have lost the one before them are put behind the last
one of their conversation, and conversations that have lost everything but messages are made anew.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from helix_app.base.files import replacing
from helix_app.protocol.conversations.chats import Chat, ChatEntry, Message, MessageState, Role
from helix_app.store.chats import schema, tree

log = logging.getLogger(__name__)

_UNKNOWN_LAST = 50_000  # rows that are looked for where nothing says how many there are
_MOST_FAILURES = 500_000  # of ranges, each a few microseconds
_COLUMNS = {
    "chats": ("id", "title", "named", "created", "updated", "pinned", "folder", "leaf", "draft", "settings", "deleted"),
    "messages": ("id", "chat", "parent", "role", "state", "created", "model", "text", "details"),
    "runs": ("message", "size", "created", "document"),
    "unsent": ("draft", "settings"),
}
_NUMBERS = frozenset({"named", "pinned", "deleted", "size"})


@dataclass(frozen=True)
class Recovered:
    """What became of a damaged file: what could be read of it, and where it is kept."""

    chats: int
    messages: int
    path: Path


def recover(path: Path, why: Exception) -> Recovered:
    """Put a new file in the place of a damaged one, with all that can be read of that; no connection may be open.

    Raises:
        OSError, sqlite3.OperationalError: there is no room for it, and the damaged file is where it was; or that is set
            aside and the new one is ready, for ``finish``.
    """
    log.error("%s is damaged (%s)", path, why)
    new = _new(path)
    _remove(new)
    try:
        with closing(schema.connect(new)) as db:
            schema.prepare(db, new)
            chats, messages = schema.done_in(db, lambda new_db: _copy(path, new_db))
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode = DELETE")  # so that it is one file, to be renamed
        aside = _set_aside(path)
    except BaseException:
        if path.exists():
            _remove(new)
        raise
    replacing.replace(new, path)
    return _told(Recovered(chats, messages, aside))


def finish(path: Path) -> Recovered | None:
    """Put the new file in its place, where a recovery was cut off after it had set the damaged one aside.

    Returns:
        What became of the damaged file; None where there is nothing to finish.

    Raises:
        OSError: it cannot be renamed.
    """
    new = _new(path)
    asides = [each for each in path.parent.glob(f"{path.name}.damaged-*") if _stamp(each).isdigit()]
    unfinished = any(Path(f"{new}{end}").exists() for end in ("-wal", "-journal"))
    if path.exists() or not asides or not new.exists() or unfinished:
        return None
    aside = max(asides, key=lambda each: int(_stamp(each)))
    _set_logs_aside(path, aside)  # else they would be taken for the new file's
    replacing.replace(new, path)
    try:
        with closing(schema.connect(path, "mode=ro")) as db:
            return _told(Recovered(*_counts(db), aside))
    except sqlite3.Error:  # whoever opens it comes upon that as well
        return None


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _told(recovered: Recovered) -> Recovered:
    found, name = (recovered.chats, recovered.messages), recovered.path.name
    log.error("%d conversations and %d messages could be read; the file is kept as %s", *found, name)
    return recovered


def _set_aside(path: Path) -> Path:
    stamp = int(time.time())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    while aside.exists():
        stamp += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
    replacing.replace(path, aside)
    _set_logs_aside(path, aside)
    return aside


def _stamp(aside: Path) -> str:
    return aside.name.rpartition("-")[2]


def _set_logs_aside(path: Path, aside: Path) -> None:
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            replacing.replace(f"{path}{end}", f"{aside}{end}")


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def _counts(db: sqlite3.Connection) -> tuple[int, int]:
    """How many conversations and messages there are."""
    chats = db.execute("SELECT count(*) FROM chats WHERE NOT deleted").fetchone()[0]
    return int(chats), int(db.execute("SELECT count(*) FROM messages").fetchone()[0])


def _copy(path: Path, new: sqlite3.Connection) -> tuple[int, int]:
    """How many conversations and messages could be read and are in the new file now."""
    try:
        old = schema.connect(path, "mode=ro")
        old.execute("PRAGMA writable_schema = ON")  # else nothing is read of a file that is cut off
        old.text_factory = lambda data: data.decode("utf-8", "replace")
    except sqlite3.Error:
        return 0, 0
    with closing(old):
        try:
            tables = {row[0] for row in old.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError:
            return 0, 0
        found = {table: _rows(old, table) if table in tables else iter(()) for table in _COLUMNS}
        deleted = [row["id"] for row in found["chats"] if _add_chat(new, row) and row["deleted"]]
        _add_messages(new, found["messages"])
        for row in found["runs"]:
            new.execute(
                "INSERT OR IGNORE INTO runs (message, size, created, document) "
                "SELECT id, ?, ?, ? FROM messages WHERE id = ?",
                (len(row["document"]), row["created"], row["document"], row["message"]),
            )
        for row in found["unsent"]:
            tree.keep_unsent(new, row["draft"], row["settings"])
    _settle(new)
    for chat_id in deleted:
        new.execute("UPDATE chats SET deleted = 1 WHERE id = ?", (chat_id,))
    return _counts(new)


def _add_chat(new: sqlite3.Connection, row: dict[str, Any]) -> bool:
    if not row["id"] or tree.has_chat(new, row["id"]):
        return False
    entry = ChatEntry(
        row["id"],
        row["title"],
        row["created"],
        row["updated"],
        bool(row["pinned"]),
        row["folder"],
        bool(row["named"]),
    )
    tree.insert_chat(new, Chat(entry, (), row["leaf"], row["draft"], row["settings"]))
    return True


def _add_messages(new: sqlite3.Connection, rows: Iterator[dict[str, Any]]) -> None:
    """In the order of writing, so that a message whose parent is not there yet has lost it."""
    chat_of: dict[str, str] = {}
    last: dict[str, str] = {}
    made: set[str] = set()
    for row in rows:
        chat_id, message_id = row["chat"], row["id"]
        sound = row["role"] in get_args(Role) and row["state"] in get_args(MessageState)
        if not sound or not message_id or not chat_id or message_id in chat_of:
            continue
        if chat_id not in last and not tree.has_chat(new, chat_id):
            tree.insert_chat(new, Chat(ChatEntry(chat_id, "", row["created"], row["created"])))
            made.add(chat_id)
        message = Message(
            message_id,
            row["parent"],
            row["role"],
            row["text"].rstrip("\0"),  # what a file that was cut off has instead of the rest
            row["created"],
            row["state"],
            row["model"],
            row["details"],
        )
        if message.parent and chat_of.get(message.parent) != chat_id:
            message = replace(message, parent=last.get(chat_id, ""))
        tree.insert_message(new, chat_id, message)
        if chat_id in made:
            new.execute("UPDATE chats SET updated = ? WHERE id = ?", (message.created, chat_id))
        chat_of[message_id] = chat_id
        last[chat_id] = message_id


def _settle(new: sqlite3.Connection) -> None:
    """Give each conversation a last message that is there, and a title where it has none."""
    for chat_id, leaf, title in new.execute("SELECT id, leaf, title FROM chats").fetchall():
        last = new.execute("SELECT id FROM messages WHERE chat = ? ORDER BY number DESC LIMIT 1", (chat_id,)).fetchone()
        if not tree.has_message(new, chat_id, leaf):
            new.execute("UPDATE chats SET leaf = ? WHERE id = ?", (last[0] if last else "", chat_id))
        if not title:
            tree.make_title(new, chat_id)


# --------------------------------------------------------------------------- reading


def _rows(db: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """The rows that can be read, by their numbers; one whose values are of other types than they should be cannot."""
    columns = _COLUMNS[table]
    for row in _readable(db, f"SELECT number, {', '.join(columns)} FROM {table}", _last(db, table)):
        named = dict(zip(columns, row[1:]))
        if all(isinstance(value, _kind(name)) for name, value in named.items()):
            yield named


def _kind(column: str) -> type:
    if column == "document":
        return bytes
    return int if column in _NUMBERS else str


def _readable(db: sqlite3.Connection, select: str, last: int) -> Iterator[tuple[Any, ...]]:
    ranges, failures = [(1, last)], 0
    while ranges and failures < _MOST_FAILURES:
        start, high = ranges.pop()
        low = start
        # for one row a query of its own: a range is looked at beyond its end, and a row is lost with the one behind it
        where = "number = ?" if start == high else "number BETWEEN ? AND ? ORDER BY number"
        try:
            for row in db.execute(f"{select} WHERE {where}", (start, high)[: where.count("?")]):
                if not isinstance(row[0], int) or row[0] < low:
                    raise schema.Damaged("rows are out of order")
                low = row[0] + 1
                yield row
        except sqlite3.DatabaseError:
            failures += 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]
            elif start < low == high:
                ranges.append((low, high))


def _last(db: sqlite3.Connection, table: str) -> int:
    """A number that no row of the table is beyond."""
    found = []
    for question in (
        f"SELECT max(number) FROM {table}",
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
        f"SELECT max(number) FROM {table} INDEXED BY sqlite_autoindex_{table}_1",
    ):
        with suppress(sqlite3.DatabaseError):
            row = db.execute(question).fetchone()
            if row is not None and isinstance(row[0], int):
                found.append(row[0])
    return max(found) if found else _UNKNOWN_LAST
