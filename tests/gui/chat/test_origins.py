"""Token origins in the chat: off by default, for all replies or for one, while they are written and after."""

from __future__ import annotations

import pytest

from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import KeepRun
from helix_app.protocol.events import RoundDone
from tests.gui.chats.made_chats import FakeStore
from tests.gui.driver import Driver
from tests.runs.made_runs import made_run

pytestmark = pytest.mark.styled


def begin(window: MainWindow, chat: Driver, rounds: int = 30) -> list[object]:
    """Ask; the events of the answer."""
    request = chat.ask("Why?")
    return [item.event for item in made_run(rounds, name=request.request_id).items[2:]]


def play(window: MainWindow, chat: Driver, rounds: int = 30) -> Reply:
    """Ask and answer."""
    for event in begin(window, chat, rounds):
        window.on_event(event)
    window.chat.flush()
    return chat.reply


def test_off_by_default_and_then_nothing_is_asked_for(window: MainWindow, chat: Driver) -> None:
    reply = play(window, chat)
    assert reply.tokens is None
    assert chat.requests[-1].alternatives == 0
    assert not window.actions_.ghosts.isEnabled()
    assert reply.body.isVisible()


def test_the_menu_turns_all_replies_into_tokens_and_back(window: MainWindow, chat: Driver) -> None:
    first, second = play(window, chat), play(window, chat, 12)
    window.actions_.origins.trigger()
    for reply in (first, second):
        assert reply.tokens is not None
        assert reply.tokens.isVisible()
        assert "".join(token.text for token in reply.tokens.view.trace.tokens) == reply.source()
        assert reply._footer.tokens.isChecked()  # type: ignore[union-attr]
    third = play(window, chat, 5)
    assert chat.requests[-1].alternatives == 3
    assert third.tokens is not None
    window.actions_.origins.trigger()
    for reply in (first, second, third):
        assert reply.tokens is None
        assert reply.body.isVisible()
        assert reply.text_blocks()
    play(window, chat)
    assert chat.requests[-1].alternatives == 0


def test_one_reply_alone(window: MainWindow, chat: Driver) -> None:
    first, second = play(window, chat), play(window, chat, 12)
    text = [block.text() for block in first.text_blocks()]
    first._footer.tokens.trigger()  # type: ignore[union-attr]
    assert first.tokens is not None
    assert second.tokens is None
    first._footer.tokens.trigger()  # type: ignore[union-attr]
    assert first.tokens is None
    assert [block.text() for block in first.text_blocks()] == text


def test_a_reply_can_be_watched_as_tokens(window: MainWindow, chat: Driver) -> None:
    window.actions_.origins.trigger()
    written = begin(window, chat)
    for event in written[:40]:
        window.on_event(event)
    window.chat.flush()
    body = chat.reply.tokens
    assert body is not None
    shown = len(set(body.view.flow.tokens))
    assert shown == len(body.view.trace.tokens) > 3
    assert chat.reply.renders == 0  # its Markdown was never laid out
    rest = [event for event in written[40:] if isinstance(event, RoundDone)]
    window.on_event(rest[0])  # a round that gave no text yet, such as half a character
    window.chat.flush()
    assert len(set(body.view.flow.tokens)) == shown + len(rest[0].emitted)
    height = body.height()
    for event in written[40:]:
        if event is not rest[0]:
            window.on_event(event)
    window.chat.flush()
    assert len(set(body.view.flow.tokens)) > shown
    assert body.height() > height
    window.actions_.origins.trigger()
    assert chat.reply.source() == written[-1].text  # type: ignore[attr-defined]
    assert "".join(block.text() for block in chat.reply.text_blocks())


def test_rejected_tokens_on_request(window: MainWindow, chat: Driver) -> None:
    reply = play(window, chat)
    window.actions_.origins.trigger()
    assert window.actions_.ghosts.isEnabled()
    assert reply.tokens is not None
    before = reply.tokens.height()
    window.actions_.ghosts.trigger()
    assert any(position >= 0 for position in reply.tokens.view.flow.ghosts)
    assert reply.tokens.height() > before
    second = play(window, chat, 12)
    assert second.tokens is not None
    assert any(position >= 0 for position in second.tokens.view.flow.ghosts)
    window.actions_.ghosts.trigger()
    assert not any(position >= 0 for position in reply.tokens.view.flow.ghosts)


def test_writing_again_and_a_new_chat_while_tokens_are_shown(window: MainWindow, chat: Driver) -> None:
    window.actions_.origins.trigger()
    play(window, chat)
    window.actions_.again.trigger()
    play_again = made_run(6, name=chat.requests[-1].request_id)
    for item in play_again.items[2:]:
        window.on_event(item.event)
    assert chat.reply.tokens is not None
    assert len(chat.reply.tokens.view.trace.rounds) == 6
    window.actions_.new_chat.trigger()
    assert window.chat.last_reply() is None


def test_a_text_that_turns_out_different_is_taken_over(window: MainWindow, chat: Driver) -> None:
    window.actions_.origins.trigger()
    chat.ask("x")
    chat.write("one")
    chat.finish("another text")
    assert chat.reply.source() == "another text"
    window.actions_.origins.trigger()
    assert [block.text() for block in chat.reply.text_blocks()] == ["another text"]


@pytest.mark.parametrize("fetched", [False, True])
def test_a_reply_that_goes_on_has_no_run_of_its_first_part(window: MainWindow, chat: Driver, fetched: bool) -> None:
    store, origins = FakeStore(window), window.chat.origins
    message_id = play(window, chat).message_id
    (kept,) = store.of(KeepRun)
    assert isinstance(kept, KeepRun)
    store.runs[message_id] = kept.items
    window.chat.list.rebuild()  # as when it is opened again
    assert origins.has_run(chat.reply.request_id)
    if fetched:
        origins.ask_one(chat.reply, True)
        assert chat.reply.tokens is not None
    chat.reply.continue_requested.emit()
    chat.write(" And")
    chat.finish(" And more.")
    window.chat.list.rebuild()
    assert chat.reply.source().endswith(" And more.")
    assert not origins.has_run(chat.reply.request_id)
    window.actions_.origins.trigger()
    assert chat.reply.tokens is None
