"""What the file looks like: its tables, their versions, and how a connection to it is made.

Messages are indexed by three characters each (FTS5's trigram tokenizer), for that finds parts of words in any script.
The index has no copy of the text. Triggers keep it in step with the messages, but for one that is being written: it is
indexed when it ends, not at each piece of text. Numbers are given once, so that they are the order of writing and no
entry of the index ever means another message.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from helix_app.base.errors import HelixError

T = TypeVar("T")
TABLES = ("chats", "messages", "runs", "chores", "message_words", "unsent")
_SINCE = {"unsent": 2}  # the version that first had a table
CACHE_KB = 32 * 1024  # most that is kept of the file in memory: short words are looked for in all messages
_TIDY_PAGES = 200  # of the index, at a time: some hundredths of a second
_WAIT_SECONDS = 5.0  # for another connection that writes or reads at the same moment
_FIRST = """
CREATE TABLE chats (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    named INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    folder TEXT NOT NULL,
    leaf TEXT NOT NULL,
    draft TEXT NOT NULL,
    settings TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    parent TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX messages_of_chat ON messages (chat);
CREATE INDEX messages_being_written ON messages (state) WHERE state = 'writing';
CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL UNIQUE REFERENCES messages (id) ON DELETE CASCADE,
    size INTEGER NOT NULL,
    created TEXT NOT NULL,
    document BLOB NOT NULL
);
CREATE TABLE chores (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE message_words USING fts5 (text, content = '', columnsize = 0, tokenize = 'trigram');
CREATE TRIGGER message_added AFTER INSERT ON messages WHEN new.state <> 'writing' BEGIN
    INSERT INTO message_words (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER message_gone AFTER DELETE ON messages WHEN old.state <> 'writing' BEGIN
    INSERT INTO message_words (message_words, rowid, text) VALUES ('delete', old.number, old.text);
END;
CREATE TRIGGER message_changed AFTER UPDATE OF state, text ON messages BEGIN
    INSERT INTO message_words (message_words, rowid, text)
        SELECT 'delete', old.number, old.text WHERE old.state <> 'writing';
    INSERT INTO message_words (rowid, text) SELECT new.number, new.text WHERE new.state <> 'writing';
END;
"""
_SECOND = """
CREATE TABLE unsent (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    draft TEXT NOT NULL,
    settings TEXT NOT NULL
);
"""
STEPS = (_FIRST, _SECOND)  # step n makes version n + 1 of version n
_DAMAGE = re.compile(r"no such (table|column)|vtable constructor failed|fts5|malformed|Could not decode")
_PROBE = "SELECT rowid FROM message_words WHERE message_words MATCH '\"abc\"' LIMIT 1"


class Damaged(sqlite3.DatabaseError):
    """The file holds something else than it should."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it says that the file is damaged, rather than busy, full or not to be written."""
    if isinstance(error, sqlite3.OperationalError):
        return _DAMAGE.search(str(error)) is not None
    return type(error) is sqlite3.DatabaseError or isinstance(error, Damaged)


def connect(path: Path, options: str = "") -> sqlite3.Connection:
    """A connection that begins its transactions itself. ``options`` are those of SQLite's URIs, such as ``mode=ro``."""
    place = f"{path.absolute().as_uri()}?{options}" if options else str(path)
    return sqlite3.connect(place, timeout=_WAIT_SECONDS, isolation_level=None, uri=bool(options))


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make a connection one that writes, and bring the file to today's version.

    Raises:
        HelixError: ``store_newer``: a later Helix wrote it; nothing of it was changed.
        sqlite3.DatabaseError: it is damaged (``is_damage``), or cannot be written.
    """
    found = version(db)
    if found > len(STEPS):
        raise HelixError("store_newer", path=path)
    db.execute("PRAGMA journal_mode = WAL")
    for pragma in ("synchronous = NORMAL", "secure_delete = ON", "foreign_keys = ON", f"cache_size = -{CACHE_KB}"):
        db.execute(f"PRAGMA {pragma}")
    for number, step in enumerate(STEPS[found:], found + 1):
        with transaction(db):
            for statement in _statements(step):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")


def check(db: sqlite3.Connection) -> None:
    """Raise Damaged, or what SQLite raises, for a file that is not whole. One of a later version is not looked into."""
    if version(db) > len(STEPS):
        return
    told = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if told != "ok":
        raise Damaged(told)
    if version(db):
        for table in (name for name in TABLES if _SINCE.get(name, 1) <= version(db)):
            db.execute(_PROBE if table == "message_words" else f"SELECT 1 FROM {table} LIMIT 1").fetchall()
    elif db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None:
        raise Damaged("it is another database, or has lost its version")


def version(db: sqlite3.Connection) -> int:
    """The version of the file; 0 where nothing is in it yet."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def empty() -> sqlite3.Connection:
    """A connection to nothing at all, which looks like a file without conversations."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for step in STEPS:
        db.executescript(step)
    db.execute("PRAGMA query_only = ON")
    return db


def note_deleted(db: sqlite3.Connection) -> None:
    """Words of deleted messages are still in old parts of the index: remember that they are to be rewritten."""
    db.execute("INSERT OR IGNORE INTO chores (name) VALUES ('index')")


def tidy(db: sqlite3.Connection, seconds: float) -> bool:
    """Rewrite the index without what was deleted, as far as this time goes; whether nothing is left to do."""
    if db.execute("SELECT 1 FROM chores WHERE name = 'index'").fetchone() is None:
        return True
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with transaction(db):
            before = db.total_changes
            db.execute("INSERT INTO message_words (message_words, rank) VALUES ('merge', ?)", (-_TIDY_PAGES,))
            if db.total_changes - before < 2:  # as FTS5 tells that there is nothing to merge
                db.execute("DELETE FROM chores WHERE name = 'index'")
                return True
    return False


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """What is done within is kept as a whole, or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk may have ended it already
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        raise


def done_in(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """What ``work`` gives, done in one transaction."""
    with transaction(db):
        return work(db)


def _statements(script: str) -> Iterator[str]:
    """Its statements one by one, for ``executescript`` would commit what was begun."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
