"""A conversation: sending, streaming, stopping, errors and late events."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.chat.message import Reply
from helix_app.protocol import events
from helix_app.protocol.events import Failed, TextDelta
from helix_app.protocol.hub import CatalogChanged
from helix_app.protocol.requests import ChatMessage
from tests.gui import fake
from tests.gui.driver import Driver


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


def test_deltas_are_shown_in_frames(chat: Driver, qtbot) -> None:
    request = chat.ask("x")
    for _ in range(200):
        chat.window.on_event(TextDelta(request.request_id, "word "))
    assert chat.reply.renders == 0
    qtbot.waitUntil(lambda: chat.reply.source() == "word " * 200)
    assert chat.reply.renders == 1


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


def test_typing_while_a_reply_streams(chat: Driver) -> None:
    chat.ask("x")
    editor = chat.window.chat.composer.editor
    QTest.keyClicks(editor, "next")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert len(chat.requests) == 1
    assert editor.toPlainText() == "next"


def test_late_and_unknown_events_change_nothing(chat: Driver) -> None:
    old = chat.ask("x")
    chat.write("old")
    chat.window.chat.new_chat()
    assert chat.cancels == 1
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


def test_a_dead_engine_ends_the_reply(chat: Driver) -> None:
    chat.ask("x")
    chat.window.on_event(Failed("engine_died", "exit code -9"))
    assert "engine stopped unexpectedly" in chat.reply.error_sentence()
    assert chat.ask("again").messages[-1].content == "again"


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


def test_again_replaces_only_the_last_reply(chat: Driver) -> None:
    for question, answer in (("one", "1"), ("two", "2")):
        chat.ask(question)
        chat.finish(answer)
    chat.window.chat.again()
    assert [message.content for message in chat.requests[-1].messages] == ["one", "1", "two"]
    chat.finish("II")
    sources = [m.source() for m in chat.window.chat.view.messages() if isinstance(m, Reply)]
    assert sources == ["1", "II"]
    assert [m.content for m in chat.ask("three").messages] == ["one", "1", "two", "II", "three"]


def test_a_question_without_answer_stays_out_of_the_history(chat: Driver) -> None:
    request = chat.ask("far too long")
    chat.window.on_event(Failed("prompt_too_long", "", (("tokens", "9000"), ("limit", "8192")), request.request_id))
    assert "9000 tokens" in chat.window.chat.error.sentence.text()
    assert [message.content for message in chat.ask("short").messages] == ["short"]


def test_suggestions_fill_the_composer(chat: Driver) -> None:
    chat.window.chat.empty.suggestion_picked.emit("A question")
    assert chat.window.chat.composer.text() == "A question"
    assert not chat.requests
