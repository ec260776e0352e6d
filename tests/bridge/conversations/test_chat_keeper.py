"""Requests of a window when all is well, when nothing can be written, and when another Helix has the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from helix_app.bridge.conversations.chat_keeper import ChatKeeper, Said
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    ChatAsked,
    ChatOpened,
    ChatsExported,
    ChatsFailed,
    ChatsFound,
    ChatsImported,
    ChatsListed,
    CopyChat,
    CreateChat,
    EndMessage,
    ExportChats,
    FindChats,
    GrowMessage,
    ImportChats,
    KeepRun,
    KeepUnsent,
    ListChats,
    OpenChat,
    OpenRun,
    OpenUnsent,
    RunOpened,
    UnsentOpened,
)
from helix_app.protocol.events import Notice
from helix_app.store.chats.store import ChatStore
from tests.runs.made_runs import made_run
from tests.store.chats.instruments import made


class Desk:
    """A keeper, and what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keeper = ChatKeeper(lambda: ChatStore(path))

    def do(self, *asked: ChatAsked) -> list[Said]:
        """Do requests in a row; the list follows the last of them."""
        said = [one for request in asked for one in self.keeper.do(request)]
        return said + self.keeper.listed()


def codes(said: list[Said]) -> list[str]:
    """The kinds of news, and the codes of notices and failures."""
    return [
        one.code
        if isinstance(one, Notice)
        else f"failed {one.failed.code}"
        if isinstance(one, ChatsFailed)
        else type(one).__name__
        for one in said
    ]


def kept(said: list[Said]) -> tuple[bool, list[str]]:
    """Of the list that was told last: whether things are kept, and the ids."""
    listed = [one for one in said if isinstance(one, ChatsListed)][-1]
    return listed.kept, [entry.id for entry in listed.entries]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made_desk = Desk(tmp_path / "data" / "chats.db")
    yield made_desk
    made_desk.keeper.close()


def test_every_request_is_answered(desk: Desk, tmp_path: Path) -> None:
    said = desk.do(CreateChat(made.talk("a", "question", "answer")))
    assert (codes(said), kept(said)) == (["ChatsListed"], (True, ["a"]))
    (opened,) = desk.do(OpenChat("a"))
    assert isinstance(opened, ChatOpened)
    assert opened.chat is not None
    assert [one.text for one in opened.chat.messages] == ["question", "answer"]
    assert desk.do(OpenChat("x")) == [ChatOpened("x", None)]
    (found,) = desk.do(FindChats("answer", 3))
    assert isinstance(found, ChatsFound)
    assert (found.number, [hit.message for hit in found.hits]) == (3, ["a-1"])
    path = str(tmp_path / "x.json")
    assert desk.do(ExportChats(path, "json")) == [ChatsExported(path, 1)]
    said = desk.do(ImportChats(path))
    assert codes(said) == ["ChatsImported", "ChatsListed"]
    assert isinstance(said[0], ChatsImported)
    assert set(kept(said)[1]) == {"a", *said[0].ids}
    assert codes(desk.do(CopyChat("a", "b"))) == ["ChatsListed"]
    assert codes(desk.do(ListChats())) == ["ChatsListed"]


def test_the_list_is_told_first_and_then_only_after_changes(desk: Desk) -> None:
    assert codes(desk.do(OpenChat("x"))) == ["ChatOpened", "ChatsListed"]
    assert codes(desk.do(OpenChat("x"))) == ["ChatOpened"]
    writing = made.message("m", "", role="assistant", state="writing")
    assert codes(desk.do(CreateChat(made.chat("a")), AddMessage("a", writing))) == ["ChatsListed"]
    assert desk.do(GrowMessage("m", "one ")) == []
    assert codes(desk.do(EndMessage("m", "one two", "done"))) == ["ChatsListed"]


