"""The sheet of keys: found by a few letters, changed by pressing others, and nothing is taken without a word."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.window.keys.sheet import ID, KeySheet
from helix_app.gui.window.main_window import MainWindow
from tests.gui.settling import settle

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def sheet(window: MainWindow) -> KeySheet:
    """The sheet of a window, opened by its key."""
    settle()
    QTest.keyClick(window, Qt.Key.Key_Slash, CTRL)
    found = window.findChild(KeySheet)
    assert found is not None
    settle()
    return found


def lines(sheet: KeySheet) -> dict[str, list[tuple[str, str]]]:
    """(command, keys) by group."""
    tops = [sheet.tree.topLevelItem(n) for n in range(sheet.tree.topLevelItemCount())]
    return {
        top.text(0): [(top.child(n).text(0), top.child(n).text(1)) for n in range(top.childCount())] for top in tops
    }


def press(sheet: KeySheet, name: str, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    """Mark a command and give it keys."""
    sheet.mark(name)
    sheet.change.click()
    assert sheet.change.listening
    QTest.keyClick(sheet.change, key, modifiers)
    assert not sheet.change.listening


def test_all_commands_are_listed_in_their_groups(sheet: KeySheet, window: MainWindow) -> None:
    found = lines(sheet)
    assert ("New chat", "Ctrl+N") in found["File"]
    assert ("Inspect", "Ctrl+2") in found["View"]
    assert ("Dark", "") in found["View: Theme"]
    assert ("Begin a new line", "Shift+Return") in found["Everywhere, not to be changed"]
    listed = sum(len(group) for name, group in found.items() if name != "Everywhere, not to be changed")
    assert listed == len(window.shortcuts.commands())


def test_a_few_letters_or_a_key_find_a_command(sheet: KeySheet) -> None:
    QTest.keyClicks(sheet.search, "new chat")
    assert lines(sheet) == {"File": [("New chat", "Ctrl+N")]}
    sheet.search.setText("ctrl+shift+f")
    assert lines(sheet) == {"Chat": [("Search conversations", "Ctrl+Shift+F")]}
    sheet.search.setText("nothing like it")
    assert lines(sheet) == {}
    assert not sheet.change.isEnabled()


def test_keys_are_pressed_and_count_at_once(sheet: KeySheet, window: MainWindow) -> None:
    press(sheet, "unload", Qt.Key.Key_U, CTRL | SHIFT)
    assert window.settings.shortcuts == {"unload": "Ctrl+Shift+U"}
    assert ("Unload model", "Ctrl+Shift+U") in lines(sheet)["File"]
    assert sheet.marked() == "unload"
    sheet.reset.click()
    assert window.settings.shortcuts == {}


def test_a_conflict_is_named_before_anything_is_taken(sheet: KeySheet, window: MainWindow) -> None:
    press(sheet, "unload", Qt.Key.Key_N, CTRL)
    assert sheet.note.text() == "Ctrl+N is the key of “New chat”."
    assert sheet.take.isVisible()
    assert window.settings.shortcuts == {}
    sheet.take.click()
    assert window.settings.shortcuts == {"unload": "Ctrl+N", "new_chat": ""}
    assert not sheet.take.isVisible()
    sheet.reset_all.click()
    assert window.actions_.new_chat.shortcut().toString() == "Ctrl+N"
    assert not sheet.reset_all.isEnabled()


def test_keys_for_writing_are_refused_and_escape_gives_up(sheet: KeySheet, window: MainWindow) -> None:
    press(sheet, "unload", Qt.Key.Key_G, Qt.KeyboardModifier.NoModifier)
    assert "G is for writing" in sheet.note.text()
    press(sheet, "unload", Qt.Key.Key_V, CTRL)
    assert "belongs to text fields" in sheet.note.text()
    press(sheet, "unload", Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    assert sheet.isVisible()
    assert window.settings.shortcuts == {}


def test_keys_that_are_pressed_run_nothing(sheet: KeySheet, window: MainWindow) -> None:
    sheet.mark("unload")
    sheet.change.click()
    shown = window.live.isVisible()
    QTest.keyClick(sheet.change, Qt.Key.Key_L, CTRL | SHIFT)
    assert window.live.isVisible() is shown
    assert "Live panel" in sheet.note.text()


def test_a_command_can_be_left_without_keys(sheet: KeySheet, window: MainWindow) -> None:
    sheet.mark("new_chat")
    sheet.remove.click()
    assert window.settings.shortcuts == {"new_chat": ""}
    assert not sheet.remove.isEnabled()
    sheet.mark("")
    headings = [item for item in sheet.tree.findItems("File", Qt.MatchFlag.MatchExactly) if not item.data(0, ID)]
    assert not headings[0].flags() & Qt.ItemFlag.ItemIsSelectable


def test_by_keyboard_alone(sheet: KeySheet, window: MainWindow) -> None:
    assert sheet.focusWidget() is sheet.search
    QTest.keyClicks(sheet.search, "unload")
    QTest.keyClick(sheet.search, Qt.Key.Key_Tab)
    assert sheet.focusWidget() is sheet.tree
    QTest.keyClick(sheet.tree, Qt.Key.Key_Down)
    assert sheet.marked() == "unload"
    QTest.keyClick(sheet.tree, Qt.Key.Key_Return)
    assert sheet.change.listening
    QTest.keyClick(sheet.change, Qt.Key.Key_F6)
    assert window.settings.shortcuts == {"unload": "F6"}
