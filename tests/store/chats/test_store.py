"""One file, one writer: what is kept when programs end, meet, run out of room or are killed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import filelock
import pytest

from helix_app.base.process import paths
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    ExportChats,
    FindChats,
    GrowMessage,
)
from helix_app.store.chats import schema
from helix_app.store.chats.store import ChatStore, NotKept
from tests.store.chats.instruments import made

ROOT = Path(__file__).parents[3]


def files(store: ChatStore) -> bytes:
    """All bytes of the store on the disk."""
    return b"".join(path.read_bytes() for path in sorted(store.path.parent.glob("chats.db*")))


def test_it_lies_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    store = ChatStore()
    assert store.path == paths.data_dir() / "chats.db"
    assert store.path.exists()
    store.close()


def test_what_is_kept_is_there_the_next_time(store: ChatStore) -> None:
    chat = made.talk("a", "é🙂 question", "answer")
    store.apply(CreateChat(chat))
    before = store.chat("a")
    store.close()
    again = ChatStore(store.path)
    assert again.kept
    assert again.chat("a") == before
    assert again.entries()[0].title == "é🙂 question"
    again.close()


def test_deleted_conversations_come_back_until_the_end(store: ChatStore) -> None:
    for name in "ab":
        store.apply(CreateChat(made.talk(name, f"secret{name} question", "answer")))
    store.apply(ChangeChat("a", deleted=True))
    assert [entry.id for entry in store.entries()] == ["b"]
    assert store.chat("a") is None
    store.apply(ChangeChat("a", deleted=False))
    assert store.chat("a") is not None
    store.apply(ChangeChat("a", deleted=True))
    store.apply(DeleteMessage("b", "b-1"))
    store.close()
    assert b"secreta" not in files(store)  # for good, from index and free pages too
    assert b"secretb" in files(store)
    assert made.query(store.path, "SELECT chat FROM messages") == [("b",)]


def test_what_was_marked_when_the_program_was_killed_goes_at_the_next_start(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "secret question")))
    store.close()
    made.query(store.path, "UPDATE chats SET deleted = 1")
    ChatStore(store.path).close()
    assert made.query(store.path, "SELECT count(*) FROM messages") == [(0,)]
    assert b"secret" not in files(store)


def test_a_message_that_was_being_written_is_interrupted_and_found(store: ChatStore) -> None:
    reply = made.message("m", "half an answer", role="assistant", state="writing")
    store.apply(CreateChat(made.chat("a", reply)))
    store.close()
    again = ChatStore(store.path)
    chat = again.chat("a")
    assert chat is not None
    assert (chat.messages[0].state, chat.messages[0].text) == ("interrupted", "half an answer")
    assert again.find(FindChats("half")).hits[0].message == "m"
    again.close()


# --------------------------------------------------------------------------- two at once


def test_the_second_one_reads_and_takes_over_when_the_first_ends(store: ChatStore, tmp_path: Path) -> None:
    store.apply(CreateChat(made.talk("a", "question", "answer")))
    second = ChatStore(store.path)
    assert (store.kept, second.kept, second.trouble) == (True, False, None)
    assert second.entries() == store.entries()
    assert second.chat("a") == store.chat("a")
    assert second.find(FindChats("answer")).hits == store.find(FindChats("answer")).hits
    assert second.export(ExportChats(str(tmp_path / "x.txt"), "txt")) == 1
    with pytest.raises(NotKept):
        second.apply(ChangeChat("a", title="mine"))
    with pytest.raises(NotKept):
        second.import_(_exported(second, tmp_path))
    store.apply(ChangeChat("a", title="theirs"))
    assert second.entries()[0].title == "theirs"  # it reads what the first one writes
    assert not second.take_over()
    writing = made.message("w", "half", "a-1", "assistant", "writing")
    store.apply(AddMessage("a", writing))
    store.close()
    assert second.take_over()
    assert second.kept
    second.apply(ChangeChat("a", title="mine"))
    assert second.entries()[0].title == "mine"
    chat = second.chat("a")
    assert chat is not None
    assert chat.messages[-1].state == "interrupted"
    second.close()


def _exported(store: ChatStore, folder: Path) -> Path:
    path = folder / "all.json"
    store.export(ExportChats(str(path), "json"))
    return path


def test_a_reader_can_write_nothing_at_all(store: ChatStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even by a fault of ours: the connection itself refuses."""
    store.apply(CreateChat(made.talk("a", "question")))
    opened: list[sqlite3.Connection] = []
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(real(*a, **k)) or opened[-1])
    second = ChatStore(store.path)
    second.entries()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        opened[-1].execute("DELETE FROM chats")
    second.close()


def test_a_reader_before_anything_was_written(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    with filelock.FileLock(f"{path}.lock"):  # another Helix that has only just begun
        second = ChatStore(path)
        assert second.entries() == ()
        assert second.chat("a") is None
        assert second.find(FindChats("word")).hits == ()
        with pytest.raises(NotKept):
            second.apply(CreateChat(made.talk("a", "x")))
        other = ChatStore(tmp_path / "other.db")
        other.apply(CreateChat(made.talk("a", "question")))
        other.close()
        os.replace(other.path, path)  # what it made by now
        assert [entry.id for entry in second.entries()] == ["a"]
    second.close()


def test_closing_twice_is_fine(store: ChatStore) -> None:
    store.close()
    store.close()
    again = ChatStore(store.path)
    assert again.kept
    again.close()


# --------------------------------------------------------------------------- no room


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[sqlite3.Connection]]:
    """The connections that were made, to fill the disk for."""
    made_here: list[sqlite3.Connection] = []
    real = sqlite3.connect

    def connect(*args: object, **options: object) -> sqlite3.Connection:
        made_here.append(real(*args, **options))  # type: ignore[call-overload]
        return made_here[-1]

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        yield made_here


