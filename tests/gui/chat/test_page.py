"""A conversation: sending, streaming, stopping, errors and late events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chat.message.reply import Reply
from helix_app.protocol.conversations.chats import ChangeChat
from helix_app.protocol.events import Failed, TextDelta
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.requests import ChatMessage
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, answer as made_answer, chat as made_chat
from tests.gui.driver import Driver


def texts(chat: Driver) -> list[str]:
    """What is shown, from first to last."""
    shown = chat.window.chat.view.messages()
    return [m.source() if isinstance(m, Reply) else m.text() for m in shown if isinstance(m, (Reply, UserBubble))]


def test_enter_sends_the_whole_history(chat: Driver) -> None:
    first = chat.ask("Hello")
    assert first.messages == (ChatMessage("user", "Hello"),)
    assert first.mode == "speculative"
    assert chat.window.chat.composer.text() == ""
    chat.write("Hi ")
    chat.write("there")
    chat.finish("Hi there")
    second = chat.ask("And you?")
    assert second.request_id != first.request_id
    assert second.messages == (
        ChatMessage("user", "Hello"),
        ChatMessage("assistant", "Hi there"),
        ChatMessage("user", "And you?"),
    )


def test_empty_prompt_gets_a_sentence(chat: Driver) -> None:
    QTest.keyClick(chat.window.chat.composer.editor, Qt.Key.Key_Return)
    assert not chat.requests
    assert chat.window.chat.error.isVisible()
    assert chat.window.chat.error.sentence.text() == "The prompt is empty. Type something to send."
    chat.ask("now")
    assert not chat.window.chat.error.isVisible()


def test_settings_make_the_request(make_window) -> None:
    window = make_window(
        system_prompt="Be brief.", temperature=0.0, top_k=5, max_tokens=7, k="fixed:3", mode="autoregressive"
    )
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.start()
    window.on_event(fake.ready())
    window.preferences.on_saved(window.settings, 42)
    request = Driver(window).ask("x")
    assert request.messages[0] == ChatMessage("system", "Be brief.")
    assert (request.k, request.mode, request.max_tokens, request.verify) == ("fixed:3", "autoregressive", 7, "coupled")
    assert (request.sampling.temperature, request.sampling.top_k, request.sampling.seed) == (0.0, 5, 42)


def test_stop_answers_at_once_and_the_partial_reply_stays(chat: Driver) -> None:
    composer = chat.window.chat.composer
    request = chat.ask("x")
    assert composer.button.text() == "Stop"
    chat.write("Part")
    composer.button.click()
    assert chat.cancels == 1
    assert composer.button.text() == "Send"
    composer.on_stopped()
    assert chat.cancels == 1  # once is enough
    chat.window.on_event(TextDelta(request.request_id, "ial"))
    chat.finish("Partial", "cancelled")
    assert chat.reply.source() == "Partial"
    assert composer.button.isEnabled()
    assert chat.ask("y").messages[1] == ChatMessage("assistant", "Partial")


def test_what_is_sent_while_a_reply_is_written_waits_for_its_end(chat: Driver) -> None:
    page, editor = chat.window.chat, chat.window.chat.composer.editor
    chat.ask("x")
    QTest.keyClicks(editor, "next")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert len(chat.requests) == 1
    assert editor.toPlainText() == "next"
    assert page.hint.text() == "This is sent as soon as the reply is complete. Type to change it."
    chat.finish("Answer.")
    assert [m.content for m in chat.requests[-1].messages] == ["x", "Answer.", "next"]
    assert editor.toPlainText() == ""
    assert not page.hint.isVisible()
    QTest.keyClicks(editor, "third")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "!")  # changed after all: it waits for another Enter
    assert not page.hint.isVisible()
    chat.finish("Second.")
    assert len(chat.requests) == 2
    assert editor.toPlainText() == "third!"


def test_what_waits_goes_with_its_conversation(chat: Driver) -> None:
    book = chat.window.book
    store = FakeStore(chat.window)
    chat.ask("x")
    talk = book.current
    chat.ask("next")
    book.delete(talk.id)
    chat.finish("So", "cancelled")
    assert len(chat.requests) == 1
    assert not book.writings
    assert [message.text for message in talk.path()] == ["x", "So"]
    assert book.current is not talk
    assert ChangeChat(talk.id, deleted=True) in store.asked
    assert ChangeChat(talk.id, draft="next") in store.asked  # undoing brings it back, too


def test_an_edited_question_stands_beside_the_first_one(chat: Driver) -> None:
    for asked, answer in (("one", "1"), ("two", "2")):
        chat.ask(asked)
        chat.finish(answer)
    bubble = chat.window.chat.view.messages()[0]
    assert isinstance(bubble, UserBubble)
    bubble.edited.emit("eins")
    assert [m.content for m in chat.requests[-1].messages] == ["eins"]
    chat.finish("I")
    assert texts(chat) == ["eins", "I"]
    first = chat.window.chat.view.messages()[0]
    assert isinstance(first, UserBubble)
    assert first.versions.label.text() == "2/2"
    first.versions.earlier.click()
    assert texts(chat) == ["one", "1", "two", "2"]
    assert [m.content for m in chat.ask("three").messages] == ["one", "1", "two", "2", "three"]


def test_a_stopped_reply_is_continued(chat: Driver) -> None:
    chat.ask("x")
    chat.write("Half ")
    chat.finish("Half ", "cancelled")
    chat.reply.continue_requested.emit()
    request = chat.requests[-1]
    assert request.messages == (ChatMessage("user", "x"), ChatMessage("assistant", "Half "))
    chat.write("and ")
    assert chat.reply.source() == "Half and "
    chat.finish("and half.")
    assert chat.reply.source() == "Half and half."
    assert chat.window.chat.book.current.message(chat.reply.message_id).text == "Half and half."
    assert chat.ask("y").messages[1] == ChatMessage("assistant", "Half and half.")


def test_nothing_is_written_again_or_deleted_while_a_reply_is_written(chat: Driver) -> None:
    chat.ask("x")
    chat.finish("1")
    chat.ask("y")
    first = chat.window.chat.view.messages()[1]
    assert isinstance(first, Reply)
    for asked in (first.again_requested, first.continue_requested, first.delete_requested):
        chat.window.chat.error.hide()
        asked.emit()
        assert "still working" in chat.window.chat.error.sentence.text()
        assert chat.window.chat.error.isVisible()
    assert len(chat.requests) == 2
    assert texts(chat) == ["x", "1", "y", ""]


def test_a_message_is_deleted_with_what_follows_and_comes_back(chat: Driver) -> None:
    for asked, answer in (("one", "1"), ("two", "2")):
        chat.ask(asked)
        chat.finish(answer)
    second = chat.window.chat.view.messages()[2]
    assert isinstance(second, UserBubble)
    chat.window.chat.delete(second.message_id)
    assert texts(chat) == ["one", "1"]
    undo = chat.window.chats.undo
    assert undo.isVisible()
    undo.undo.click()
    assert texts(chat) == ["one", "1", "two", "2"]
    assert not undo.isVisible()


def test_a_reply_goes_on_while_another_conversation_is_shown(chat: Driver) -> None:
    page, book = chat.window.chat, chat.window.book
    request = chat.ask("x")
    chat.write("One ")
    talk = book.current.id
    page.new_chat()
    assert chat.cancels == 0
    assert page.view.messages() == []
    assert page.composer.button.text() == "Send"
    chat.window.on_event(TextDelta(request.request_id, "two "))
    page.flush()
    assert page.view.messages() == []
    page.composer.editor.setPlainText("Meanwhile")
    book.open(talk)
    assert chat.reply.source() == "One two "
    assert page.composer.button.text() == "Stop"
    assert page.composer.editor.toPlainText() == ""
    chat.write("three")
    chat.finish("One two three")
    assert chat.reply.source() == "One two three"
    assert chat.reply.stats_text()
    page.new_chat()
    assert page.composer.editor.toPlainText() == "Meanwhile"


def test_another_conversation_is_answered_beside_it(chat: Driver) -> None:
    """Each text goes where it belongs, Stop stops the one that is shown, and the list marks both."""
    page, book, state = chat.window.chat, chat.window.book, chat.window.state
    first, talk = chat.ask("x"), book.current.id
    chat.write("One ")
    page.new_chat()
    second = chat.ask("Meanwhile")
    assert second.messages == (ChatMessage("user", "Meanwhile"),)
    assert {writing.conversation.id for writing in book.writings.values()} == {talk, book.current.id}
    for request, text in ((first, "two "), (second, "Here "), (first, "three"), (second, "we are")):
        chat.window.on_event(TextDelta(request.request_id, text))
    page.flush()
    assert texts(chat) == ["Meanwhile", "Here we are"]
    assert (state.is_current(first.request_id), state.is_current(second.request_id)) == (False, True)
    page.composer.button.click()
    assert chat.stopped == [second.request_id]
    chat.finish("Here we are", "cancelled")
    assert page.composer.button.text() == "Send"
    assert state.occupied == "reply"
    book.open(talk)
    assert texts(chat) == ["x", "One two three"]
    assert page.composer.button.text() == "Stop"
    assert state.is_current(first.request_id)
    chat.window.on_event(fake.finished(first.request_id, "One two three"))
    assert state.occupied is None
    assert not book.writings
    assert chat.reply.stats_text()


def test_an_error_of_one_reply_leaves_the_other(chat: Driver) -> None:
    page, book = chat.window.chat, chat.window.book
    first, talk = chat.ask("x"), book.current
    page.new_chat()
    chat.ask("y")
    chat.window.on_event(Failed("nan_logits", "", (), first.request_id))
    assert page.composer.button.text() == "Stop"
    assert not page.error.isVisible()
    chat.write("Here")
    chat.finish("Here")
    assert texts(chat) == ["y", "Here"]
    assert talk.message(talk.leaf).state == "failed"


def test_an_engine_that_is_gone_ends_all_replies(chat: Driver) -> None:
    book = chat.window.book
    chat.ask("x")
    chat.window.chat.new_chat()
    chat.ask("y")
    chat.window.on_event(Failed("engine_died", "exit code -9"))
    assert not book.writings
    assert chat.window.state.occupied is None


def test_a_load_stops_all_replies(chat: Driver) -> None:
    first = chat.ask("x")
    chat.window.chat.new_chat()
    second = chat.ask("y")
    chat.window.state.begin_load({})
    assert chat.stopped == [first.request_id, second.request_id]


def test_an_error_keeps_what_was_written_and_offers_to_try_again(chat: Driver) -> None:
    first = chat.ask("x")
    chat.write("some text")
    chat.window.on_event(Failed("nan_logits", "row 3", (), first.request_id))
    assert chat.reply.source() == "some text"
    assert chat.reply.error_sentence().startswith("The model returned numbers that are not numbers")
    assert not chat.window.chat.generating
    chat.reply.again_requested.emit()
    assert len(chat.requests) == 2
    assert chat.requests[-1].messages == (ChatMessage("user", "x"),)
    assert chat.reply.source() == ""


def test_errors_elsewhere_show_under_the_composer_with_details(chat: Driver) -> None:
    chat.window.on_event(Failed("engine_busy", "lock held"))
    error = chat.window.chat.error
    assert error.isVisible()
    assert error.detail.isHidden()
    error.details.click()
    assert error.detail.text() == "lock held"
    assert not error.detail.isHidden()
    error.close_button.click()
    assert not error.isVisible()


def test_again_writes_another_version_of_the_last_reply(chat: Driver) -> None:
    for question, answer in (("one", "1"), ("two", "2")):
        chat.ask(question)
        chat.finish(answer)
    chat.window.chat.again()
    assert [message.content for message in chat.requests[-1].messages] == ["one", "1", "two"]
    chat.finish("II")
    sources = [m.source() for m in chat.window.chat.view.messages() if isinstance(m, Reply)]
    assert sources == ["1", "II"]
    assert chat.window.chat.book.current.versions(chat.reply.message_id)[1:] == [chat.reply.message_id]
    assert [m.content for m in chat.ask("three").messages] == ["one", "1", "two", "II", "three"]


@pytest.mark.parametrize("template", [True, False], ids=["chat", "text"])
def test_a_reply_that_nobody_asked_for_cannot_be_written_again(chat: Driver, template: bool) -> None:
    """A file of messages may begin with one; with no template either there is no text before it."""
    window = chat.window
    window.on_event(fake.ready(chat_template=template))
    FakeStore(window, made_chat("c", made_answer("a", "", "Hello.")))
    window.book.open("c")
    chat.reply.again_requested.emit()
    assert window.chat.error.isVisible()
    assert window.chat.error.sentence.text() == "The prompt is empty. Type something to send."
    assert not chat.requests
    assert texts(chat) == ["Hello."]


def test_a_question_without_answer_stays_out_of_the_history(chat: Driver) -> None:
    request = chat.ask("far too long")
    chat.window.on_event(Failed("prompt_too_long", "", (("tokens", "9000"), ("limit", "8192")), request.request_id))
    assert "9000 tokens" in chat.window.chat.error.sentence.text()
    assert [message.content for message in chat.ask("short").messages] == ["short"]


def test_suggestions_fill_the_composer(chat: Driver) -> None:
    chat.window.chat.empty.suggestion_picked.emit("A question")
    assert chat.window.chat.composer.text() == "A question"
    assert not chat.requests


def test_what_is_sent_right_after_stop_waits_until_the_engine_has_stopped(chat: Driver) -> None:
    page = chat.window.chat
    chat.ask("x")
    page.stop()
    page.composer.editor.setPlainText("next")
    QTest.keyClick(page.composer.editor, Qt.Key.Key_Return)
    assert len(chat.requests) == 1
    chat.finish("", "cancelled")
    assert chat.requests[-1].messages == (ChatMessage("user", "next"),)
