"""An answer of the model, by itself."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chat.message.versions import VersionSwitch
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.events import Failed
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.settling import settle


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


def test_how_much_of_the_prompt_is_read(chat: Driver) -> None:
    request = chat.ask("x")
    chat.window.on_event(events.PrefillProgress(request.request_id, 1024, 9000))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"
    chat.window.on_event(events.PrefillProgress("another", 5, 6))
    assert chat.reply._waiting.text() == "Reading the prompt: 1,024 of 9,000 tokens"


def test_who_reads_by_ear_hears_who_wrote_what(reply: Reply) -> None:
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


def test_only_the_last_answer_offers_to_try_again(reply: Reply) -> None:
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


def test_what_was_stopped_can_be_continued_and_then_is_written_further(reply: Reply) -> None:
    asked = record(reply.continue_requested)
    reply.append("Half of")
    reply.finish(fake.finished("r", "Half of", "cancelled"))
    (go_on,) = [b for b in reply.findChildren(ThemedButton) if b.text() == "Continue"]
    assert not go_on.isVisible()
    reply.offer_more()
    assert go_on.isVisible()
    reply.set_last(False)
    assert not go_on.isVisible()
    reply.set_last(True)  # what followed was deleted
    assert go_on.isVisible()
    go_on.click()
    assert len(asked) == 1
    reply.resume("r2")
    assert reply.streaming
    assert reply.stats_text() == ""
    reply.append(" it.")
    reply.finish(fake.finished("r2", " it."))
    assert (reply.request_id, reply.source(), reply.continued) == ("r2", "Half of it.", True)


def test_what_was_interrupted_says_so_and_offers_to_go_on(reply: Reply) -> None:
    asked = record(reply.continue_requested)
    reply.append("Half of")
    reply.finish_bare()
    reply.offer_more("Helix ended while this was being written.")
    assert reply.offer is not None
    assert reply.offer.sentence.text() == "Helix ended while this was being written."
    reply.offer.acted.emit()
    assert len(asked) == 1
    reply.set_last(False)
    assert not reply.offer.isVisible()


def test_versions_are_shown_before_and_after_it_is_over(reply: Reply) -> None:
    steps = record(reply.stepped)
    reply.show_version(2, 3)
    reply.append("x")
    reply.finish(fake.finished("r", "x"))
    switch = reply.findChild(VersionSwitch)
    assert switch is not None
    assert switch.isVisible()
    assert switch.label.text() == "2/3"
    switch.later.click()
    assert steps == [1]
    reply.show_version(1, 1)
    assert not switch.isVisible()


CTRL = Qt.KeyboardModifier.ControlModifier


def test_it_is_edited_in_its_place_and_saved_with_ctrl_enter(reply: Reply) -> None:
    edited, heights = record(reply.edited), record(reply.height_changed)
    reply.append("<think>Hm.</think>The sky is red.")
    reply.finish(fake.finished("r"))
    reply.begin_edit()
    assert reply.box is not None
    assert reply.box.isVisible()
    assert heights
    assert reply.text_blocks() == []  # what is not in sight cannot be marked
    assert reply.box.editor.toPlainText() == "The sky is red."
    reply.box.editor.setPlainText("The sky is")
    reply.box.take_cursor()
    QTest.keyClick(reply.box.editor, Qt.Key.Key_Return)
    QTest.keyClicks(reply.box.editor, "blue.")
    QTest.keyClick(reply.box.editor, Qt.Key.Key_Return, CTRL)
    assert edited == ["The sky is\nblue."]
    assert reply.box is None
    assert [block.text() for block in reply.text_blocks()] == ["The sky is red."]  # the new text is another message


def test_escape_leaves_it_as_it_was_and_the_same_text_is_no_version(reply: Reply) -> None:
    edited = record(reply.edited)
    reply.append("So.")
    reply.finish(fake.finished("r"))
    high = reply.content_height()
    for key, held in ((Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_Return, CTRL)):
        reply.begin_edit()
        assert reply.box is not None
        QTest.keyClick(reply.box.editor, key, held)
        assert reply.box is None
    assert edited == []
    assert reply.content_height() == high
    assert [block.text() for block in reply.text_blocks()] == ["So."]


def test_all_of_what_is_edited_is_in_sight(reply: Reply) -> None:
    reply.append("words " * 100)
    reply.finish(fake.finished("r"))
    reply.begin_edit()
    settle()
    box = reply.box
    assert box is not None
    assert box.height() == box.sizeHint().height()
    assert box.editor.geometry().bottom() < box.send.y()
    assert not box.editor.verticalScrollBar().maximum()


def test_going_on_ends_the_editing(reply: Reply) -> None:
    reply.append("Half of")
    reply.finish(fake.finished("r", "Half of", "cancelled"))
    reply.begin_edit()
    reply.resume("r2")
    assert reply.box is None
    reply.append(" it.")
    assert [block.text() for block in reply.text_blocks()] == ["Half of it."]
