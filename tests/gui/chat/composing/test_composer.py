"""Where the person writes: keys, pastes, and what the button says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.attachments import MOST_UNFOLDED, Chip
from helix_app.gui.chat.composing.composer import Composer, Draft
from helix_app.gui.chat.composing.field import LONG_LINES, LONG_PASTE, ComposerText
from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.settling import settle

pytestmark = pytest.mark.styled


@pytest.fixture
def composer(theme: Theme, qtbot: QtBot) -> Composer:
    """A composer by itself, of a model that answers."""
    made = Composer(theme)
    qtbot.addWidget(made)
    made.resize(500, 100)
    made.show()
    made.set_available(True, "Message the model")
    return made


def paste(composer: Composer, text: str) -> None:
    data = QMimeData()
    data.setText(text)
    composer.editor.insertFromMimeData(data)


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


def test_escape_stops(chat: Driver) -> None:
    chat.ask("x")
    QTest.keyClick(chat.window.chat.composer.editor, Qt.Key.Key_Escape)
    assert chat.cancels == 1


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


def test_a_paste_is_text_up_to_a_length(composer: Composer) -> None:
    paste(composer, "x" * LONG_PASTE)
    assert composer.draft() == Draft("x" * LONG_PASTE)
    paste(composer, "y" * (LONG_PASTE + 1))
    assert composer.draft() == Draft("x" * LONG_PASTE, ("y" * (LONG_PASTE + 1),))


def test_pastes_come_before_what_is_typed_and_can_be_dropped(composer: Composer) -> None:
    composer.attach("first " * 2000)
    composer.attach("second " * 2000)
    composer.editor.setPlainText("  What is this?  ")
    assert composer.text() == "\n\n".join(("first " * 2000, "second " * 2000, "What is this?"))
    remove = [b for b in composer.findChildren(ThemedButton) if b.accessibleName() == "Remove pasted text"]
    remove[0].click()
    assert composer.text() == "\n\n".join(("second " * 2000, "What is this?"))
    composer.clear()
    assert composer.text() == ""


def test_what_was_sent_in_vain_comes_before_what_was_typed_since(composer: Composer) -> None:
    composer.editor.setPlainText("sent in vain")
    composer.attach("pasted " * 2000)
    draft = composer.draft()
    composer.clear()
    composer.editor.setPlainText("typed since")
    composer.put_back(draft)
    assert composer.draft() == Draft("sent in vain\n\ntyped since", ("pasted " * 2000,))
    composer.clear()
    composer.put_back(Draft("alone"))
    assert composer.editor.toPlainText() == "alone"


def test_the_button_is_stop_while_a_reply_is_written(composer: Composer) -> None:
    sent, stopped = record(composer.send_requested), record(composer.stop_requested)
    composer.button.click()
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)  # there is nothing to stop
    assert (len(sent), len(stopped)) == (1, 0)
    composer.set_generating(True)
    assert (composer.button.text(), composer.button.accessibleName()) == ("Stop", "Stop")
    composer.button.click()
    QTest.keyClick(composer.editor, Qt.Key.Key_Escape)
    assert (len(sent), len(stopped)) == (1, 2)
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)  # whoever hears it lets it wait
    assert (len(sent), len(stopped)) == (2, 2)
    composer.set_generating(False)
    assert composer.button.text() == "Send"


def test_what_cannot_be_sent_yet_can_be_written(composer: Composer) -> None:
    sent = record(composer.send_requested)
    composer.set_available(False, "No model is loaded")
    assert composer.editor.placeholderText() == "No model is loaded"
    assert not composer.editor.isEnabled()
    composer.set_available(False, "Loading", writable=True)
    assert composer.editor.isEnabled()
    assert not composer.button.isEnabled()
    QTest.keyClick(composer.editor, Qt.Key.Key_Return)
    assert len(sent) == 1  # asked for all the same: the page says why not


def test_page_keys_are_for_the_conversation(composer: Composer) -> None:
    paged = record(composer.editor.paged)
    QTest.keyClick(composer.editor, Qt.Key.Key_PageUp)
    QTest.keyClick(composer.editor, Qt.Key.Key_PageDown)
    assert paged == [-1, 1]


def test_a_paste_of_many_lines_is_folded_and_can_be_unfolded(composer: Composer) -> None:
    lines = "line\n" * LONG_LINES
    paste(composer, lines[:-1])
    assert composer.draft() == Draft(lines[:-1])
    composer.clear()
    composer.insert("before ")
    paste(composer, lines)
    assert composer.draft() == Draft("before ", (lines,))
    chip = composer.findChild(Chip)
    assert chip is not None
    chip.unfold.click()
    assert composer.draft() == Draft(f"before {lines}")


@pytest.mark.parametrize(
    ("text", "shown"), [("x" * 9000, True), ("x" * (MOST_UNFOLDED + 1), False), ("```a.py\nx\n```", False)]
)
def test_files_and_very_long_pastes_stay_folded(composer: Composer, text: str, shown: bool) -> None:
    composer.attach(text)
    chip = composer.findChild(Chip)
    assert chip is not None
    assert chip.unfold.isVisibleTo(chip) == shown


def test_it_tells_of_every_change(composer: Composer) -> None:
    told: list[bool] = []
    composer.changed.connect(lambda: told.append(composer.is_empty()))
    composer.attach("pasted")
    composer.clear()
    composer.insert("x")
    assert told[0] is False
    assert told[-1] is False
    assert True in told


def test_a_suggestion_takes_the_place_of_what_is_typed_and_can_be_undone(composer: Composer) -> None:
    composer.attach("```a.txt\nkept\n```")
    QTest.keyClicks(composer.editor, "half a thought")
    composer.retype("Explain it.")
    assert composer.draft() == Draft("Explain it.", ("```a.txt\nkept\n```",))
    composer.editor.undo()
    assert composer.draft().typed == "half a thought"


def test_what_stands_in_the_empty_field_stays_on_one_line(composer: Composer) -> None:
    hint = "Message to a model with a long name"
    composer.set_available(True, hint)
    shown = QPlainTextEdit.placeholderText
    assert shown(composer.editor) == hint
    composer.resize(composer.width() // 2 + 40, composer.height())
    settle()
    assert shown(composer.editor).endswith("…")
    assert composer.editor.fontMetrics().horizontalAdvance(shown(composer.editor)) <= composer.editor.width()
    assert composer.editor.placeholderText() == hint
    composer.resize(500, composer.height())
    settle()
    assert shown(composer.editor) == hint


@pytest.mark.parametrize("enter", [True, False])
def test_the_keys_that_are_told_are_those_that_do_it(theme: Theme, qtbot: QtBot, enter: bool) -> None:
    field = ComposerText(theme, enter_sends=enter)
    qtbot.addWidget(field)
    sent = record(field.submitted)
    QTest.keySequence(field, QKeySequence(field.breaks_with))
    assert (field.toPlainText(), len(sent)) == ("\n", 0)
    QTest.keySequence(field, QKeySequence(field.sends_with))
    assert (field.toPlainText(), len(sent)) == ("\n", 1)


def test_the_hint_of_the_button_names_them(composer: Composer) -> None:
    hint = f"Send ({composer.editor.sends_with}); {composer.editor.breaks_with}: new line"
    assert composer.button.toolTip() == hint
    composer.set_generating(True)
    assert composer.button.toolTip() == "Stop"
