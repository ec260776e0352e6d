"""A conversation: sending, streaming, stopping, errors and late events."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest

from helix_app.gui.chat.message import Reply, UserBubble
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.chat.text.markdown import parse
from helix_app.protocol import events
from helix_app.protocol.events import Failed, Notice, TextDelta
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


def test_shift_enter_is_a_new_line_and_the_field_grows_to_eight(chat: Driver) -> None:
    editor = chat.window.chat.composer.editor
    one = editor.height()
    QTest.keyClicks(editor, "a")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(editor, "b")
    assert editor.toPlainText() == "a\nb"
    assert not chat.requests
    assert editor.height() > one
    editor.setPlainText("\n" * 7)
    eight = editor.height()
    editor.setPlainText("\n" * 30)
    assert editor.height() == eight


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


def test_streamed_blocks_are_those_of_one_parse_and_finished_ones_are_not_touched(chat: Driver) -> None:
    chat.ask("x")
    text = fake.MARKDOWN
    for start in range(0, len(text), 11):
        chat.write(text[start : start + 11])
    blocks = chat.reply.body.widgets()
    assert [block.unit for block in blocks] == parse(text)
    renders = [block.renders for block in blocks if not isinstance(block, CodeBlock)]
    chat.write("\n\nAnother paragraph.\n\n" + "More text. " * 50)
    after = chat.reply.body.widgets()
    assert after[: len(blocks) - 1] == blocks[:-1]
    assert [block.renders for block in blocks if not isinstance(block, CodeBlock)][:-1] == renders[:-1]
    chat.finish(chat.reply.source())
    assert chat.reply.source().startswith(text)


def test_deltas_are_shown_in_frames(chat: Driver, qtbot) -> None:
    request = chat.ask("x")
    for _ in range(200):
        chat.window.on_event(TextDelta(request.request_id, "word "))
    assert chat.reply.renders == 0
    qtbot.waitUntil(lambda: chat.reply.source() == "word " * 200)
    assert chat.reply.renders == 1


def test_html_is_shown_as_text(chat: Driver) -> None:
    chat.ask("x")
    chat.write("<b>bold</b> <script>alert(1)</script> ![pic](http://example.org/a.png)")
    block = chat.reply.text_blocks()[0]
    assert "<b>bold</b> <script>alert(1)</script>" in block.text()
    assert "pic" in block.text()


def test_figures_under_the_reply(chat: Driver) -> None:
    chat.ask("x")
    chat.write("done")
    chat.finish("done")
    assert chat.reply.stats_text() == (
        "61 tok/s · TTFT 0.21 s · 212 tokens · 73 % accepted · k 1–7 · 2.9 tokens per pass · finished"
    )
    chat.ask("y")
    chat.finish(
        "a",
        "cancelled",
        tokens_generated=1,
        decode_tokens_per_second=None,
        tokens_per_second=None,
        time_to_first_token=None,
        drafted_tokens=0,
        mean_accepted_length=None,
    )
    assert chat.reply.stats_text() == "– tok/s · TTFT – · 1 token · – tokens per pass · stopped"


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


def test_escape_stops(chat: Driver) -> None:
    chat.ask("x")
    QTest.keyClick(chat.window.chat.composer.editor, Qt.Key.Key_Escape)
    assert chat.cancels == 1


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


def test_notices_are_shown_once_and_can_be_dismissed(chat: Driver) -> None:
    notice = Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter")))
    chat.window.on_events([notice, notice])
    bar = chat.window.chat.notices
    assert bar.sentences() == ["DirectML could not be used (no adapter), so Helix runs on the CPU."]
    bar.clear()
    assert not bar.isVisible()


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


def test_a_text_that_differs_from_its_deltas_wins(chat: Driver) -> None:
    chat.ask("x")
    chat.write("text STOP")
    chat.finish("text")
    assert chat.reply.source() == "text"
    assert [block.text() for block in chat.reply.text_blocks()] == ["text"]


def test_a_question_without_answer_stays_out_of_the_history(chat: Driver) -> None:
    request = chat.ask("far too long")
    chat.window.on_event(Failed("prompt_too_long", "", (("tokens", "9000"), ("limit", "8192")), request.request_id))
    assert "9000 tokens" in chat.window.chat.error.sentence.text()
    assert [message.content for message in chat.ask("short").messages] == ["short"]


def test_a_huge_paste_becomes_an_attachment(chat: Driver) -> None:
    composer = chat.window.chat.composer
    data = QMimeData()
    data.setText("line of text\n" * 16_000)
    composer.editor.insertFromMimeData(data)
    assert composer.editor.toPlainText() == ""
    QTest.keyClicks(composer.editor, "Summarise this.")
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    content = chat.requests[-1].messages[-1].content
    assert content.startswith("line of text\n")
    assert content.endswith("Summarise this.")
    assert len(content) > 200_000
    bubble = chat.window.chat.view.messages()[0]
    assert isinstance(bubble, UserBubble)
    assert sum(len(block.text()) for block in bubble.text_blocks()) < 5000
    assert composer.text() == ""


def test_show_all_of_a_long_message(chat: Driver, qtbot) -> None:
    text = "word " * 4000
    chat.ask(text)
    bubble = chat.window.chat.view.messages()[0]
    assert isinstance(bubble, UserBubble)
    before = bubble.height()
    bubble.on_more_clicked()
    qtbot.waitUntil(lambda: sum(len(block.text()) for block in bubble.text_blocks()) == len(text.strip()))
    assert bubble.height() > before


def test_follows_the_text_only_from_the_bottom(chat: Driver, qtbot) -> None:
    view = chat.window.chat.view
    chat.ask("x")
    for number in range(60):
        chat.write(f"Paragraph {number}.\n\n")
    bar = view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    chat.write("More.\n\n" * 10)
    assert bar.value() == 0
    assert view.jump.isVisible()
    view.jump.click()
    assert bar.value() == bar.maximum()
    assert not view.jump.isVisible()
    chat.write("Even more.\n\n" * 10)
    assert bar.value() == bar.maximum()
