"""A model without a chat template: the window continues the text that stands there, and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.field import LONG_PASTE
from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chats.prompting import Prompting, from_text, to_text
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.gui.prompting.template import TemplateDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake
from tests.gui.chat.made_prompts import TEMPLATE, FakeCounter, ready
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.prompting.prompt_views import prompting_dialog

GEMMA = "Gemma 3 270M has no chat template: it continues the text that stands here, exactly as it is."


def base_model(**values: object) -> object:
    """A loaded model that knows no conversations."""
    return fake.ready(**{"target_name": "Gemma 3 270M", "chat_template": False, **values})


@pytest.fixture
def text(window: MainWindow) -> Driver:
    """A person at a window with such a model."""
    window.on_event(base_model())
    return Driver(window)


def press(text: Driver) -> GenerateRequest:
    """Enter, with whatever stands in the field."""
    QTest.keyClick(text.window.chat.composer.editor, Qt.Key.Key_Return)
    return text.requests[-1]


def bubbles(window: MainWindow) -> list[UserBubble]:
    return [shown for shown in window.chat.view.messages() if isinstance(shown, UserBubble)]


def test_the_page_says_what_the_model_does(text: Driver) -> None:
    chat = text.window.chat
    assert chat.notices.standing() == GEMMA
    assert chat.composer.editor.placeholderText() == "Text to continue"
    assert chat.composer.button.text() == "Continue"
    assert chat.empty.title.text() == "Which text shall go on?"
    assert chat.composer.think.isHidden()
    text.window.on_event(fake.ready())
    assert chat.notices.standing() == ""
    assert chat.composer.editor.placeholderText() == "Message SmolLM2 135M Instruct"
    assert chat.composer.button.text() == "Send"
    assert chat.empty.title.text() == "What would you like to ask?"


def test_a_sentence_that_was_closed_is_not_said_again(text: Driver) -> None:
    bar = text.window.chat.notices
    bar.lead.close_button.click()
    assert bar.standing() == ""
    text.window.chat.new_chat()
    text.window.on_event(base_model())
    assert bar.standing() == ""
    text.window.on_event(base_model(target_name="Another"))
    assert bar.standing().startswith("Another has no chat template")


def test_what_is_sent_is_the_text_so_far(text: Driver) -> None:
    first = text.ask("Once upon ")
    assert (first.raw, first.text) == (True, "Once upon ")
    text.write("a time")
    text.finish("a time there was")
    second = text.ask(" a king,\n")
    assert second.text == "Once upon a time there was a king,\n"
    text.finish(" who slept.")
    third = press(text)
    assert third.text == "Once upon a time there was a king,\n who slept."
    assert len(text.window.book.current) == 4  # it goes on where it was
    text.finish(" And slept.")
    assert text.reply.source() == " who slept. And slept."
    assert text.ask(" ").text.endswith(" And slept. ")  # a space is text, too


def test_an_empty_field_asks_for_nothing_where_there_is_no_text(text: Driver) -> None:
    for nothing in ("", "  "):
        text.window.chat.composer.editor.setPlainText(nothing)
        QTest.keyClick(text.window.chat.composer.editor, Qt.Key.Key_Return)
        assert not text.requests
        assert text.window.chat.error.sentence.text() == "The prompt is empty. Type something to send."


def test_an_empty_field_goes_on_at_the_end_also_where_that_is_a_persons(text: Driver) -> None:
    text.ask("A")
    text.finish("B")
    text.ask("C")
    text.finish("D")
    text.reply.delete_requested.emit()
    assert press(text).text == "ABC"
    text.finish("E")
    assert [message.text for message in text.window.book.current.path()] == ["A", "B", "C", "E"]
    text.reply.delete_requested.emit()
    first = text.window.book.current.path()[1]
    text.window.chat.delete(first.id)
    assert press(text).text == "A"  # nobody has gone on with it
    assert not text.window.chat.error.isVisible()


def test_a_long_paste_stands_where_it_was_put(text: Driver) -> None:
    composer, long = text.window.chat.composer, "a\n" * LONG_PASTE
    composer.editor.setPlainText("B")
    pasted = QMimeData()
    pasted.setText(long)
    composer.editor.moveCursor(QTextCursor.MoveOperation.End)
    composer.editor.insertFromMimeData(pasted)
    composer.editor.insertPlainText("C")
    composer.show_text(composer.text())  # as a draft is
    assert press(text).text == f"B{long}C"


def test_nothing_else_is_sent_and_the_page_says_so(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(system_prompt="Be brief.")
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.start()
    window.on_event(base_model(thinking=("<t>", "</t>"), thinking_switch="enable_thinking"))
    assert window.chat.notices.standing() == f"{GEMMA} The system prompt is not sent."
    assert window.chat.composer.think.isHidden()
    request = Driver(window).ask("x")
    assert request.text == "x"
    assert [message.role for message in request.messages] == ["user"]
    window.book.set_prompting(to_text(Prompting({"system_prompt": ""})))
    assert window.chat.notices.standing() == GEMMA


def test_a_text_is_shown_as_it_stands_and_nobody_says_it(text: Driver) -> None:
    text.ask("# Once")
    text.write(" *upon*\n\n\na time")
    assert [block.text() for block in text.reply.text_blocks()] == [" *upon*\n\n\na time"]
    text.finish(" *upon*\n\n\na time")
    (bubble,) = bubbles(text.window)
    assert bubble.accessibleName() == "Part of the text: # Once"
    assert text.reply.accessibleName().startswith("Continued by Gemma 3 270M:")


def test_it_can_be_written_again_edited_and_branched(text: Driver) -> None:
    text.ask("A ")
    text.finish("B")
    text.reply.again_requested.emit()
    assert text.requests[-1].text == "A "
    text.finish("C")
    text.reply.edited.emit(" D\n")
    assert text.reply.source() == " D\n"
    assert text.reply.plain
    assert text.ask("E").text == "A  D\nE"
    text.finish("F")
    bubble = bubbles(text.window)[0]
    bubble.begin_edit()
    assert bubble.box is not None
    bubble.box.editor.setPlainText(" Z ")
    bubble.box.send.click()
    assert text.requests[-1].text == " Z "


def test_what_ended_by_itself_can_go_on(text: Driver) -> None:
    text.ask("A ")
    text.finish("B", "eos")
    text.reply.continue_requested.emit()
    assert text.requests[-1].text == "A B"


def test_a_race_is_of_the_same_text(text: Driver) -> None:
    raced: list[GenerateRequest] = []
    text.window.chat.race_requested.connect(raced.append)
    text.ask("A ")
    text.finish("B")
    text.reply.on_race_clicked()
    assert (raced[0].raw, raced[0].text) == (True, "A ")


def test_a_chat_goes_on_as_text_and_back(chat: Driver) -> None:
    chat.ask("Why?")
    chat.finish("Because.")
    chat.window.on_event(base_model())
    said = chat.window.chat.notices.standing()
    assert said == f"{GEMMA} What was a chat before becomes text, too, with an empty line between its messages."
    assert chat.ask("And so").text == "Why?\n\nBecause.\n\nAnd so"
    chat.finish(" on")
    assert [bubble.accessibleName() for bubble in bubbles(chat.window)] == ["You: Why?", "Part of the text: And so"]
    chat.window.on_event(fake.ready())
    assert chat.window.chat.notices.standing() == (
        "Part of this conversation was continued as text. SmolLM2 135M Instruct reads it as messages: yours, and what "
        "was continued as its own."
    )
    request = chat.ask("Really?")
    assert not request.raw
    assert [m.content for m in request.messages] == ["Why?", "Because.", "And so", " on", "Really?"]


def test_a_text_that_is_opened_again_is_one(window: MainWindow, text: Driver) -> None:
    text.ask("A ")
    text.finish("B")
    kept = window.book.current.chat()
    stored = made_chat("old", *kept.messages)
    FakeStore(window, stored, made_chat("chat", question("q", "", "Why?"), answer("a", "q", "So.")))
    window.book.open("old")
    assert text.reply.plain
    assert text.ask("C").text == "A BC"


def test_a_reply_that_was_cut_short_stays_text(window: MainWindow, text: Driver) -> None:
    text.ask("A ")
    text.write("B")
    writing = window.book.writing
    assert writing is not None
    details = window.book.current.message(writing.message_id).details
    stored = made_chat("old", question("q", "", "A "), answer("a", "q", "B", "interrupted", details))
    text.finish("B")
    FakeStore(window, stored)
    window.book.open("old")
    assert text.reply.plain
    text.reply.continue_requested.emit()
    assert text.requests[-1].text == "A B"


def test_a_conversation_of_a_chat_model_can_be_text_by_choice(chat: Driver) -> None:
    chat.window.book.set_prompting(to_text(Prompting(plain=True)))
    assert chat.window.chat.notices.standing() == (
        "This conversation continues the text that stands here, exactly as it is, without a chat template."
    )
    assert chat.ask("A ").raw
    chat.finish("B")
    chat.window.book.set_prompting("")
    assert not chat.ask("C").raw


def test_a_chat_template_of_its_own_makes_a_chat(text: Driver) -> None:
    text.window.book.set_prompting(to_text(Prompting(template="{{ messages[0].content }}")))
    assert text.window.chat.notices.standing() == ""
    request = text.ask("Hi")
    assert (request.raw, request.template) == (False, "{{ messages[0].content }}")


def test_what_is_sent_while_text_is_written_waits_for_its_end(text: Driver) -> None:
    text.ask("A")
    text.window.chat.composer.editor.setPlainText(" C")
    press(text)
    assert len(text.requests) == 1
    text.finish("B")
    assert text.requests[-1].text == "AB C"


def test_what_is_counted_and_shown_is_the_text(window: MainWindow, qtbot: QtBot) -> None:
    window.on_event(ready(chat_template=False, context_length=64))
    counter = FakeCounter(window)
    text = Driver(window)
    text.ask("Once upon")
    text.finish(" a time")
    window.chat.composer.editor.setPlainText(" there was")
    qtbot.waitUntil(lambda: bool(counter.asked) and counter.asked[-1].messages[-1].content == " there was")
    assert counter.asked[-1].raw
    assert "".join(message.content for message in counter.asked[-1].messages) == "Once upon a time there was"
    qtbot.waitUntil(lambda: window.counting.counted is not None and window.counting.counted.of("message") == 2)
    lines = window.count_line.toolTip().split("\n")
    assert lines == ["Text so far: 4", "Your addition: 2", "Begin of text: 1", "Left to write: 57"]
    window.prompting.open_dialog()
    prompting_dialog(window).preview.click()
    shown = window.findChild(PromptPreview)
    assert shown is not None
    assert "They are the text as it stands: no chat template, no system prompt." in shown.said.text()
    assert [shown.parts[part].text() for part in ("history", "message", "template")] == [
        "Text so far 4",
        "Your addition 2",
        "Begin of text 1",
    ]
    assert "Begin of text" in shown.sheet.describe(0)
    shown.accept()
    prompting_dialog(window).reject()


def test_the_dialog_says_what_is_not_sent(text: Driver) -> None:
    text.window.prompting.open_dialog()
    dialog = prompting_dialog(text.window)
    prompt = dialog.editors["system_prompt"].widget
    assert isinstance(prompt, QPlainTextEdit)
    assert not prompt.isEnabled()
    assert prompt.placeholderText() == "not sent"
    assert dialog.note.text().startswith("The system prompt is not sent: the text is continued as it stands.")
    assert dialog.template_note.text() == "none: the text is continued"
    assert not dialog.plain.isVisible()
    dialog.save.click()
    assert not from_text(text.window.book.current.settings)


def test_a_text_is_chosen_in_the_dialog(chat: Driver) -> None:
    chat.window.prompting.open_dialog()
    dialog = prompting_dialog(chat.window)
    prompt = dialog.editors["system_prompt"].widget
    assert prompt.isEnabled()
    dialog.plain.setChecked(True)
    assert not prompt.isEnabled()
    assert dialog.template_note.text() == "not used"
    assert not dialog.template.isEnabled()
    dialog.save.click()
    assert from_text(chat.window.book.current.settings).plain
    assert chat.window.chat.continuing.plain
    assert chat.ask("A ").raw


def test_the_choice_outlives_a_model_without_a_template(window: MainWindow, qtbot: QtBot) -> None:
    window.book.set_prompting(to_text(Prompting(plain=True)))
    window.on_event(ready(chat_template=False))
    counter = FakeCounter(window)
    window.prompting.open_dialog()
    dialog = prompting_dialog(window)
    assert not dialog.plain.isVisible()
    assert dialog.template.isEnabled()
    dialog.editors["temperature"].show(0.25)
    dialog.template.click()
    template = dialog.findChild(TemplateDialog)
    assert template is not None
    template.editor.setPlainText(TEMPLATE)
    qtbot.waitUntil(template.save.isEnabled)
    assert not counter.asked[-1].raw  # it is checked as what it is
    template.reject()
    dialog.save.click()
    kept = from_text(window.book.current.settings)
    assert (kept.plain, kept.values) == (True, {"temperature": 0.25})


def test_once_a_template_is_written_the_choice_is_in_sight(window: MainWindow) -> None:
    window.book.set_prompting(to_text(Prompting(plain=True)))
    window.on_event(base_model())
    window.prompting.open_dialog()
    dialog = prompting_dialog(window)
    dialog.show_prompting(Prompting(template=TEMPLATE, plain=True))
    assert dialog.plain.isVisible()
    assert (dialog.template.isEnabled(), dialog.template_note.text()) == (False, "not used")
    dialog.plain.setChecked(False)
    assert dialog.template.isEnabled()


def test_what_waits_for_a_reply_is_of_the_kind_that_the_reply_will_be(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "A")))
    window.book.open("c")
    (bubble,) = bubbles(window)
    chat_name = bubble.accessibleName()
    window.on_event(base_model())
    text_name = bubble.accessibleName()
    assert text_name != chat_name
    window.models.load(context_length=4096)
    assert bubble.accessibleName() == text_name  # nobody knows better meanwhile
    window.on_event(fake.ready())
    assert bubble.accessibleName() == chat_name
    window.book.set_prompting(to_text(Prompting(plain=True)))
    assert bubble.accessibleName() == text_name
