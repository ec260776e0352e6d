"""A message of the person and an answer of the model, each by itself."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.message import BUBBLE_CHARACTERS, PADDING, Reply, UserBubble, text_width
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.kit.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.events import Failed
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record


@pytest.fixture
def reply(theme: Theme, qtbot: QtBot) -> Reply:
    """An answer that is being written."""
    made = Reply(theme, "r", "SmolLM2")
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    return made


def test_html_is_shown_as_text(chat: Driver) -> None:
    chat.ask("x")
    chat.write("<b>bold</b> <script>alert(1)</script> ![pic](http://example.org/a.png)")
    block = chat.reply.text_blocks()[0]
    assert "<b>bold</b> <script>alert(1)</script>" in block.text()
    assert "pic" in block.text()


def test_a_text_that_differs_from_its_deltas_wins(chat: Driver) -> None:
    chat.ask("x")
    chat.write("text STOP")
    chat.finish("text")
    assert chat.reply.source() == "text"
    assert [block.text() for block in chat.reply.text_blocks()] == ["text"]


def test_show_all_of_a_long_message(chat: Driver, qtbot) -> None:
    text = "word " * 4000
    chat.ask(text)
    bubble = chat.window.chat.view.messages()[0]
    assert isinstance(bubble, UserBubble)
    before = bubble.height()
    bubble.on_more_clicked()
    qtbot.waitUntil(lambda: sum(len(block.text()) for block in bubble.text_blocks()) == len(text.strip()))
    assert bubble.height() > before


def test_how_much_of_the_prompt_is_read(chat: Driver) -> None:
    request = chat.ask("x")
    chat.window.on_event(events.PrefillProgress(request.request_id, 1024, 9000))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"
    chat.window.on_event(events.PrefillProgress("another", 5, 6))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"


def test_a_message_is_as_wide_as_its_text_and_to_the_right(theme: Theme, qtbot: QtBot) -> None:
    most = text_width(theme, BUBBLE_CHARACTERS)
    widths = []
    for text in ("Hi", "A longer question than that?", "word " * 100):
        bubble = UserBubble(theme, text)
        qtbot.addWidget(bubble)
        bubble.height_for(2000)
        box = bubble.text_blocks()[0].geometry()
        widths.append(box.width())
        assert box.x() + box.width() == 2000 - PADDING
    assert widths == sorted(widths)
    assert widths[0] < widths[1] < widths[2] <= most


def test_who_reads_by_ear_hears_who_wrote_what(theme: Theme, qtbot: QtBot, reply: Reply) -> None:
    bubble = UserBubble(theme, "Hello")
    qtbot.addWidget(bubble)
    assert bubble.accessibleName() == "You: Hello"
    reply.append("Hi.")
    reply.finish(fake.finished("r", "Hi."))
    assert reply.accessibleName() == "SmolLM2: Hi."


def test_it_is_over_once(reply: Reply) -> None:
    reply.append("One ")
    reply.append("")
    reply.append("two")
    assert reply.streaming
    assert reply.renders == 2  # nothing came in between
    reply.finish(fake.finished("r"))
    assert not reply.streaming
    assert reply.source() == "One two"


def test_only_the_last_answer_can_be_written_again(reply: Reply) -> None:
    asked = record(reply.again_requested)
    reply.append("Half of")
    reply.fail(Failed("nan_logits"))
    assert reply.error_sentence()
    (again,) = [b for b in reply.findChildren(ThemedButton) if b.text() == "Try again"]
    reply.set_last(False)
    assert not again.isVisible()
    reply.set_last(True)
    again.click()
    assert len(asked) == 1


def test_an_answer_that_failed_may_ask_for_a_larger_context(reply: Reply) -> None:
    asked, again = record(reply.context_requested), record(reply.again_requested)
    reply.fail(Failed("prompt_too_long_default"), 16384)
    (larger,) = [b for b in reply.findChildren(ThemedButton) if "16,384" in b.text()]
    larger.click()
    assert (asked, again) == ([16384], [])


def test_nothing_is_said_of_figures_before_it_is_over(reply: Reply) -> None:
    assert (reply.stats_text(), reply.verdict_text(), reply.error_sentence()) == ("", "", "")


def test_copy_of_reply_and_code(chat: Driver) -> None:
    chat.ask("x")
    source = "Text\n\n```python\nprint(1)\n```"
    chat.finish(source)
    chat.reply.on_copy_clicked()
    assert QGuiApplication.clipboard().text() == source
    code = next(block for block in chat.reply.body.widgets() if isinstance(block, CodeBlock))
    code.copy()
    assert QGuiApplication.clipboard().text() == "print(1)"
    code.on_copy_reset()
