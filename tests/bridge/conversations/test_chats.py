"""Kept conversations on a thread of their own: begun late, told in order, and done before the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from helix_app.bridge.conversations.chats import Chats
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    ChatOpened,
    ChatsListed,
    CreateChat,
    EndMessage,
    GrowMessage,
    ListChats,
    OpenChat,
)
from helix_app.protocol.events import Notice
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made

Kind = TypeVar("Kind")


class Desk:
    """A window at the bridge.

    Attributes:
        open: set for the store to be opened: what is asked before waits in the queue.
    """

    def __init__(self, path: Path, qtbot: QtBot) -> None:
        self.path = path
        self.open = threading.Event()
        self.open.set()
        self.opened_on: list[QThread] = []
        self.bridge = Chats(self.store)
        self.news: list[object] = []
        self.heard_on: set[QThread] = set()
        self.bridge.news.connect(self.on_news)
        self._qtbot = qtbot

    def store(self) -> ChatStore:
        assert self.open.wait(20)
        self.opened_on.append(QThread.currentThread())
        return ChatStore(self.path)

    def on_news(self, news: list[object]) -> None:
        self.heard_on.add(QThread.currentThread())
        self.news += news

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [news for news in self.news if isinstance(news, kind)]

    def wait_for(self, kind: type[Kind], count: int = 1) -> Kind:
        self._qtbot.waitUntil(lambda: len(self.of(kind)) >= count, timeout=20_000)
        return self.of(kind)[-1]


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    made_desk = Desk(tmp_path / "data" / "chats.db", qtbot)
    yield made_desk
    made_desk.open.set()
    made_desk.bridge.shutdown()
    assert not made_desk.bridge.thread_.isRunning()


def test_the_thread_begins_with_the_first_request(desk: Desk) -> None:
    assert not desk.bridge.thread_.isRunning()
    assert not desk.path.parent.exists()
    desk.bridge.ask(ListChats())
    assert desk.wait_for(ChatsListed) == ChatsListed((), kept=True)
    assert desk.bridge.thread_.objectName() == "helix-chats"
    assert desk.opened_on == [desk.bridge.thread_]
    assert desk.heard_on == {QThread.currentThread()}


def test_many_changes_in_a_row_tell_the_list_once(desk: Desk) -> None:
    desk.open.clear()
    for number in range(20):
        desk.bridge.ask(CreateChat(made.talk(f"c{number}", "question", second=number)))
    desk.open.set()
    desk.bridge.ask(OpenChat("c19"))
    desk.wait_for(ChatOpened)
    desk.wait_for(ChatsListed)
    (listed,) = desk.of(ChatsListed)
    assert len(listed.entries) == 20


def test_answers_come_in_order(desk: Desk) -> None:
    for number in range(5):
        desk.bridge.ask(CreateChat(made.talk(f"c{number}", "question")))
        desk.bridge.ask(OpenChat(f"c{number}"))
    desk.wait_for(ChatOpened, 5)
    assert [opened.id for opened in desk.of(ChatOpened)] == [f"c{number}" for number in range(5)]
    assert all(opened.chat is not None for opened in desk.of(ChatOpened))


def test_a_growing_message_tells_no_list(desk: Desk) -> None:
    desk.bridge.ask(CreateChat(made.chat("a", made.message("m", "", role="assistant", state="writing"))))
    desk.wait_for(ChatsListed)
    for _ in range(10):
        desk.bridge.ask(GrowMessage("m", "more "))
    desk.bridge.ask(OpenChat("a"))
    opened = desk.wait_for(ChatOpened)
    assert opened.chat is not None
    assert opened.chat.messages[0].text == "more " * 10
    assert len(desk.of(ChatsListed)) == 1


def test_all_that_was_asked_is_done_before_the_end(desk: Desk) -> None:
    desk.open.clear()
    desk.bridge.ask(CreateChat(made.chat("a", made.message("m", "", role="assistant", state="writing"))))
    desk.bridge.ask(CreateChat(made.talk("gone", "question")))
    for number in range(50):
        desk.bridge.ask(GrowMessage("m", f"{number} "))
    desk.bridge.ask(EndMessage("m", "all of it", "done"))
    desk.bridge.ask(AddMessage("a", made.message("last", "one more", "m")))
    desk.bridge.ask(ChangeChat("gone", deleted=True))
    desk.open.set()
    desk.bridge.shutdown()
    assert not desk.bridge.thread_.isRunning()
    assert made.query(desk.path, "SELECT id, text, state FROM messages") == [
        ("m", "all of it", "done"),
        ("last", "one more", "done"),
    ]
    assert made.query(desk.path, "SELECT id FROM chats") == [("a",)]
    assert not desk.path.with_name("chats.db-wal").exists()
    assert [len(listed.entries) for listed in desk.of(ChatsListed)] == [1]  # told, although the thread has ended


def test_after_the_end_nothing_is_begun(desk: Desk) -> None:
    desk.bridge.shutdown()
    desk.bridge.ask(ListChats())
    desk.bridge.shutdown()
    assert not desk.bridge.thread_.isRunning()
    assert not desk.path.parent.exists()


def test_the_next_window_may_write_at_once(desk: Desk, qtbot: QtBot) -> None:
    desk.bridge.ask(CreateChat(made.talk("a", "question")))
    desk.bridge.shutdown()
    other = Desk(desk.path, qtbot)
    other.bridge.ask(ListChats())
    listed = other.wait_for(ChatsListed)
    assert (listed.kept, [entry.id for entry in listed.entries]) == (True, ["a"])
    other.bridge.shutdown()


def test_two_windows_at_once(desk: Desk, qtbot: QtBot) -> None:
    desk.bridge.ask(CreateChat(made.talk("a", "question")))
    desk.wait_for(ChatsListed)
    other = Desk(desk.path, qtbot)
    other.bridge.ask(ListChats())
    assert not other.wait_for(ChatsListed).kept
    assert [notice.code for notice in other.of(Notice)] == ["chats_elsewhere"]
    desk.bridge.shutdown()
    other.bridge.ask(CreateChat(made.talk("b", "question")))
    assert other.wait_for(ChatsListed, 2).kept
    assert [notice.code for notice in other.of(Notice)] == ["chats_elsewhere", "chats_kept_again"]
    other.bridge.shutdown()


def test_what_could_not_be_written_is_written_at_the_end(desk: Desk) -> None:
    desk.path.parent.write_text("a file in its place")
    desk.bridge.ask(CreateChat(made.talk("a", "question")))
    assert not desk.wait_for(ChatsListed).kept
    assert [notice.code for notice in desk.of(Notice)] == ["chats_not_kept"]
    desk.path.parent.unlink()
    desk.bridge.shutdown()
    assert made.query(desk.path, "SELECT id FROM chats") == [("a",)]
    assert [notice.code for notice in desk.of(Notice)] == ["chats_not_kept", "chats_kept_again"]
