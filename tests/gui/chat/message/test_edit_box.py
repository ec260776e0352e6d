"""A message that is being written anew: a question is sent, a reply is saved."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.field import LONG_PASTE
from helix_app.gui.chat.message.edit_box import EditBox
from helix_app.gui.look.theme import Theme
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
