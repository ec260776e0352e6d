"""The messages of a conversation from the store: as they were, the last ones first, and what can be done with each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from helix_app.gui.chat import message_list
from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.prompting import Prompting, to_text as prompting_text
from helix_app.gui.chats.record import Record, from_text as record_from, record_of, to_text
from helix_app.gui.chats.writing import Writing
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import AddMessage, Chat, CopyChat, DeleteMessage
from helix_app.protocol.events import Failed
from helix_app.protocol.requests import GenerateRequest, Grammar
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, long_chat, question
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

WRITTEN = Writing(GenerateRequest("r"), Conversation(), "a", plain_rounds=[0.02] * 3)
DETAILS = to_text(record_of(WRITTEN, fake.ready(), fake.finished("r", "So.")))


def shown(window: MainWindow) -> list[str]:
    """Ids of the messages that are built."""
    return [m.message_id for m in window.chat.view.messages() if isinstance(m, (UserBubble, Reply))]


def open_chat(window: MainWindow, chat: Chat) -> FakeStore:
    """A window that shows a conversation of its store."""
    store = FakeStore(window, chat)
    window.book.open(chat.entry.id)
    return store


def test_a_reply_is_shown_with_its_figures_as_on_the_day_it_was_written(window: MainWindow, chat: Driver) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.", details=DETAILS)))
    assert shown(window) == ["q", "a"]
    assert chat.reply.source() == "So."
    assert chat.reply.verdict_text() == "1.2x faster than plain"
    assert chat.reply.stats_text().startswith("61 tok/s · TTFT 0.21 s · 212 tokens")
    assert [m.content for m in chat.ask("And?").messages] == ["Why?", "So.", "And?"]
    chat.finish("Then.")
    asked = record(window.chat.race_requested)
    window.chat.list.reply("a").on_race_clicked()  # type: ignore[union-attr]
    assert [m.content for m in asked[0].messages] == ["Why?"]


def test_all_of_it_is_in_sight_at_once(window: MainWindow, chat: Driver) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.", details=DETAILS)))
    high = chat.reply.content_height()
    footer = chat.reply._footer
    assert footer is not None
    assert footer.height() >= footer.sizeHint().height() > 40
    settle()
    chat.reply.relayout(0)
    assert chat.reply.content_height() == high  # as when it was made, before anything was painted


@pytest.mark.parametrize("details", ["", "{}", "no json"])
def test_a_reply_without_figures_is_a_reply(window: MainWindow, chat: Driver, details: str) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.", details=details)))
    assert not chat.reply.streaming
    assert chat.reply.stats_text() == ""
    assert chat.reply.source() == "So."


def test_what_was_interrupted_can_be_continued(window: MainWindow, chat: Driver) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "Half", "interrupted")))
    assert chat.reply.offer is not None
    assert chat.reply.offer.sentence.text().startswith("Helix ended while this was being written.")
    chat.reply.offer.acted.emit()
    assert [m.content for m in chat.requests[-1].messages] == ["Why?", "Half"]
    chat.finish(" more")
    assert chat.reply.source() == "Half more"


def test_what_failed_says_why_and_can_be_tried_again(window: MainWindow, chat: Driver) -> None:
    failed = to_text(record_of(WRITTEN, None, Failed("nan_logits")))
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "", "failed", failed)))
    assert chat.reply.error_sentence().startswith("The model returned numbers that are not numbers")
    chat.reply.again_requested.emit()
    assert [m.content for m in chat.requests[-1].messages] == ["Why?"]


def test_a_long_conversation_is_built_from_its_end(window: MainWindow, qtbot) -> None:
    open_chat(window, long_chat("c", 80))
    assert shown(window)[-1] == "a79"
    assert len(shown(window)) <= 8
    view = window.chat.view
    qtbot.waitUntil(lambda: not view.is_near_top())
    bar = view.verticalScrollBar()
    settle()
    built = len(shown(window))
    assert built < 60
    assert bar.value() == bar.maximum()
    in_sight = view.content.column.widgets()[0]
    bar.setValue(10)
    place = in_sight.mapTo(view.viewport(), in_sight.rect().topLeft()).y()
    qtbot.waitUntil(lambda: len(shown(window)) > built)
    assert abs(in_sight.mapTo(view.viewport(), in_sight.rect().topLeft()).y() - place) <= 1  # the reader sees no jump
    while shown(window)[0] != "q0":
        before = len(shown(window))
        bar.setValue(0)
        qtbot.waitUntil(lambda: len(shown(window)) > before)  # noqa: B023
    assert len(shown(window)) == 160


def test_a_message_that_was_found_is_brought_into_sight(window: MainWindow, qtbot) -> None:
    store = FakeStore(window, made_chat("d", question("x", "", "Other")), long_chat("c", 60))
    window.book.open("d")
    window.book.open("c", "q20")
    assert "q20" in shown(window)
    widget = window.chat.list.widget("q20")
    assert widget is not None
    settle()
    top = widget.mapTo(window.chat.view.viewport(), widget.rect().topLeft()).y()
    assert 0 <= top < window.chat.view.viewport().height()
    assert store.of(CopyChat) == []


def test_the_version_that_was_found_is_the_one_that_is_shown(window: MainWindow) -> None:
    messages = (question("q", "", "Why?"), answer("a", "q", "One."), answer("b", "q", "Two."))
    FakeStore(window, made_chat("c", *messages))
    window.book.open("c", "a")
    assert shown(window) == ["q", "a"]
    reply = window.chat.list.reply("a")
    assert reply is not None
    reply.stepped.emit(1)
    assert shown(window) == ["q", "b"]


def test_what_both_ways_share_is_not_built_again(window: MainWindow) -> None:
    messages = (question("q", "", "Why?"), answer("a", "q", "One."), question("r", "a", "And?"), answer("b", "r", "2"))
    open_chat(window, made_chat("c", *messages, answer("b2", "r", "Two."), leaf="b2"))
    before = window.chat.view.messages()
    window.book.step("b2", -1)
    after = window.chat.view.messages()
    assert after[:3] == before[:3]
    assert shown(window) == ["q", "a", "r", "b"]


def test_branch_and_delete(window: MainWindow, chat: Driver) -> None:
    store = open_chat(window, long_chat("c", 2))
    chat.reply.branch_requested.emit()
    (copied,) = store.of(CopyChat)
    assert isinstance(copied, CopyChat)
    assert (copied.id, copied.upto) == ("c", "a1")
    chat.reply.delete_requested.emit()
    assert store.of(DeleteMessage) == [DeleteMessage("c", "a1", "q1")]


def test_the_menu_of_a_question(window: MainWindow) -> None:
    store = open_chat(window, long_chat("c", 2))
    bubble = window.chat.list.widget("q1")
    assert isinstance(bubble, UserBubble)
    bubble.more.click()
    (menu,) = bubble.findChildren(QMenu)
    actions = {action.text(): action for action in menu.actions() if not action.isSeparator()}
    assert list(actions) == ["Edit", "Copy", "Branch from here", "Delete this and its answers"]
    actions["Copy"].trigger()
    assert QGuiApplication.clipboard().text() == "Question 1?"
    actions["Branch from here"].trigger()
    actions["Delete this and its answers"].trigger()
    assert [type(asked) for asked in store.asked if not isinstance(asked, type(None))][-1] is DeleteMessage
    menu.close()


def test_a_reply_that_is_edited_stands_beside_that_of_the_model_and_goes_on_from_there(
    window: MainWindow, chat: Driver
) -> None:
    store = open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.", details=DETAILS)))
    chat.reply.begin_edit()
    assert chat.reply.box is not None
    chat.reply.box.sent.emit("Because")
    made = window.book.current.path()[-1]
    assert (made.text, made.parent, made.model) == ("Because", "q", "SmolLM2 135M Instruct")
    assert chat.reply.author.text() == "SmolLM2 135M Instruct, edited"
    assert window.book.current.versions("a") == ["a", made.id]
    assert store.asked[-1] == AddMessage("c", made)
    assert chat.reply.source() == "Because"
    assert made.state == "done"
    assert chat.reply._footer is not None
    assert chat.reply._footer.go_on.isVisibleTo(chat.reply)
    assert chat.reply.stats_text() == ""  # the model's figures are of another text
    assert window.chat.composer.editor.hasFocus()
    chat.reply.continue_requested.emit()
    assert [m.content for m in chat.requests[-1].messages] == ["Why?", "Because"]
    chat.finish(" of light.")
    went_on = window.book.current.path()[-1]
    assert went_on.text == "Because of light."
    assert chat.reply._footer is not None
    assert not chat.reply._footer.go_on.isVisibleTo(chat.reply)  # the model came to its end
    assert (record_from(went_on.details) or Record()).edited  # most of it is still the person's
    window.chat.list.rebuild()
    assert chat.reply.author.text() == "SmolLM2 135M Instruct, edited"
    assert chat.reply.stats_text()
    assert chat.reply.verdict_text() == ""
    assert chat.reply._footer is not None
    assert not chat.reply._footer.race.isVisible()  # no model would write it so from the question alone
    window.chat.write_again(went_on.id)
    assert chat.reply.author.text() == "SmolLM2 135M Instruct"


THINK = ("<think>", "</think>")
HARMONY = ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")


@pytest.mark.parametrize(
    ("marks", "opens", "before", "kept", "thought"),
    [
        (THINK, True, "Let me see.</think>\n\nSo.", "Let me see.</think>\n\n", "Let me see."),
        (THINK, True, "Let me", "Let me</think>", "Let me"),
        (THINK, False, "<think>Hm.</think>So.", "<think>Hm.</think>", "Hm."),
        (HARMONY, False, f"{HARMONY[0]}Hm.{HARMONY[1]}So.", f"{HARMONY[0]}Hm.{HARMONY[1]}", "Hm."),
        (HARMONY, False, "<|channel|>final<|message|>So.", "<|channel|>final<|message|>", ""),
    ],
)
def test_a_reply_that_is_edited_keeps_what_the_model_thought_and_goes_on_after_it(
    window: MainWindow, chat: Driver, marks: tuple[str, str], opens: bool, before: str, kept: str, thought: str
) -> None:
    window.on_event(fake.ready(thinking=marks, thinking_opens=opens))
    details = to_text(Record(marks=marks, opens=opens, thought_seconds=4.0, thought_tokens=7))
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", before, details=details)))

    def check(text: str) -> None:
        assert chat.reply.answer() == text
        assert (chat.reply.thought.text() if chat.reply.thought is not None else "") == thought
        record = record_from(window.book.current.path()[-1].details) or Record()
        assert (record.marks, record.opens, record.thought_seconds, record.thought_tokens) == (marks, opens, 4.0, 7)

    chat.reply.edited.emit("Because")
    check("Because")
    chat.reply.continue_requested.emit()
    assert chat.requests[-1].messages[-1].content == f"{kept}Because"
    chat.write(" of")
    chat.finish(" of light.")
    check("Because of light.")
    window.chat.list.rebuild()
    check("Because of light.")


def test_a_reply_goes_on_between_the_marks_of_the_model_that_began_it(window: MainWindow, chat: Driver) -> None:
    window.on_event(fake.ready(thinking=THINK, thinking_opens=True))
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So", "stopped", details=DETAILS)))
    chat.reply.continue_requested.emit()
    chat.finish(" it is.")
    window.chat.list.rebuild()
    assert (chat.reply.answer(), chat.reply.thought) == ("So it is.", None)


def test_messages_tell_when_they_were_written(window: MainWindow) -> None:
    first = replace(question("q", "", "Why?"), created="2025-03-04T08:00:00+00:00")
    reply = replace(answer("a", "q", "So."), created="2025-03-04T08:00:30+00:00")
    soon = replace(question("q2", "a", "And?"), created="2025-03-04T08:02:00+00:00")
    late = replace(question("q3", "q2", "Hello?"), created="2025-03-06T08:02:00+00:00")
    open_chat(window, made_chat("c", first, reply, soon, late))
    bubbles = [m for m in window.chat.view.messages() if isinstance(m, UserBubble)]
    assert [bubble.when.text() != "" for bubble in bubbles] == [True, False, True]
    assert [bubble.when.isHidden() for bubble in bubbles] == [False, True, False]
    assert all("2025" in bubble.when.parentWidget().toolTip() for bubble in bubbles)
    assert "2025" in window.chat.list.reply("a").author.toolTip()  # type: ignore[union-attr]


def test_the_cursor_stays_on_the_button_that_changed_the_message(window: MainWindow, chat: Driver) -> None:
    versions = [answer(f"a{n}", "q", f"So {n}.") for n in (1, 2, 3)]
    open_chat(window, made_chat("c", question("q", "", "Why?"), *versions, leaf="a3"))
    settle()
    before = chat.reply._footer.versions.earlier  # type: ignore[union-attr]
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_Space)
    settle()
    assert shown(window) == ["q", "a2"]
    earlier = chat.reply._footer.versions.earlier  # type: ignore[union-attr]
    assert earlier is not before
    assert QApplication.focusWidget() is earlier
    QTest.keyClick(earlier, Qt.Key.Key_Space)
    settle()
    assert shown(window) == ["q", "a1"]
    footer = chat.reply._footer
    assert footer is not None
    assert not footer.versions.earlier.isEnabled()  # the first version: there is nothing to step back to
    assert QApplication.focusWidget() is window.chat.composer.editor
    footer.versions.later.setFocus()
    QTest.keyClick(footer.versions.later, Qt.Key.Key_Space)
    footer.again.setFocus()
    settle()
    again = chat.reply._footer.again  # type: ignore[union-attr]
    again.setFocus()
    QTest.keyClick(again, Qt.Key.Key_Space)
    settle()
    assert QApplication.focusWidget() is window.chat.composer.editor  # the new reply has no buttons yet


def test_after_an_edit_one_can_type(window: MainWindow, chat: Driver) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.")))
    bubble = window.chat.list.widget("q")
    assert isinstance(bubble, UserBubble)
    bubble.begin_edit()
    assert bubble.box is not None
    bubble.box.editor.setPlainText("How?")
    QTest.keyClick(bubble.box.editor, Qt.Key.Key_Return)
    settle()
    assert QApplication.focusWidget() is window.chat.composer.editor
    assert chat.requests[-1].messages[-1].content == "How?"


def test_an_edit_that_cannot_be_sent_now_is_not_lost(window: MainWindow, chat: Driver) -> None:
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "So.")))
    chat.ask("And?")
    bubble = window.chat.list.widget("q")
    assert isinstance(bubble, UserBubble)
    bubble.begin_edit()
    assert bubble.box is not None
    bubble.box.editor.setPlainText("How?")
    QTest.keyClick(bubble.box.editor, Qt.Key.Key_Return)
    assert window.chat.error.isVisible()
    assert bubble.box is not None
    assert bubble.box.editor.toPlainText() == "How?"
    chat.finish("Then.")
    QTest.keyClick(bubble.box.editor, Qt.Key.Key_Return)
    assert chat.requests[-1].messages[-1].content == "How?"


@pytest.mark.parametrize("form", [Grammar("json_object"), None])
def test_a_reply_of_a_given_form_stands_as_it_was_written(
    window: MainWindow, chat: Driver, form: Grammar | None
) -> None:
    details, text = to_text(Record(grammar=form)), "1. *b*"
    open_chat(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", text, details=details)))
    shown = [block.text() for block in chat.reply.text_blocks()]
    assert (shown == [text]) is (form is not None)


def test_an_interrupted_reply_of_a_given_form_has_its_thought_apart(window: MainWindow, chat: Driver) -> None:
    window.on_event(fake.ready(thinking=THINK))
    window.book.set_prompting(prompting_text(Prompting(form=Grammar("json_object"))))
    chat.ask("Why?")
    details = window.book.current.path()[-1].details  # what the store was told before the first word
    chat.finish("{}")
    begun = answer("a", "q", "<think>Hm.</think>{", "interrupted", details)
    open_chat(window, made_chat("c", question("q", "", "Why?"), begun))
    assert chat.reply.answer() == "{"
    assert chat.reply.thought is not None
    assert chat.reply.thought.text() == "Hm."
    chat.reply.continue_requested.emit()
    chat.finish("}")
    record = record_from(window.book.current.path()[-1].details) or Record()
    assert (record.marks, record.grammar) == (THINK, Grammar("json_object"))
    assert chat.reply.answer() == "{}"


class Days:
    """What says which day it is."""

    now = date(2025, 3, 6)

    @classmethod
    def today(cls) -> date:
        return cls.now


def test_times_are_those_of_the_day_also_after_midnight(
    window: MainWindow, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_list, "date", Days)
    first = replace(question("q", "", "Why?"), created="2025-03-04T12:00:00+00:00")
    late = replace(question("q2", "q", "And?"), created="2025-03-06T12:00:00+00:00")
    open_chat(window, made_chat("c", first, late))
    bubble = window.chat.list.widget("q2")
    assert isinstance(bubble, UserBubble)
    today = bubble.when.text()
    assert today
    monkeypatch.setattr(Days, "now", date(2025, 3, 7))
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)  # a computer woke up
    assert bubble.when.text() == f"Yesterday, {today}"
    monkeypatch.setattr(Days, "now", date(2025, 3, 8))
    midnight = window.chat.list._midnight
    assert 0 < midnight.remainingTime() <= 25 * 3_600_000 + 1000
    midnight.timeout.emit()
    assert "2025" in bubble.when.text() or "/25" in bubble.when.text()
    assert midnight.isActive()
