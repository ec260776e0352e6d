"""What the person wrote: as wide as its text, long ones in pieces, and written anew in its place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.column import Column
from helix_app.gui.chat.message.bubble import BUBBLE_CHARACTERS, PADDING, UserBubble, text_width
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.look.theme import Theme
from tests.gui.driver import Driver
from tests.gui.fake import record

pytestmark = pytest.mark.styled


@pytest.fixture
def bubble(theme: Theme, qtbot: QtBot) -> UserBubble:
    """A message of a conversation."""
    made = UserBubble(theme, "Why is the sky blue?", "m1")
    qtbot.addWidget(made)
    made.resize(600, made.height_for(600))
    made.show()
    return made


def test_show_all_of_a_long_message(chat: Driver, qtbot) -> None:
    text = "word " * 4000
    chat.ask(text)
    bubble = chat.window.chat.view.messages()[0]
    assert isinstance(bubble, UserBubble)
    before = bubble.height()
    bubble.on_more_clicked()
    qtbot.waitUntil(lambda: sum(len(block.text()) for block in bubble.text_blocks()) == len(text.strip()))
    assert bubble.height() > before


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


CODE = "Why is *this* wrong?\n\n```python\nprint(1)\n```\nIt prints $x$."


def test_code_in_it_is_a_block_with_colours_and_the_rest_is_plain(theme: Theme, qtbot: QtBot) -> None:
    bubble = UserBubble(theme, CODE)
    qtbot.addWidget(bubble)
    bubble.resize(600, bubble.height_for(600))
    bubble.show()
    (code,) = bubble.findChildren(CodeBlock)
    assert (code.unit.language, code.unit.body) == ("python", "print(1)")
    assert [block.text() for block in bubble.text_blocks()] == ["Why is *this* wrong?", "print(1)", "It prints $x$."]
    above, below = bubble.text_blocks()[0], bubble.text_blocks()[2]
    assert above.geometry().bottom() < code.y() < code.geometry().bottom() < below.y()
    code.copy()
    assert QGuiApplication.clipboard().text() == "print(1)"
    assert bubble.text() == CODE
    bubble.begin_edit()
    assert not code.isVisible()


def test_long_code_is_shown_in_pieces_of_one_block(theme: Theme, qtbot: QtBot) -> None:
    body = "\n".join(f"x = {number}" for number in range(2000))
    bubble = UserBubble(theme, f"See:\n```py\n{body}\n```\nWhy?")
    qtbot.addWidget(bubble)
    bubble.show()
    (code,) = bubble.findChildren(CodeBlock)
    assert len(code.unit.body) < 1300
    bubble.on_more_clicked()
    qtbot.waitUntil(lambda: bubble.text_blocks()[-1].text() == "Why?")
    assert bubble.findChildren(CodeBlock) == [code]
    assert code.unit.body == body
    assert bubble.height_for(600) > code.height_for(600)


def test_who_reads_by_ear_hears_who_wrote_it(bubble: UserBubble) -> None:
    assert bubble.accessibleName() == "You: Why is the sky blue?"


def test_it_is_edited_in_its_place_and_enter_sends(bubble: UserBubble) -> None:
    sent, heights = record(bubble.edited), record(bubble.height_changed)
    before = bubble.height_for(600)
    bubble.edit.click()
    assert bubble.box is not None
    assert heights
    assert bubble.height_for(600) != before
    assert bubble.text_blocks() == []  # what is not in sight cannot be marked
    assert bubble.box.editor.toPlainText() == "Why is the sky blue?"
    bubble.box.editor.setPlainText("Why is the sky red?")
    QTest.keyClick(bubble.box.editor, Qt.Key.Key_Return)
    assert sent == ["Why is the sky red?"]
    assert bubble.box is not None  # until the other version stands there
    bubble.end_edit()
    assert bubble.height_for(600) == before
    assert bubble.text() == "Why is the sky blue?"  # the new text is another message


def test_escape_leaves_it_as_it_was_and_the_same_text_is_not_sent(bubble: UserBubble) -> None:
    sent = record(bubble.edited)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        bubble.begin_edit()
        assert bubble.box is not None
        QTest.keyClick(bubble.box.editor, key)
        assert bubble.box is None
    assert sent == []
    assert [block.isVisible() for block in bubble.text_blocks()] == [True]


def test_a_message_by_itself_has_no_actions(theme: Theme, qtbot: QtBot, bubble: UserBubble) -> None:
    alone = UserBubble(theme, "Why is the sky blue?")
    qtbot.addWidget(alone)
    alone.show()
    assert not alone.edit.isVisible()
    assert bubble.edit.isVisible()
    assert alone.height_for(600) < bubble.height_for(600)


def test_versions(bubble: UserBubble) -> None:
    steps = record(bubble.versions.stepped)
    assert not bubble.versions.isVisible()
    bubble.show_version(1, 2)
    assert bubble.versions.isVisible()
    assert not bubble.versions.earlier.isEnabled()
    bubble.versions.later.click()
    assert steps == [1]


def test_a_time_that_comes_or_goes_is_given_room(bubble: UserBubble) -> None:
    asked = record(bubble.height_changed)
    for text in ("Yesterday, 10:00", "Yesterday, 10:00", "", ""):
        bubble.show_time(text, "a day")
    assert len(asked) == 2


def test_a_time_that_comes_beside_a_text_is_not_cut_off(theme: Theme, qtbot: QtBot) -> None:
    column = Column()
    qtbot.addWidget(column)
    column.resize(500, 300)
    bubble = UserBubble(theme, "word " * 60, "m1")
    bubble.set_plain(True)
    column.add(bubble)
    column.show()
    bubble.show_time("Yesterday, 10:00", "a day")
    assert bubble._bar.width() >= bubble._bar.sizeHint().width()
