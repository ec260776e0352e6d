"""Events of the reply that is being written: shown in frames, kept, and nothing of another one."""

from __future__ import annotations

import pytest

from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.chats.record import from_text
from helix_app.protocol import events
from helix_app.protocol.conversations.chats import EndMessage, GrowMessage
from helix_app.protocol.events import Failed, TextDelta
from helix_app.protocol.requests import ChatMessage, Grammar
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore
from tests.gui.driver import Driver


def test_deltas_are_shown_in_frames(chat: Driver, qtbot) -> None:
    request = chat.ask("x")
    for _ in range(200):
        chat.window.on_event(TextDelta(request.request_id, "word "))
    assert chat.reply.renders == 0
    qtbot.waitUntil(lambda: chat.reply.source() == "word " * 200)
    assert chat.reply.renders == 1


def test_late_and_unknown_events_change_nothing(chat: Driver) -> None:
    old = chat.ask("x")
    chat.write("old")
    chat.finish("old")
    chat.window.chat.new_chat()
    assert chat.window.chat.view.messages() == []
    for event in (
        TextDelta(old.request_id, "ghost"),
        fake.round_done(old.request_id, 3),
        fake.finished(old.request_id, "ghost"),
        Failed("nan_logits", "", (), old.request_id),
        TextDelta("nobody", "ghost"),
        events.PrefillDone("nobody", 1, 0, 0.1),
        object(),
    ):
        chat.window.on_event(event)
    assert chat.window.chat.view.messages() == []
    assert not chat.window.chat.error.isVisible()
    assert chat.ask("fresh").messages == (ChatMessage("user", "fresh"),)
    chat.window.on_event(TextDelta(old.request_id, "ghost"))
    chat.write("new")
    assert chat.reply.source() == "new"


@pytest.mark.parametrize("opens", [False, True])
def test_the_prompt_says_whether_a_template_of_the_conversation_opens_a_thought(chat: Driver, opens: bool) -> None:
    store = FakeStore(chat.window)
    chat.window.on_event(fake.ready(thinking=("<think>", "</think>"), thinking_opens=not opens, chat_template=True))
    chat.window.book.set_prompting(to_text(Prompting(template="{{ messages }}")))
    request = chat.ask("x")
    chat.window.on_event(events.PrefillDone(request.request_id, 9, 0, 0.1, opens=opens))
    chat.write("Hm.</think>So.")
    shown = "So." if opens else "Hm.</think>So."
    assert (chat.reply.answer(), chat.reply.thought is not None) == (shown, opens)
    chat.finish("Hm.</think>So.")
    record = from_text(store.of(EndMessage)[-1].details)
    assert record is not None
    assert record.opens is opens


def test_a_dead_engine_ends_the_reply(chat: Driver) -> None:
    chat.ask("x")
    chat.window.on_event(Failed("engine_died", "exit code -9"))
    assert "engine stopped unexpectedly" in chat.reply.error_sentence()
    assert chat.ask("again").messages[-1].content == "again"


@pytest.mark.parametrize(
    ("reason", "state"),
    [("eos", "done"), ("stop", "done"), ("cancelled", "stopped"), ("length", "length"), ("context_full",) * 2],
)
def test_the_store_is_told_how_it_ended(chat: Driver, reason: str, state: str) -> None:
    store = FakeStore(chat.window)
    chat.ask("x")
    chat.write("Some text")
    chat.finish("Some text.", reason)
    (end,) = store.of(EndMessage)
    assert isinstance(end, EndMessage)
    assert (end.text, end.state) == ("Some text.", state)
    record = from_text(end.details)
    assert record is not None
    assert record.reason == reason
    assert record.metrics == fake.finished("r").metrics


def test_the_store_is_told_what_it_failed_of(chat: Driver) -> None:
    store = FakeStore(chat.window)
    request = chat.ask("x")
    chat.write("Some text")
    chat.window.on_event(Failed("nan_logits", "row 3", (), request.request_id))
    (end,) = store.of(EndMessage)
    assert isinstance(end, EndMessage)
    assert (end.text, end.state) == ("Some text", "failed")
    record = from_text(end.details)
    assert record is not None
    assert record.failed is not None
    assert record.failed.code == "nan_logits"


def test_the_store_has_the_text_half_a_second_later(chat: Driver, qtbot) -> None:
    store = FakeStore(chat.window)
    chat.ask("x")
    chat.write("One ")
    chat.write("two")
    qtbot.waitUntil(lambda: bool(store.of(GrowMessage)))
    assert store.texts[chat.reply.message_id] == "One two"
    assert store.states[chat.reply.message_id] == "writing"


@pytest.mark.parametrize("code", ["grammar_begun", "grammar_missing", "remote_unsupported", "prompt_too_long"])
def test_a_reply_that_was_not_gone_on_with_is_as_it_was(chat: Driver, code: str) -> None:
    store = FakeStore(chat.window)
    chat.ask("x")
    chat.write("Half ")
    chat.finish("Half ", "cancelled")
    before = chat.window.book.current.message(chat.reply.message_id)
    chat.reply.continue_requested.emit()
    fields = (("what", "x"), ("tokens", "9"), ("limit", "8"))
    chat.window.on_event(Failed(code, "", fields, chat.requests[-1].request_id))
    assert chat.window.book.current.message(before.id) == before
    end = store.of(EndMessage)[-1]
    assert isinstance(end, EndMessage)
    assert (end.text, end.state, end.details) == (before.text, "stopped", before.details)
    assert chat.window.chat.error.isVisible()
    assert (chat.reply.source(), chat.reply.error_sentence()) == ("Half ", "")
    assert chat.reply._footer is not None
    assert chat.reply._footer.go_on.isVisibleTo(chat.reply)
    chat.reply.continue_requested.emit()
    assert not chat.window.chat.error.isVisible()
    chat.finish("and half.")
    assert chat.reply.source() == "Half and half."


def test_a_reply_that_failed_further_on_has_failed(chat: Driver) -> None:
    chat.ask("x")
    chat.finish("Half ", "cancelled")
    chat.reply.continue_requested.emit()
    chat.write("and")
    chat.window.on_event(Failed("grammar_begun", "", (), chat.requests[-1].request_id))
    assert chat.window.book.current.message(chat.reply.message_id).state == "failed"


JSON = Grammar("json_object")


@pytest.mark.parametrize(("first", "then"), [(None, JSON), (JSON, None)])
def test_a_reply_goes_on_in_its_own_form_and_stays_of_it(
    chat: Driver, first: Grammar | None, then: Grammar | None
) -> None:
    book = chat.window.book
    book.set_prompting(to_text(Prompting(form=first)))
    chat.ask("x")
    chat.finish("1. *b*", "length")
    book.set_prompting(to_text(Prompting(form=then)))
    chat.reply.continue_requested.emit()
    assert chat.requests[-1].grammar == first
    chat.finish(" c", "length")
    chat.window.chat.list.rebuild()
    shown = [block.text() for block in chat.reply.text_blocks()]
    assert (shown == ["1. *b* c"]) is (first is not None)
    chat.reply.continue_requested.emit()
    assert chat.requests[-1].grammar == first
    chat.finish(" d")
    assert chat.ask("y").grammar == then