def test_what_fails_is_told_and_the_next_request_is_done(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    for asked, code in (
        (CopyChat("x", "y"), "chat_gone"),
        (AddMessage("x", made.message("m")), "chat_gone"),
        (ImportChats(str(tmp_path / "bad.json")), "chats_import_failed"),
        (ExportChats(str(tmp_path / "no" / "x"), "txt"), "chats_export_failed"),
        (ExportChats(str(tmp_path / "x"), "txt", ("gone",)), "chat_gone"),
    ):
        assert codes(desk.keeper.do(asked)) == [f"failed {code}"]
    assert kept(desk.do(CreateChat(made.talk("a", "q")))) == (True, ["a"])


def test_a_fault_of_ours_is_told(tmp_path: Path) -> None:
    keeper = ChatKeeper(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert codes(keeper.do(OpenChat("a"))) == ["failed internal"]
    assert codes(keeper.do("no request")) == ["failed internal"]  # type: ignore[arg-type]
    assert keeper.close() == []


# --------------------------------------------------------------------------- nothing can be written


def test_changes_wait_for_a_folder_that_cannot_be_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    said = desk.do(CreateChat(made.talk("a", "question")))
    assert (codes(said), kept(said)) == (["chats_not_kept", "ChatsListed"], (False, []))
    assert isinstance(said[0], Notice)
    fields = dict(said[0].fields)
    assert list(fields) == ["folder", "reason", "hint"]
    assert fields["folder"] == str(tmp_path / "data")
    assert fields["reason"]
    writing = made.message("m", "", "a-0", "assistant", "writing", second=1)
    assert "chats_not_kept" not in codes(desk.do(AddMessage("a", writing), GrowMessage("m", "half")))  # told once
    assert codes(desk.do(GrowMessage("m", " and"))) == []
    assert desk.do(OpenChat("a")) == [ChatOpened("a", None)]
    (tmp_path / "data").unlink()
    said = desk.do(EndMessage("m", "half and half", "done"))
    assert codes(said) == ["chats_kept_again", "ChatsListed"]
    assert kept(said) == (True, ["a"])
    (opened,) = desk.do(OpenChat("a"))
    assert isinstance(opened, ChatOpened)
    assert opened.chat is not None
    assert [one.text for one in opened.chat.messages] == ["question", "half and half"]


def test_any_request_tries_again(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    desk.do(CreateChat(made.talk("a", "question")))
    (tmp_path / "data").unlink()
    said = desk.do(OpenChat("a"))
    assert codes(said) == ["chats_kept_again", "ChatOpened", "ChatsListed"]
    assert kept(said) == (True, ["a"])


def test_the_end_tries_again(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    desk.do(CreateChat(made.talk("a", "question")))
    (tmp_path / "data").unlink()
    assert codes(desk.keeper.close()) == ["chats_kept_again"]
    assert made.query(desk.path, "SELECT id FROM chats") == [("a",)]


def test_the_end_comes_although_nothing_can_be_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    desk.do(CreateChat(made.talk("a", "question")))
    assert desk.keeper.close() == []
    assert (tmp_path / "data").read_text() == "a file in its place"


def test_a_full_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller changes wait, too, so that all stay in their order."""
    opened: list[sqlite3.Connection] = []
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(real(*a, **k)) or opened[-1])
    desk.do(CreateChat(made.talk("a", "question")))
    (pages,) = opened[-1].execute("PRAGMA page_count").fetchone()
    opened[-1].execute(f"PRAGMA max_page_count = {pages}")
    large = made.message("m", "word " * 20_000, "a-0", "assistant", second=1)
    said = desk.do(AddMessage("a", large))
    assert (codes(said), kept(said)) == (["chats_not_kept", "ChatsListed"], (False, ["a"]))
    assert isinstance(said[0], Notice)
    assert dict(said[0].fields)["reason"] == "the disk is full"
    said = desk.do(ChangeChat("a", title="Renamed"))
    assert (codes(said), kept(said)) == (["ChatsListed"], (False, ["a"]))
    listed = said[-1]
    assert isinstance(listed, ChatsListed)
    assert listed.entries[0].title == "question"
    opened[-1].execute("PRAGMA max_page_count = 100000")
    said = desk.do(ListChats())
    assert codes(said) == ["chats_kept_again", "ChatsListed"]
    listed = said[-1]
    assert isinstance(listed, ChatsListed)
    assert (listed.entries[0].title, listed.entries[0].messages, listed.kept) == ("Renamed", 2, True)


def test_a_held_change_that_fails_for_another_reason_does_not_hold_up_the_rest(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    desk.do(AddMessage("gone", made.message("m")), CreateChat(made.talk("a", "question")))
    (tmp_path / "data").unlink()
    said = desk.do(ListChats())
    assert codes(said) == ["failed chat_gone", "chats_kept_again", "ChatsListed"]
    assert kept(said) == (True, ["a"])


def test_an_import_is_not_held(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps([{"role": "user", "content": "hi"}]))
    (tmp_path / "data").write_text("a file in its place")
    assert codes(desk.do(ImportChats(str(path)))) == ["chats_not_kept", "failed chats_not_kept", "ChatsListed"]
    (tmp_path / "data").unlink()
    assert codes(desk.do(ImportChats(str(path)))) == ["chats_kept_again", "ChatsImported", "ChatsListed"]


# --------------------------------------------------------------------------- another Helix


def test_while_another_helix_has_the_file_changes_are_dropped(desk: Desk, tmp_path: Path) -> None:
    other = ChatStore(desk.path)
    other.apply(CreateChat(made.talk("theirs", "question")))
    said = desk.do(ListChats())
    assert (codes(said), kept(said)) == (["chats_elsewhere", "ChatsListed"], (False, ["theirs"]))
    said = desk.do(CreateChat(made.talk("dropped", "q")))
    assert (codes(said), kept(said)) == (["ChatsListed"], (False, ["theirs"]))
    assert codes(desk.do(OpenChat("theirs"))) == ["ChatOpened"]
    assert codes(desk.do(ImportChats(str(tmp_path / "x.json")))) == ["failed chats_elsewhere"]
    other.close()
    assert codes(desk.do(OpenChat("theirs"))) == ["ChatOpened"]  # only a change takes over
    said = desk.do(CreateChat(made.talk("mine", "q", second=1)))
    assert (codes(said), kept(said)) == (["chats_kept_again", "ChatsListed"], (True, ["mine", "theirs"]))
    third = ChatStore(desk.path)
    assert not third.kept
    third.close()


def test_what_waits_is_not_dropped_by_another_helix(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    desk.do(CreateChat(made.talk("held", "q")))
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    with filelock.FileLock(f"{desk.path}.lock"):
        assert "chats_elsewhere" in codes(desk.do(CreateChat(made.talk("dropped", "q"))))
    said = desk.do(ListChats())
    assert (codes(said), kept(said)) == (["chats_kept_again", "ChatsListed"], (True, ["held"]))


# --------------------------------------------------------------------------- other files


def test_a_damaged_file_is_told(desk: Desk) -> None:
    desk.path.parent.mkdir()
    desk.path.write_bytes(b"no database")
    said = desk.do(ListChats())
    assert codes(said) == ["chats_recovered", "ChatsListed"]
    assert isinstance(said[0], Notice)
    fields = dict(said[0].fields)
    assert (fields["chats"], fields["messages"]) == ("0", "0")
    assert Path(fields["path"]).read_bytes() == b"no database"
    assert codes(desk.do(ListChats())) == ["ChatsListed"]


def test_a_file_of_a_later_helix(desk: Desk, tmp_path: Path) -> None:
    ChatStore(desk.path).close()
    made.query(desk.path, "PRAGMA user_version = 99")
    said = desk.do(ListChats())
    assert (codes(said), kept(said)) == (["failed store_newer", "ChatsListed"], (False, []))
    assert codes(desk.do(CreateChat(made.talk("a", "q")))) == ["ChatsListed"]  # held; said once
    assert codes(desk.do(OpenChat("a"))) == ["failed store_newer"]
    desk.path.rename(tmp_path / "moved away.db")
    said = desk.do(ListChats())
    assert (codes(said), kept(said)) == (["chats_kept_again", "ChatsListed"], (True, ["a"]))


# ------------------------------------------------------------------------------ runs of replies


def test_the_run_of_a_reply_is_kept_and_comes_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "chats.db")
    talk = made.talk("c", "Why?", "So.")
    reply = talk.messages[-1].id
    items = tuple((item.seconds, item.event) for item in made_run(6).items)
    desk.do(CreateChat(talk), KeepRun(reply, items))
    assert desk.keeper.do(OpenRun(reply)) == [RunOpened(reply, items)]
    assert desk.keeper.do(OpenRun("nobody")) == [RunOpened("nobody")]
    (opened,) = desk.keeper.do(OpenChat("c"))
    assert isinstance(opened, ChatOpened)
    assert opened.chat is not None
    assert opened.chat.runs == (reply,)
    desk.keeper.close()


def test_a_run_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    store = ChatStore(tmp_path / "chats.db")
    talk = made.talk("c", "Why?", "So.")
    store.apply(CreateChat(talk))
    store.keep_run(talk.messages[-1].id, b"no run")
    store.close()
    desk = Desk(tmp_path / "chats.db")
    reply = talk.messages[-1].id
    assert desk.keeper.do(OpenRun(reply)) == [RunOpened(reply)]
    desk.keeper.close()


def test_a_run_that_cannot_be_kept_is_let_go_without_a_word(tmp_path: Path) -> None:
    first = ChatStore(tmp_path / "chats.db")
    desk = Desk(tmp_path / "chats.db")
    desk.do(ListChats())
    assert desk.keeper.do(KeepRun("a", tuple((item.seconds, item.event) for item in made_run(3).items))) == []
    desk.keeper.close()
    first.close()


def test_what_was_never_sent_comes_back_and_tells_no_list(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "chats.db")
    assert codes(desk.do(OpenUnsent())) == ["UnsentOpened", "ChatsListed"]
    assert desk.do(KeepUnsent("half a thought", '{"seed": 7}')) == []
    desk.keeper.close()
    again = Desk(tmp_path / "chats.db")
    assert again.do(OpenUnsent())[0] == UnsentOpened("half a thought", '{"seed": 7}')
    again.keeper.close()
