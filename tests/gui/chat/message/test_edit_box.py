"""A message that is being written anew: a question is sent, a reply is saved."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeySequence, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.field import LONG_PASTE
from helix_app.gui.chat.message.edit_box import EditBox
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from tests.gui.chats.made_chats import FakeStore, long_chat
from tests.gui.fake import record
from tests.gui.settling import settle


def made(theme: Theme, qtbot: QtBot, text: str, *, reply: bool) -> EditBox:
    box = EditBox(theme, text, reply=reply)
    qtbot.addWidget(box)
    box.resize(400, 60)
    box.show()
    box.take_cursor()
    return box


@pytest.mark.parametrize(("reply", "words"), [(False, "Send"), (True, "Save")])
def test_its_button_says_what_becomes_of_the_text(theme: Theme, qtbot: QtBot, reply: bool, words: str) -> None:
    box = made(theme, qtbot, "So.", reply=reply)
    sent = record(box.sent)
    assert (box.send.text(), box.send.accessibleName()) == (words, words)
    keys = QKeySequence("Ctrl+Return").toString(QKeySequence.SequenceFormat.NativeText)  # as the sheet of keys has it
    assert (f"({keys})" in box.send.toolTip()) is reply
    box.editor.setPlainText("  ")
    assert not box.send.isEnabled()
    QTest.keyClick(box.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sent == []
    box.editor.setPlainText(" Then. ")
    box.send.click()
    assert sent == ["Then."]


@pytest.mark.parametrize("reply", [False, True])
def test_a_long_paste_is_not_lost(theme: Theme, qtbot: QtBot, reply: bool) -> None:
    box = made(theme, qtbot, "Before ", reply=reply)
    data = QMimeData()
    data.setText("x" * (LONG_PASTE + 1))
    box.editor.insertFromMimeData(data)
    assert box.editor.toPlainText() == "Before " + "x" * (LONG_PASTE + 1)


def test_it_asks_for_another_height_when_its_field_has_its_lines(theme: Theme, qtbot: QtBot) -> None:
    box = made(theme, qtbot, "words " * 60, reply=True)
    box.height_changed.connect(lambda: box.resize(400, box.height_for(400)))
    settle()
    assert box.height() == box.sizeHint().height()
    assert box.editor.geometry().bottom() < box.send.y()


@pytest.mark.parametrize("message_id", ["q3", "a3"])
def test_it_stays_open_when_the_text_gets_another_size(window: MainWindow, message_id: str) -> None:
    FakeStore(window, long_chat("c", 20))
    window.book.open("c")
    page = window.chat
    before = page.list.reveal(message_id)
    assert before is not None
    before.begin_edit()
    assert before.box is not None
    before.box.editor.setPlainText("Half a thought")
    before.box.editor.moveCursor(QTextCursor.MoveOperation.Start)
    page.view.follow()
    for percent in (120, 100):
        window.state.change(text_size=percent)
        after = page.list.widget(message_id)
        assert after is not None
        assert after is not before
        assert after.box is not None
        assert after.box.editor.toPlainText() == "Half a thought"
        assert after.box.editor.textCursor().position() == 0
        assert QApplication.focusWidget() is (after.box.editor if percent == 120 else page.composer.editor)
        page.take_cursor()
    window.book.new()
    window.book.open("c")
    shown = page.list.reveal(message_id)
    assert shown is not None
    assert shown.box is None  # it was left