def test_a_full_disk_changes_nothing_and_may_be_tried_again(opened: list[sqlite3.Connection], tmp_path: Path) -> None:
    store = ChatStore(tmp_path / "chats.db")
    store.apply(CreateChat(made.talk("a", "question")))
    before = store.chat("a")
    (pages,) = opened[-1].execute("PRAGMA page_count").fetchone()
    opened[-1].execute(f"PRAGMA max_page_count = {pages}")
    large = AddMessage("a", made.message("m", "word " * 20_000, "a-0", second=1))
    with pytest.raises(NotKept) as failed:
        store.apply(large)
    assert failed.value.fields == {
        "folder": str(tmp_path),
        "reason": "the disk is full",
        "hint": "Make room on that disk.",
    }
    assert failed.value.code == "chats_not_kept"
    assert store.chat("a") == before
    assert store.kept
    opened[-1].execute("PRAGMA max_page_count = 100000")
    store.apply(large)
    chat = store.chat("a")
    assert chat is not None
    assert len(chat.messages) == 2
    store.close()


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    store = ChatStore(tmp_path / "x" / "chats.db")
    assert not store.kept
    assert store.trouble is not None
    assert store.trouble.fields["folder"] == str(tmp_path / "x")
    assert store.entries() == ()
    with pytest.raises(NotKept):
        store.apply(CreateChat(made.talk("a", "x")))
    assert not store.take_over()
    (tmp_path / "x").unlink()
    assert store.take_over()
    assert store.trouble is None
    store.apply(CreateChat(made.talk("a", "x")))
    assert len(store.entries()) == 1
    store.close()


def test_a_start_on_a_full_disk_leaves_no_file_that_looks_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(db: sqlite3.Connection, path: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "chats.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "prepare", full)
        store = ChatStore(path)
        assert store.trouble is not None
        assert not path.exists()
        assert not store.take_over()
    assert store.take_over()
    assert store.take_recovered() is None
    assert not list(tmp_path.glob("*damaged*"))
    store.close()


def test_a_damaged_file_stays_where_it_is_while_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(db: sqlite3.Connection, path: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "chats.db"
    path.write_bytes(b"no database")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "prepare", full)
        store = ChatStore(path)
        assert store.trouble is not None
        assert path.read_bytes() == b"no database"
        assert not list(tmp_path.glob("*damaged*"))
        assert not list(tmp_path.glob("*.new*"))
    assert store.take_over()
    recovered = store.take_recovered()
    assert recovered is not None
    assert recovered.path.read_bytes() == b"no database"
    store.close()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_only_be_read(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "question")))
    store.close()
    store.path.parent.chmod(0o500)
    try:
        again = ChatStore(store.path)
        assert again.trouble is not None
        assert [entry.id for entry in again.entries()] == ["a"]
        again.close()
    finally:
        store.path.parent.chmod(0o700)


def test_a_request_that_meets_a_busy_file_is_not_damage(store: ChatStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    store.apply(CreateChat(made.talk("a", "question")))
    with monkeypatch.context() as patch:
        patch.setattr(schema, "done_in", locked)
        with pytest.raises(NotKept):
            store.apply(ChangeChat("a", title="t"))
    assert store.take_recovered() is None
    assert store.entries()[0].title == "question"


def test_a_fault_of_ours_is_no_full_disk(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "question")))
    with pytest.raises(sqlite3.IntegrityError):
        store.apply(CreateChat(made.chat("b", made.message("a-0", "the same id"))))
    assert [entry.id for entry in store.entries()] == ["a"]
    assert store.kept


# --------------------------------------------------------------------------- killed


def killed_while_writing(path: Path, times: int) -> None:
    """Kill a program that writes, and see that only what it had not said to be kept may be missing."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for time in range(times):
        command = [sys.executable, "-m", "tests.store.chats.instruments.writer", str(path), f"c{time}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as program:
            assert program.stdout is not None
            said = [program.stdout.readline() for _ in range(20 + 7 * time)]
            program.kill()
            said += program.stdout.readlines()
        last = int([line for line in said if line.endswith("\n")][-1])
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        store = ChatStore(path)
        assert store.kept  # the lock went with the program
        assert store.take_recovered() is None
        chat = store.chat(f"c{time}")
        assert chat is not None
        written = [int(number) for number in chat.messages[1].text.split()]
        assert written == list(range(len(written)))
        assert written[-1] in (last, last + 1)
        assert chat.messages[1].state == "interrupted"
        assert [hit.entry.id for hit in store.find(FindChats(f"{last - 1} {last}")).hits].count(f"c{time}") == 1
        assert len(store.entries()) == time + 1
        store.close()


def test_a_program_that_is_killed_loses_nothing_it_had_kept(tmp_path: Path) -> None:
    killed_while_writing(tmp_path / "chats.db", 3)


@pytest.mark.soak
def test_a_program_that_is_killed_often(tmp_path: Path) -> None:
    killed_while_writing(tmp_path / "chats.db", 20)


def test_a_reply_survives_what_comes_late(store: ChatStore) -> None:
    """The end of a message brings all of it, whatever was lost before."""
    reply = made.message("m", "", role="assistant", state="writing")
    store.apply(CreateChat(made.chat("a", reply)))
    store.apply(GrowMessage("m", "one "))
    store.close()
    again = ChatStore(store.path)
    again.apply(GrowMessage("m", "two "))  # it counts as interrupted
    again.apply(EndMessage("m", "one two three", "done"))
    chat = again.chat("a")
    assert chat is not None
    assert (chat.messages[0].text, chat.messages[0].state) == ("one two three", "done")
    again.close()
