"""Files that were still being read when the window closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helix_app.gui.chat.composing.attachments import ComingChip
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.attachments import AttachmentRead
from helix_app.protocol.conversations.chats import ChatsListed, KeepUnsent, UnsentOpened
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.fake import record

Make = Callable[..., MainWindow]
ONE = made_chat("one", question("q", "", "Why?"), answer("a", "q", "So."))
TWO = made_chat("two", question("p", "", "How?"))


def closed(window: MainWindow) -> dict[str, str]:
    window.close()
    return window.settings.unread_files


def test_they_are_read_again_with_the_draft_they_were_for(make_window: Make, window: MainWindow) -> None:
    FakeStore(window)
    window.chat.attaching.read(["/tmp/a.md", "/tmp/b.md", "/tmp/c.md"])
    window.on_event(AttachmentRead("a.md", "A"))
    window.chat.composer.findChildren(ComingChip)[-1].remove.click()
    kept = closed(window)
    assert kept == {"/tmp/b.md": ""}
    second = make_window(unread_files=kept)
    FakeStore(second)
    asked = record(second.read_requested)
    second.start()
    assert asked == []
    second.on_event(UnsentOpened("```a.md\nA\n```"))
    assert asked == ["/tmp/b.md"]
    assert second.settings.unread_files == {}
    second.on_event(AttachmentRead("b.md", "B"))
    assert second.chat.composer.text() == "```a.md\nA\n```\n\n```b.md\nB\n```"
    assert closed(second) == {}


def test_each_waits_for_its_own_conversation(make_window: Make, window: MainWindow) -> None:
    FakeStore(window, ONE, TWO)
    window.start()
    window.book.open("one")
    window.chat.attaching.read(["/tmp/a.md"])
    window.book.open("two")
    window.chat.attaching.read(["/tmp/b.md"])
    kept = closed(window)
    assert kept == {"/tmp/a.md": "one", "/tmp/b.md": "two"}
    second = make_window(unread_files={**kept, "/tmp/gone.md": "deleted"}, last_chat="two")
    FakeStore(second, ONE, TWO)
    asked = record(second.read_requested)
    second.start()
    second.on_event(UnsentOpened())
    assert asked == ["/tmp/b.md"]
    second.on_event(AttachmentRead("b.md", "B"))
    assert closed(second) == {"/tmp/a.md": "one"}  # nobody came back to it; a conversation that is gone needs none
    assert asked == ["/tmp/b.md"]


def test_what_came_for_a_first_message_that_was_left_is_kept_with_it(window: MainWindow) -> None:
    store = FakeStore(window, ONE)
    window.chat.attaching.read(["/tmp/a.md"])
    window.book.open("one")
    window.on_event(AttachmentRead("a.md", "A"))
    assert store.of(KeepUnsent)[-1] == KeepUnsent("```a.md\nA\n```")


@pytest.mark.parametrize("listed", [(), (ChatsListed((), kept=False),)], ids=["no list", "not kept"])
def test_they_wait_on_where_it_is_not_known_which_conversations_there_are(
    make_window: Make, listed: tuple[ChatsListed, ...]
) -> None:
    waiting = {"/tmp/a.md": "one", "/tmp/b.md": "two"}
    window = make_window(unread_files=waiting)
    for news in listed:
        window.on_event(news)
    assert closed(window) == waiting
