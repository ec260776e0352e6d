"""What is written while another Helix has the file of conversations: nothing of it is lost when that one has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.bridge.conversations.chat_keeper import ChatKeeper
from helix_app.protocol.conversations.chats import (
    ChangeChat,
    ChatOpened,
    ChatsFailed,
    ChatsListed,
    CreateChat,
    EndMessage,
    OpenChat,
)
from helix_app.store.chats.store import ChatStore
from tests.gui.chats.test_book import KEPT, Told, write, writing_of


@pytest.fixture
def told(qapp: object) -> Told:
    return Told()


def two_of(path: Path) -> tuple[ChatStore, ChatKeeper]:
    """The store of another Helix, which has the file, with a conversation in it; and the keeper of this one."""
    other = ChatStore(path)
    other.apply(CreateChat(KEPT))
    return other, ChatKeeper(lambda: ChatStore(path))


@pytest.mark.parametrize("last", ["c", ""], ids=["kept before", "new"])
def test_what_is_written_beside_another_helix_is_kept_whole_when_that_has_ended(
    told: Told, tmp_path: Path, last: str
) -> None:
    other, keeper = two_of(tmp_path / "chats.db")

    def play() -> list[str]:
        """Do what was asked, and hear of it; the codes of what failed."""
        said = [one for asked in told.take() for one in keeper.do(asked)] + keeper.listed()
        for news in said:
            told.book.handlers().get(type(news), lambda _: None)(news)
        return [news.failed.code for news in said if isinstance(news, ChatsFailed)]

    told.book.start(last)
    play()
    write(told)
    talk = told.book.current
    play()
    told.book.end(writing_of(told), "Because.", "length", "{}")
    play()
    told.book.new()
    told.book.open(talk.id)
    assert told.book.current is talk  # the store knows less of it
    told.book.again(talk.leaf, "Because.")
    talk.change(talk.leaf, text="Because of light.", state="done", details="{}")
    other.close()
    told.book.add("user", "And?")
    assert (play(), play()) == ([], [])
    told.book.add("assistant", "Then.")
    assert play() == []
    (opened,) = keeper.do(OpenChat(talk.id))
    assert isinstance(opened, ChatOpened)
    assert opened.chat is not None
    assert opened.chat.messages == talk.chat().messages
    assert opened.chat.leaf == talk.leaf
    keeper.close()


def test_a_reply_that_was_kept_and_went_on_beside_another_helix_is_handed_on(told: Told) -> None:
    told.book.open("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=False))
    told.book.again("a", "So.")
    told.book.current.change("a", text="So it is.", state="done", details="{}")
    told.book.new()
    told.take()
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=True))
    asked = told.take()
    assert EndMessage("a", "So it is.", "done", "{}") in asked
    assert asked[-1] == ChangeChat("c", leaf="a")
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=True))
    assert told.take() == []
    assert [entry.id for entry in told.book.entries] == ["c"]


@pytest.mark.parametrize("ended", [True, False], ids=["complete", "still written"])
def test_a_run_of_the_first_part_goes_once_a_reply_went_on_beside_another_helix(
    told: Told, tmp_path: Path, ended: bool
) -> None:
    other, keeper = two_of(tmp_path / "chats.db")
    other.keep_run("a", b"of the first part")
    told.book.open("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=False))
    told.book.again("a", "So.")
    if ended:
        told.book.current.change("a", text="So it is.", state="done", details="{}")
    for asked in told.take():
        keeper.do(asked)
    other.close()
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=True))
    for asked in told.take():
        keeper.do(asked)
    (opened,) = keeper.do(OpenChat("c"))
    assert isinstance(opened, ChatOpened)
    assert opened.chat is not None
    assert opened.chat.runs == ()
    assert opened.chat.messages[-1].state == ("done" if ended else "writing")
    keeper.close()


def test_what_could_not_be_kept_comes_back_when_its_deletion_is_undone(told: Told) -> None:
    told.book.on_listed(ChatsListed((), kept=False))
    write(told)
    told.book.end(writing_of(told), "Because.", "done", "{}")
    talk = told.book.current
    told.book.delete(talk.id)
    assert told.book.current is not talk
    told.book.undo()
    assert told.book.current is talk
    told.take()
    told.book.on_listed(ChatsListed((), kept=True))
    assert CreateChat(talk.chat()) in told.take()
