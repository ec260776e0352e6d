"""Recorded runs beside their messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.protocol.conversations.chats import CreateChat, DeleteMessage, EndMessage
from helix_app.store.chats import runs
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made


@pytest.fixture
def store(tmp_path: Path):
    made_store = ChatStore(tmp_path / "chats.db", runs_bytes=100)
    made_store.apply(CreateChat(made.talk("a", "q", "a", "q", "a")))
    yield made_store
    made_store.close()


def test_a_run_is_kept_replaced_and_dropped(store: ChatStore) -> None:
    assert store.run("a-1") is None
    store.keep_run("a-1", b"\x00\xffrun")
    assert store.run("a-1") == b"\x00\xffrun"
    store.keep_run("a-1", b"other")
    assert store.run("a-1") == b"other"
    store.drop_run("a-1")
    store.drop_run("a-1")
    assert store.run("a-1") is None


def test_the_oldest_go_when_all_are_too_large(store: ChatStore) -> None:
    for number in range(3):
        store.keep_run(f"a-{number}", b"x" * 40)
    assert [store.run(f"a-{number}") is not None for number in range(3)] == [False, True, True]
    store.keep_run("a-1", b"y" * 40)  # the newest now
    store.keep_run("a-3", b"z" * 60)
    assert [store.run(f"a-{number}") for number in range(4)] == [None, b"y" * 40, None, b"z" * 60]


def test_one_that_is_larger_than_all_may_be_is_not_kept_and_takes_nothing_away(store: ChatStore) -> None:
    store.keep_run("a-0", b"x" * 100)
    store.keep_run("a-1", b"x" * 101)
    assert store.run("a-0") is not None
    assert store.run("a-1") is None


def test_a_run_goes_with_its_message(store: ChatStore) -> None:
    store.keep_run("a-1", b"run")
    store.apply(DeleteMessage("a", "a-0"))
    assert store.run("a-1") is None
    assert made.query(store.path, "SELECT count(*) FROM runs") == [(0,)]
    store.keep_run("gone", b"run")
    assert made.query(store.path, "SELECT count(*) FROM runs") == [(0,)]


def test_a_run_goes_when_its_message_is_written_further(store: ChatStore) -> None:
    for number in (1, 3):
        store.keep_run(f"a-{number}", b"run")
    store.apply(EndMessage("a-1", "So far", "length"))
    assert store.run("a-1") == b"run"
    store.apply(EndMessage("a-1", "So far", "writing"))
    store.apply(EndMessage("a-1", "So far and further", "done"))
    assert store.run("a-1") is None
    assert store.run("a-3") == b"run"


def test_a_person_s_disk_is_not_filled() -> None:
    assert runs.RUNS_BYTES == 256 * 1024 * 1024
