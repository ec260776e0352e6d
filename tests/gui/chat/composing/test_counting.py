"""The count of a prompt: asked while it is typed, one question at a time, of what would really be sent."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import Chat
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import ChatMessage
from tests.gui import fake
from tests.gui.chat.made_prompts import FakeCounter, ready
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver


@pytest.fixture
def counter(window: MainWindow) -> FakeCounter:
    """A model of which the file is known, and what answers for it."""
    window.on_event(ready(context_length=256))
    return FakeCounter(window)


def talk() -> Chat:
    return made_chat("c", question("q", "", "Why?"), answer("a", "q", "Because."))


def test_typing_is_counted_without_being_asked(window: MainWindow, counter: FakeCounter, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.chat.composer.editor, "one two three")
    qtbot.waitUntil(lambda: window.counting.counted is not None)
    assert counter.asked[-1].messages == (ChatMessage("user", "one two three"),)
    assert len(counter.asked) < len("one two three")  # a pause between questions
    counted = window.counting.counted
    assert counted is not None
    assert counted.of("message") == 3
    assert window.count_line.text() == "3 tokens · prompt 11 of 256 · up to 245 for the reply"
    assert window.status.context.text() == "context 11 / 256"


def test_nothing_is_asked_for_an_empty_conversation_or_without_a_model(
    window: MainWindow, counter: FakeCounter
) -> None:
    window.counting.ask_now()
    assert not counter.asked
    window.chat.composer.editor.setPlainText("x")
    window.on_event(Unloaded())
    window.counting.ask_now()
    assert not counter.asked
    assert window.count_line.isHidden()


def test_a_model_whose_file_is_not_known_is_not_counted_for(window: MainWindow) -> None:
    counter = FakeCounter(window)
    assert not fake.ready().target_file
    window.chat.composer.editor.setPlainText("x")
    window.counting.ask_now()
    assert not counter.asked
    assert window.count_line.isHidden()


def test_one_question_at_a_time_and_the_last_text_counts(window: MainWindow, counter: FakeCounter) -> None:
    counter.waits = True
    editor = window.chat.composer.editor
    for text in ("a", "a b", "a b c"):
        editor.setPlainText(text)
        window.counting.ask_now()
    assert [asked.messages[-1].content for asked in counter.asked] == ["a"]
    counter.answer()
    assert [asked.messages[-1].content for asked in counter.asked] == ["a", "a b c"]
    counter.answer()
    assert len(counter.asked) == 2
    assert window.counting.counted is not None
    assert window.counting.counted.of("message") == 3


def test_an_answer_that_takes_long_is_said_to(window: MainWindow, counter: FakeCounter, qtbot: QtBot) -> None:
    window.chat.composer.editor.setPlainText("a")
    window.counting.ask_now()
    assert "1 token ·" in window.count_line.text()
    counter.waits = True
    window.chat.composer.editor.setPlainText("a b")
    window.counting.ask_now()
    qtbot.waitUntil(lambda: window.counting.late)
    assert window.count_line.text() == "Counting the tokens…"
    counter.answer()
    assert "2 tokens ·" in window.count_line.text()


def test_the_answer_for_another_conversation_is_not_taken(window: MainWindow, counter: FakeCounter) -> None:
    FakeStore(window, talk())
    counter.waits = True
    window.chat.composer.editor.setPlainText("a b c")
    window.counting.ask_now()
    window.book.open("c")
    counter.answer()
    assert window.counting.counted is None


def test_system_prompt_history_attachments_and_what_is_its_own_count(window: MainWindow, counter: FakeCounter) -> None:
    FakeStore(window, talk())
    window.book.open("c")
    own = Prompting(
        {"system_prompt": "Be short.", "max_tokens": 9, "on_full": "drop_oldest"}, template="T", thinking=True
    )
    window.book.set_prompting(to_text(own))
    window.chat.composer.attach("```a.txt\nx\n```")
    window.chat.composer.editor.setPlainText("And?")
    window.counting.ask_now()
    asked = counter.asked[-1]
    assert asked.messages == (
        ChatMessage("system", "Be short."),
        ChatMessage("user", "Why?"),
        ChatMessage("assistant", "Because."),
        ChatMessage("user", "```a.txt\nx\n```\n\nAnd?"),
    )
    assert (asked.template, asked.thinking, asked.max_tokens, asked.on_full) == ("T", True, 9, "drop_oldest")
    assert not asked.tokens


def test_a_question_without_an_answer_is_not_sent_again(window: MainWindow, counter: FakeCounter) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "", "failed")))
    window.book.open("c")
    window.chat.composer.editor.setPlainText("And?")
    window.counting.ask_now()
    assert counter.asked[-1].messages == (ChatMessage("user", "And?"),)


def test_a_reply_that_is_being_written_is_history_already(
    window: MainWindow, chat: Driver, counter: FakeCounter
) -> None:
    chat.ask("Why?")
    chat.write("Because")
    window.chat.composer.editor.setPlainText("And?")
    window.counting.ask_now()
    told = [(message.role, message.content) for message in counter.asked[-1].messages]
    assert told == [("user", "Why?"), ("assistant", "Because"), ("user", "And?")]


def test_while_a_reply_is_written_only_what_is_typed_is_counted(
    window: MainWindow, chat: Driver, counter: FakeCounter
) -> None:
    chat.ask("Why?")
    before = len(counter.asked)
    window.counting.ask_now()
    assert len(counter.asked) == before
    chat.finish("Because")
    assert not window.counting.settled  # the end of it asks
    window.counting.ask_now()
    assert [message.content for message in counter.asked[-1].messages] == ["Why?", "Because", ""]


def test_a_look_at_the_tokens_is_of_the_last_question_while_nothing_is_typed(
    window: MainWindow, counter: FakeCounter
) -> None:
    FakeStore(window, talk())
    window.book.open("c")
    told: list[object] = []
    numbers: list[int] = []
    window.counting.tokens_told.connect(told.append)
    window.counting.look(Prompting(), numbers.append)
    assert counter.asked[-1].messages == (ChatMessage("user", "Why?"),)
    assert counter.asked[-1].tokens
    window.chat.composer.editor.setPlainText("And?")
    window.counting.look(Prompting({"system_prompt": "S"}), numbers.append)
    assert [m.content for m in counter.asked[-1].messages] == ["S", "Why?", "Because.", "And?"]
    assert [news.number for news in told] == numbers  # type: ignore[attr-defined]
    window.on_event(Unloaded())
    window.counting.look(Prompting(), numbers.append)
    assert numbers[-1] == 0
