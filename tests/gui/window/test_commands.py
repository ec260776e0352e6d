"""The command palette: what it offers, how it is found, and that it is done."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.window.commands import MOST_CHATS, Command, CommandPalette, matching
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import OpenChat
from tests.gui.chats.made_chats import FakeStore, chat as made_chat, question


def opened(window: MainWindow) -> CommandPalette:
    """The palette of a window."""
    window.actions_.commands.trigger()
    return next(p for p in window.findChildren(CommandPalette) if p.isVisible())


def lines(palette: CommandPalette) -> list[str]:
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_all_words_count_and_the_begin_of_a_word_comes_first() -> None:
    commands = [Command(text, "", list) for text in ("View: Zoom", "File: Open run", "View: Reopen", "File: Save")]
    assert [c.text for c in matching(commands, "open")] == ["File: Open run", "View: Reopen"]
    assert [c.text for c in matching(commands, "VIEW z")] == ["View: Zoom"]
    assert matching(commands, "nothing") == []
    assert matching(commands, "") == commands


def test_a_few_letters_and_enter(window: MainWindow) -> None:
    palette = opened(window)
    assert "View: Theme: Dark" in lines(palette)
    QTest.keyClicks(palette.field, "dark")
    assert lines(palette) == ["View: Theme: Dark"]
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.theme.palette.name == "dark"
    assert not palette.isVisible()


def test_the_arrows_choose_and_nothing_is_done_without_a_line(window: MainWindow) -> None:
    palette = opened(window)
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentRow() == 0
    for _ in range(3):
        QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 3
    QTest.keyClick(palette.field, Qt.Key.Key_PageDown)
    assert palette.list.currentRow() == 11
    palette.field.setText("no such command")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_only_what_can_be_done_is_offered(window: MainWindow) -> None:
    assert not window.actions_.stop.isEnabled()
    assert "Chat: Stop the reply" not in lines(opened(window))


def test_conversations_are_found_by_their_titles(window: MainWindow) -> None:
    store = FakeStore(window, *(made_chat(f"c{n}", question(f"q{n}", "", "Why?")) for n in range(30)))
    palette = opened(window)
    assert sum(line.startswith("Open conversation: ") for line in lines(palette)) == MOST_CHATS
    palette.field.setText("chat c27")
    assert lines(palette) == ["Open conversation: Chat c27"]
    palette.run()
    assert store.asked[-1] == OpenChat("c27")
