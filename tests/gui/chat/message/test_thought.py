"""What a model thought: folded, with its time and tokens, kept out of what is copied, and there again another day."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from helix_app.gui.chat.message.thought import heading
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import EndMessage
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver

pytestmark = pytest.mark.styled

THINKS = {"thinking": ("<think>", "</think>"), "thinking_switch": "enable_thinking"}


@pytest.mark.parametrize(
    ("open_", "seconds", "tokens", "words"),
    [
        (True, 0.0, 0, "Thinking…"),
        (True, 3.21, 1200, "Thinking for 3.21 s, 1,200 tokens"),
        (False, 3.21, 1, "Thought for 3.21 s, 1 token"),
        (False, 0.0, 0, "Thoughts"),
    ],
)
def test_its_line(open_: bool, seconds: float, tokens: int, words: str) -> None:
    assert heading(open_, seconds, tokens) == words


def test_it_is_folded_beside_the_answer_and_not_copied(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window)
    window.on_event(fake.ready(**THINKS))
    request = chat.ask("Why?")
    chat.write("<thi")
    chat.write("nk>First, the **sky**")
    window.on_event(fake.round_done(request.request_id, 4, tokens_generated=12))
    chat.write(" is blue.</think>")
    thought = chat.reply.thought
    assert thought is not None
    assert thought.text() == "First, the **sky** is blue."
    assert thought.line.text().startswith(("Thinking for ", "Thought for "))
    assert thought.line.text().endswith(", 12 tokens")
    chat.write("\n\nBecause of *light*.")
    chat.finish("<think>First, the **sky** is blue.</think>\n\nBecause of *light*.")
    assert [block.text() for block in chat.reply.text_blocks()] == ["Because of light."]
    chat.reply.on_copy_clicked()
    assert QGuiApplication.clipboard().text() == "Because of *light*."
    assert thought.line.text().startswith("Thought for ")
    folded = chat.reply.content_height()
    thought.line.click()
    assert chat.reply.content_height() > folded
    thought.line.click()
    assert chat.reply.content_height() == folded
    (end,) = store.of(EndMessage)
    assert isinstance(end, EndMessage)
    kept = made_chat("c", question("q", "", "Why?"), answer("a", "q", end.text, details=end.details))
    store.chats["c"] = kept
    window.book.open("c")
    assert window.book.current.id == "c"
    assert chat.reply.thought is not None
    assert chat.reply.thought.line.text().endswith(", 12 tokens")
    assert chat.reply.thought.line.text().startswith("Thought for ")
    assert [block.text() for block in chat.reply.text_blocks()] == ["Because of light."]
    # the whole reply goes back to the model: its template says what becomes of a thought
    assert chat.ask("And?").messages[1].content == end.text


def test_a_thought_that_the_prompt_has_opened(window: MainWindow, chat: Driver) -> None:
    window.on_event(fake.ready(**THINKS, thinking_opens=True))
    chat.ask("Why?")
    chat.write("Hm. ")
    assert chat.reply.thought is not None
    assert chat.reply.text_blocks() == [] or [b.text() for b in chat.reply.text_blocks()] == [""]
    chat.finish("Hm. </think>So.")
    assert chat.reply.thought.text() == "Hm."
    assert chat.reply.answer() == "So."


def test_a_thought_that_was_cut_off_is_continued(window: MainWindow, chat: Driver) -> None:
    window.on_event(fake.ready(**THINKS))
    chat.ask("Why?")
    chat.write("<think>Let me")
    chat.finish("<think>Let me", "length")
    assert chat.reply.thought is not None
    assert chat.reply.answer() == ""
    chat.reply.continue_requested.emit()
    chat.write(" see.</think>So.")
    chat.finish(" see.</think>So.")
    assert chat.reply.thought.text() == "Let me see."
    assert chat.reply.answer() == "So."


def test_models_without_thoughts_have_none(window: MainWindow, chat: Driver) -> None:
    chat.ask("Why?")
    chat.finish("<think> is a mark.")
    assert chat.reply.thought is None
    assert chat.reply.answer() == "<think> is a mark."


def test_the_switch_is_there_where_the_model_knows_one(window: MainWindow, chat: Driver) -> None:
    composer = window.chat.composer
    assert not composer.think.isVisible()
    assert chat.ask("x").thinking is None
    chat.finish("y")
    window.on_event(fake.ready(**THINKS))
    assert composer.think.isVisible()
    assert composer.think.isChecked()
    composer.think.click()
    assert chat.ask("x").thinking is False
    chat.finish("y")
    assert "As in the settings." in composer.options.toolTip()
    window.chat.new_chat()
    assert composer.think.isChecked()
    assert chat.ask("x").thinking is None
