"""The file itself: versions, how it is written, and an index that is in step with the messages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.protocol.conversations.chats import (
    ChangeChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    GrowMessage,
    KeepUnsent,
    UnsentOpened,
)
from helix_app.store.chats import schema
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made


def indexed(path: Path, word: str) -> list[int]:
    """Numbers of the messages that the index has for a word, whether or not they are there."""
    rows = made.query(
        path, "SELECT rowid FROM message_words WHERE message_words MATCH ? ORDER BY rowid", (f'"{word}"',)
    )
    return [row[0] for row in rows]


@pytest.fixture
def db(tmp_path: Path):
    with closing(schema.connect(tmp_path / "x.db")) as made_db:
        schema.prepare(made_db, tmp_path / "x.db")
        yield made_db


def test_it_is_written_as_it_should(db: sqlite3.Connection) -> None:
    told = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert told == {"journal_mode": "wal", "synchronous": 1}
    for name in ("secure_delete", "foreign_keys"):
        assert db.execute(f"PRAGMA {name}").fetchone()[0] == 1
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
    assert db.execute("PRAGMA busy_timeout").fetchone()[0] >= 1000


def test_preparing_again_changes_nothing(db: sqlite3.Connection, tmp_path: Path) -> None:
    before = db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    schema.prepare(db, tmp_path / "x.db")
    assert db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before


def test_an_older_file_is_brought_to_today(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(schema.STEPS)
    steps = (*schema.STEPS, "ALTER TABLE chats ADD COLUMN colour TEXT;\nCREATE TABLE more (x);\n")
    monkeypatch.setattr(schema, "STEPS", steps)
    schema.prepare(db, tmp_path / "x.db")
    assert schema.version(db) == before + 1
    assert db.execute("SELECT colour FROM chats").fetchall() == db.execute("SELECT x FROM more").fetchall() == []


def test_a_step_that_fails_leaves_the_file_as_it_was(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(schema.STEPS)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, "CREATE TABLE more (x);\nCREATE TABLE more (x);\n"))
    with pytest.raises(sqlite3.OperationalError):
        schema.prepare(db, tmp_path / "x.db")
    assert schema.version(db) == before
    assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchone() is None


def test_a_file_of_the_first_version_keeps_all_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "chats.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", schema.STEPS[:1])
        old = ChatStore(path)
        made.fill(old, 2, 3, 40)
        before = [old.chat(entry.id) for entry in old.entries()]
        old.close()
    assert made.query(path, "PRAGMA user_version")[0][0] == 1
    store = ChatStore(path)
    assert store.take_recovered() is None
    assert [store.chat(entry.id) for entry in store.entries()] == before
    store.apply(KeepUnsent("not sent yet"))
    assert store.unsent() == UnsentOpened("not sent yet")
    store.close()


def test_a_later_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    ChatStore(path).close()
    made.query(path, "DROP TABLE runs")  # it may look otherwise
    made.query(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(HelixError) as failed:
            ChatStore(path)
        assert (failed.value.code, failed.value.fields["path"]) == ("store_newer", str(path))
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*damaged*"))


def test_a_message_is_indexed_when_it_ends(store: ChatStore) -> None:
    writing = made.message("m2", "begun", "m1", "assistant", "writing")
    store.apply(CreateChat(made.chat("a", made.message("m1", "question"), writing)))
    assert indexed(store.path, "begun") == []
    store.apply(GrowMessage("m2", " and grown"))
    assert (indexed(store.path, "question"), indexed(store.path, "grown")) == ([1], [])
    store.apply(EndMessage("m2", "begun and ended", "done"))
    assert (indexed(store.path, "begun"), indexed(store.path, "ended"), indexed(store.path, "grown")) == ([2], [2], [])
    store.apply(EndMessage("m2", "changed", "stopped"))
    assert (indexed(store.path, "ended"), indexed(store.path, "changed")) == ([], [2])


def test_a_message_that_ends_with_the_same_text_stays_in_the_index(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "question")))
    for state in ("done", "stopped"):
        store.apply(EndMessage("a-0", "question", state))  # type: ignore[arg-type]
        assert indexed(store.path, "question") == [1]


def test_what_is_deleted_leaves_the_index(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "secret question", "secret answer", "secret again")))
    store.apply(CreateChat(made.talk("b", "secret elsewhere")))
    assert indexed(store.path, "secret") == [1, 2, 3, 4]
    store.apply(DeleteMessage("a", "a-1"))
    assert indexed(store.path, "secret") == [1, 4]
    store.apply(ChangeChat("a", deleted=True))
    store.close()
    assert indexed(store.path, "secret") == [4]
    assert indexed(store.path, "question") == []
    assert made.query(store.path, "SELECT name FROM chores") == []  # not even in old parts of it
    assert made.query(store.path, "SELECT count(DISTINCT segid) FROM message_words_idx") == [(1,)]


def test_numbers_are_not_given_again(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "one", "two words")))
    store.apply(DeleteMessage("a", "a-1"))
    made.add(store, "a", made.message("new", "three words", "a-0"))
    assert made.query(store.path, "SELECT number FROM messages ORDER BY number") == [(1,), (3,)]


@pytest.mark.parametrize(
    ("error", "damage"),
    [
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.DatabaseError("file is not a database"), True),
        (schema.Damaged("row 3 missing from index"), True),
        (sqlite3.OperationalError("no such table: chats"), True),
        (sqlite3.OperationalError("vtable constructor failed: message_words"), True),
        (sqlite3.OperationalError("database is locked"), False),
        (sqlite3.OperationalError("database or disk is full"), False),
        (sqlite3.OperationalError("attempt to write a readonly database"), False),
        (sqlite3.OperationalError("disk I/O error"), False),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), False),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), False),
    ],
)
def test_what_is_damage(error: sqlite3.Error, damage: bool) -> None:
    assert schema.is_damage(error) is damage


def test_half_of_a_transaction_is_not_kept(db: sqlite3.Connection) -> None:
    def work(half: sqlite3.Connection) -> None:
        half.execute("CREATE TABLE half (x)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        schema.done_in(db, work)
    assert not db.in_transaction
    assert db.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone() is None


def test_the_index_is_rewritten_a_piece_at_a_time(store: ChatStore) -> None:
    """Also when the program was ended before all of it was."""
    made.fill(store, 20, 10, 1000)
    for number in range(20):
        store.apply(DeleteMessage(f"c{number}", f"c{number}-9"))
    with closing(schema.connect(store.path)) as db:
        assert not schema.tidy(db, 0.0)
        assert db.execute("SELECT name FROM chores").fetchall() == [("index",)]
        assert schema.tidy(db, 60.0)
        assert db.execute("SELECT name FROM chores").fetchall() == []
        segments = db.execute("SELECT count(DISTINCT segid) FROM message_words_idx").fetchone()[0]
        assert segments == 1  # nothing of the old parts is left
        assert schema.tidy(db, 0.0)
    assert len(indexed(store.path, "message")) == 180
