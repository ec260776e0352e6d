"""The truth about conversations: what is asked of the store, and what is shown."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.writing import Writing
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    ChatAsked,
    ChatOpened,
    ChatsFound,
    ChatsListed,
    CopyChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    FindChats,
    GrowMessage,
    ListChats,
    OpenChat,
)
from helix_app.protocol.requests import GenerateRequest
from tests.gui.chats import made_chats
from tests.gui.fake import record

KEPT = made_chats.chat("c", made_chats.question("q", "", "Why?"), made_chats.answer("a", "q", "So."), draft="and")


class Told:
    """A book, and what it asked."""

    def __init__(self) -> None:
        self.book = ChatBook()
        self.asked: list[ChatAsked] = []
        self.book.asked.connect(self.asked.append)

    def take(self) -> list[ChatAsked]:
        """What was asked since the last time."""
        out, self.asked[:] = list(self.asked), []
        return out


@pytest.fixture
def told(qapp: object) -> Told:
    return Told()


def write(told: Told) -> str:
    """Ask, and let a reply begin; id of its message."""
    ask = told.book.add("user", "Why?")
    reply = told.book.add("assistant", "", ask.id, "writing", "m")
    told.book.begin(Writing(GenerateRequest("r"), told.book.current, reply.id))
    return reply.id


def writing_of(told: Told) -> Writing:
    """What ``write`` began."""
    return told.book.writings["r"]


def test_it_starts_with_the_list_and_what_was_shown_last(told: Told) -> None:
    told.book.start()
    assert told.take() == [ListChats()]
    told.book.start("c")
    assert told.take() == [ListChats(), OpenChat("c")]
    shown = record(told.book.current_changed)
    told.book.on_opened(ChatOpened("c", KEPT))
    assert shown == [""]
    assert (told.book.current.id, told.book.current.draft) == ("c", "and")


def test_only_the_conversation_that_was_asked_for_last_is_shown(told: Told) -> None:
    told.book.open("c")
    told.book.open("d")
    told.book.on_opened(ChatOpened("c", KEPT))
    assert told.book.current.id != "c"
    told.take()
    listed = record(told.book.listed)
    told.book.on_opened(ChatOpened("d", None))  # it is gone
    assert told.take() == [ListChats()]
    assert len(listed) == 1
    assert not told.book.current.known
    told.book.open("c")
    told.book.new()
    told.book.on_opened(ChatOpened("c", KEPT))
    assert told.book.current.id == "c"  # asked for after the new one was shown already


def test_what_was_asked_for_and_deleted_before_it_came_is_not_shown(told: Told) -> None:
    shown = told.book.current
    told.book.open("c")
    told.book.delete("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    assert told.book.current is shown


def test_the_store_hears_of_a_conversation_with_its_first_message(told: Told) -> None:
    told.book.new()
    assert told.take() == []
    first = told.book.add("user", "Why?")
    (created,) = told.take()
    assert isinstance(created, CreateChat)
    assert (created.chat.messages, created.chat.leaf) == ((first,), first.id)
    second = told.book.add("assistant", "So.", first.id)
    assert told.take() == [AddMessage(told.book.current.id, second)]


def test_a_reply_is_kept_as_it_grows(told: Told, qtbot: QtBot) -> None:
    reply = write(told)
    told.take()
    told.book.grow(writing_of(told), "one ")
    told.book.grow(writing_of(told), "two")
    assert told.take() == []
    qtbot.waitUntil(lambda: bool(told.asked))
    assert told.take() == [GrowMessage(reply, "one two")]
    told.book.grow(writing_of(told), " three")
    told.book.keep()
    told.book.keep()
    assert told.take() == [GrowMessage(reply, " three")]
    told.book.end(writing_of(told), "one two three.", "done", "{}")
    assert told.take() == [EndMessage(reply, "one two three.", "done", "{}")]
    assert told.book.current.message(reply).text == "one two three."
    assert told.book.writing is None
    assert not told.book.writings


def test_a_reply_goes_on_while_another_conversation_is_shown(told: Told) -> None:
    reply = write(told)
    talk = told.book.current
    told.book.open("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    assert told.book.writing is None
    told.book.grow(writing_of(told), "text")
    told.take()
    told.book.open(talk.id)  # it is not asked of the store, which knows less
    assert told.take() == []
    assert told.book.current is talk
    assert told.book.writing is writing_of(told)
    told.book.open("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    told.take()
    told.book.end(writing_of(told), "text", "done", "")
    assert told.take() == [EndMessage(reply, "text", "done", "")]


def test_versions_are_chosen(told: Told) -> None:
    first = told.book.add("user", "one")
    second = told.book.add("user", "two", "")
    changed = record(told.book.way_changed)
    told.take()
    told.book.step(second.id, -1)
    assert told.take() == [ChangeChat(told.book.current.id, leaf=first.id)]
    assert len(changed) == 1


def test_deleting_a_message_and_undo(told: Told) -> None:
    said = record(told.book.deleted)
    ask = told.book.add("user", "Why?")
    reply = told.book.add("assistant", "So.", ask.id)
    told.take()
    told.book.remove(reply.id)
    chat_id = told.book.current.id
    assert told.take() == [DeleteMessage(chat_id, reply.id, ask.id)]
    assert said == [""]
    told.book.undo()
    assert told.take() == [AddMessage(chat_id, reply), ChangeChat(chat_id, leaf=reply.id)]
    assert told.book.current.leaf == reply.id
    told.book.undo()  # there is nothing more
    assert told.take() == []


@pytest.mark.parametrize("kept", [True, False], ids=["written in", "in memory alone"])
def test_messages_come_back_into_a_conversation_that_the_store_does_not_have_all_of(told: Told, kept: bool) -> None:
    told.book.kept = kept
    ask = told.book.add("user", "Why?")
    reply = told.book.add("assistant", "So.", ask.id)
    told.book.remove(reply.id)
    if kept:
        write(told)
    talk = told.book.current
    told.book.new()
    told.take()
    told.book.undo()
    assert told.take()[:2] == [AddMessage(talk.id, reply), ChangeChat(talk.id, leaf=reply.id)]
    assert told.book.current is talk
    assert talk.path() == [ask, reply]


def test_deleting_the_last_message_is_deleting_the_conversation(told: Told) -> None:
    ask = told.book.add("user", "Why?")
    chat_id = told.book.current.id
    told.take()
    told.book.remove(ask.id)
    assert told.take() == [ChangeChat(chat_id, deleted=True)]
    assert told.book.current.id != chat_id
    told.book.undo()
    assert told.take() == [ChangeChat(chat_id, deleted=False), OpenChat(chat_id)]


def test_a_conversation_that_is_being_written_goes_when_its_reply_has_ended(told: Told) -> None:
    stops = record(told.book.stop_requested)
    reply = write(told)
    chat_id = told.book.current.id
    told.take()
    told.book.delete(chat_id)
    assert (told.take(), len(stops)) == ([], 1)
    told.book.end(writing_of(told), "so far", "stopped", "")
    assert told.take() == [EndMessage(reply, "so far", "stopped", ""), ChangeChat(chat_id, deleted=True)]


def test_several_that_are_deleted_come_back_together(told: Told) -> None:
    said: list[tuple[str, int]] = []
    told.book.deleted.connect(lambda title, count: said.append((title, count)))
    reply = write(told)
    written = told.book.current.id
    told.book.on_listed(ChatsListed((made_chats.entry("a", "First"), made_chats.entry("b"))))
    told.take()
    told.book.delete("a", written, "b")
    assert told.take() == [ChangeChat("a", deleted=True), ChangeChat("b", deleted=True)]
    told.book.end(writing_of(told), "so far", "stopped", "")
    assert told.take() == [EndMessage(reply, "so far", "stopped", ""), ChangeChat(written, deleted=True)]
    assert said == [("First", 2), ("First", 3)]
    told.book.undo()
    back = [ChangeChat(name, deleted=False) for name in ("a", "b", written)]
    assert told.take() == [*back, OpenChat("a")]
    assert not told.book.can_undo


def test_what_is_undone_is_what_was_said_to_be_deleted_last(told: Told) -> None:
    write(told)
    written = told.book.current.id
    told.book.on_listed(ChatsListed((made_chats.entry("a"), made_chats.entry("c"))))
    told.book.delete("a", written)
    told.book.delete("c")
    said: list[int] = []
    told.book.deleted.connect(lambda _title, count: said.append(count))
    told.book.end(writing_of(told), "so far", "stopped", "")
    assert said == [2]
    told.take()
    told.book.undo()
    assert told.take()[:-1] == [ChangeChat(name, deleted=False) for name in ("a", written)]
    told.book.undo()
    assert told.take()[:-1] == [ChangeChat("c", deleted=False)]


def test_what_is_undone_before_its_reply_has_ended_stays(told: Told) -> None:
    reply = write(told)
    told.take()
    told.book.delete("a", told.book.current.id)
    told.book.undo()
    told.take()
    told.book.end(writing_of(told), "so far", "stopped", "")
    assert told.take() == [EndMessage(reply, "so far", "stopped", "")]


def test_what_was_refused_was_never_there(told: Told) -> None:
    ask = told.book.add("user", "Why?")
    chat_id = told.book.current.id
    told.take()
    told.book.take_back(ask.id)
    assert told.take() == [ChangeChat(chat_id, deleted=True)]
    assert not told.book.current.known
    told.book.undo()
    assert told.take() == []


def test_what_was_refused_is_not_listed_where_nothing_can_be_kept(told: Told) -> None:
    told.book.on_listed(ChatsListed((), kept=False))
    ask = told.book.add("user", "Why?")
    told.book.add("assistant", "", ask.id)
    told.book.take_back(ask.id)
    told.book.on_listed(ChatsListed((), kept=False))
    assert told.book.entries == ()
    told.take()
    told.book.on_listed(ChatsListed((), kept=True))
    assert told.take() == []


def test_only_the_answer_to_the_last_search_counts(told: Told) -> None:
    found = record(told.book.found)
    told.book.find("one")
    told.book.find("two")
    assert told.take() == [FindChats("one", 1), FindChats("two", 2)]
    told.book.on_found(ChatsFound(1, "one", ()))
    assert found == []
    told.book.on_found(ChatsFound(2, "two", ()))
    assert found == [ChatsFound(2, "two", ())]
    told.book.find("  ")
    assert told.take() == []
    told.book.on_found(ChatsFound(2, "two", ()))
    assert len(found) == 1


def test_what_is_typed_stays_with_its_conversation(told: Told) -> None:
    told.book.keep_draft("unsent")
    fresh = told.book.current
    assert told.take() == []  # the store does not know this one yet
    told.book.open("c")
    told.book.on_opened(ChatOpened("c", KEPT))
    told.book.keep_draft("more")
    told.book.keep_draft("more")
    assert told.take()[1:] == [ChangeChat("c", draft="more")]
    told.book.new()
    assert told.book.current is fresh
    assert told.book.current.draft == "unsent"


def test_two_conversations_are_written_at_once(told: Told) -> None:
    first, talk = write(told), told.book.current
    told.book.new()
    ask = told.book.add("user", "And?")
    second = told.book.add("assistant", "", ask.id, "writing", "m").id
    told.book.begin(Writing(GenerateRequest("s"), told.book.current, second))
    told.take()
    for name, text in (("r", "one "), ("s", "eins "), ("r", "two")):
        told.book.grow(told.book.writings[name], text)
    told.book.keep()
    assert told.take() == [GrowMessage(first, "one two"), GrowMessage(second, "eins ")]
    assert told.book.writing is told.book.writings["s"]
    stops = record(told.book.stop_requested)
    told.book.delete(talk.id)
    assert stops == [writing_of(told)]
    told.book.end(writing_of(told), "one two", "stopped", "{}")
    assert told.take() == [
        EndMessage(first, "one two", "stopped", "{}"), ChangeChat(talk.id, deleted=True),
    ]  # fmt: skip
    told.book.grow(told.book.writings["s"], "zwei")
    told.book.keep()
    assert told.take() == [GrowMessage(second, "zwei")]
    told.book.open(talk.id)
    told.book.stop(told.book.current.id)
    assert [writing.message_id for writing in stops] == [first, second]


def test_a_reply_that_is_written_further_is_kept_as_it_grows(told: Told) -> None:
    reply = write(told)
    told.book.end(writing_of(told), "Half", "stopped", "{}")
    told.take()
    told.book.again(reply, "Half")
    assert told.take() == [EndMessage(reply, "Half", "writing", "{}")]


def test_what_is_in_memory_alone_is_listed_opened_and_handed_on(told: Told) -> None:
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=False))
    told.book.add("user", "  Only in\n memory ")
    loose = told.book.current
    assert [entry.title for entry in told.book.entries] == ["Only in memory", "Chat c"]
    told.book.new()
    told.take()
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=False))
    assert [entry.id for entry in told.book.entries] == [loose.id, "c"]
    told.book.open(loose.id)
    assert told.book.current is loose
    assert told.take() == []
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=True))  # another Helix has ended
    assert told.take() == [CreateChat(loose.chat())]
    told.book.on_listed(ChatsListed((loose.entry(), KEPT.entry), kept=True))
    assert told.take() == []
    assert [entry.id for entry in told.book.entries] == [loose.id, "c"]


def test_what_was_begun_before_nothing_could_be_kept_is_handed_on(told: Told) -> None:
    told.book.add("user", "Why?")
    talk = told.book.current
    told.take()
    told.book.on_listed(ChatsListed((), kept=False))
    assert [entry.id for entry in told.book.entries] == [talk.id]
    told.book.on_listed(ChatsListed((), kept=True))
    assert told.take() == [CreateChat(talk.chat())]


def test_list_copy_and_change(told: Told) -> None:
    listed = record(told.book.listed)
    told.book.on_listed(ChatsListed((KEPT.entry,), kept=False))
    assert (len(listed), told.book.kept, told.book.entry("c"), told.book.entry("x")) == (1, False, KEPT.entry, None)
    told.book.copy("c", "q")
    copied, opened = told.take()
    assert isinstance(copied, CopyChat)
    assert isinstance(opened, OpenChat)
    assert (copied.id, copied.upto, copied.new_id) == ("c", "q", opened.id)
    told.book.change("c", title="Sky", pinned=True, folder="Work")
    assert told.take() == [ChangeChat("c", title="Sky", pinned=True, folder="Work")]
