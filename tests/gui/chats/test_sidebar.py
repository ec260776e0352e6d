"""The conversations beside the chat: searching, folding, and what menus offer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.sidebar import Sidebar
from helix_app.gui.look.theme import Theme
from helix_app.protocol.conversations.chats import (
    ChangeChat,
    ChatAsked,
    ChatEntry,
    ChatHit,
    ChatOpened,
    ChatsFound,
    ChatsListed,
    CopyChat,
    FindChats,
    OpenChat,
)
from tests.gui.chats.made_chats import chat as made_chat, entry, question
from tests.gui.fake import record


class Side:
    """A sidebar, its book, and what is asked of the store."""

    def __init__(self, theme: Theme) -> None:
        self.book = ChatBook()
        self.asked: list[ChatAsked] = []
        self.book.asked.connect(self.asked.append)
        self.bar = Sidebar(theme, self.book)
        self.bar.resize(240, 600)
        self.bar.show()

    def list(self, *entries: ChatEntry, kept: bool = True) -> None:
        self.book.on_listed(ChatsListed(entries, kept))

    def titles(self) -> list[str]:
        return [row.title for row in self.bar.list.rows.rows()]

    def menu(self, title: str) -> dict[str, object]:
        """The actions of the menu of a line, by their texts."""
        index = self.titles().index(title)
        row = self.bar.list.rows.rows()[index]
        for old in self.bar.findChildren(QMenu):
            old.setParent(None)
        self.bar.list.menu_requested.emit(row, self.bar.mapToGlobal(self.bar.rect().center()))
        menu = next(m for m in self.bar.findChildren(QMenu) if not isinstance(m.parent(), QMenu))
        return {action.text(): action for action in menu.actions() if not action.isSeparator()}


@pytest.fixture
def side(theme: Theme, qtbot: QtBot) -> Side:
    made = Side(theme)
    qtbot.addWidget(made.bar)
    return made


def test_the_list_and_what_is_said_without_one(side: Side) -> None:
    assert side.bar.note.text() == "Conversations are kept on this computer alone, and listed here."
    side.list(entry("a"), entry("b"))
    assert side.titles()[1:] == ["Chat a", "Chat b"]
    assert not side.bar.note.isVisible()
    side.list(entry("a"), kept=False)
    assert side.bar.note.text() == "Not being kept at the moment."
    assert side.bar.note.isVisible()


def test_a_search_shows_what_was_found_and_its_end_the_list(side: Side, qtbot: QtBot) -> None:
    side.list(entry("a"), entry("b"))
    QTest.keyClicks(side.bar.search, "word")
    qtbot.waitUntil(lambda: bool(side.asked))
    (asked,) = side.asked  # one question, not one a key
    assert asked == FindChats("word", 1)
    assert side.titles()[1:] == ["Chat a", "Chat b"]
    side.book.on_found(ChatsFound(1, "word", (ChatHit(entry("b"), "m9", "a word", ((2, 6),)),)))
    assert side.titles() == ["Found in 1 conversation", "Chat b"]
    QTest.keyClick(side.bar.search, Qt.Key.Key_Down)
    assert side.bar.list.hasFocus() or side.bar.list.currentIndex().row() == 1
    QTest.keyClick(side.bar.list, Qt.Key.Key_Return)
    assert side.asked[-1] == OpenChat("b")
    QTest.keyClick(side.bar.search, Qt.Key.Key_Escape)
    assert side.bar.search.text() == ""
    assert side.titles()[1:] == ["Chat a", "Chat b"]
    left = record(side.bar.left)
    QTest.keyClick(side.bar.search, Qt.Key.Key_Escape)
    assert len(left) == 1


def test_folders_fold(side: Side) -> None:
    side.list(entry("a", folder="Work"), entry("b"))
    assert side.titles()[:2] == ["Work", "Chat a"]
    row = side.bar.list.rows.rows()[0]
    side.bar.list.chosen.emit(row)
    assert "Chat a" not in side.titles()
    side.bar.list.chosen.emit(side.bar.list.rows.rows()[0])
    assert side.titles()[:2] == ["Work", "Chat a"]


def mark(side: Side, *titles: str) -> None:
    rows = side.bar.list.selectionModel()
    rows.clearSelection()
    for title in titles:
        rows.select(side.bar.list.rows.index(side.titles().index(title)), rows.SelectionFlag.Select)


def test_marks_stay_while_the_list_changes_and_go_with_another_conversation(side: Side) -> None:
    side.list(entry("a"), entry("b"), entry("c"))
    mark(side, "Chat a", "Chat b")
    side.list(entry("c"), entry("b"), entry("a"))
    assert side.bar.list.marked() == ("b", "a")
    QTest.keyClick(side.bar.list, Qt.Key.Key_Escape)
    assert side.bar.list.marked() == ()
    mark(side, "Chat a", "Chat b")
    side.book.open("c")
    side.book.on_opened(ChatOpened("c", made_chat("c", question("q", "", "Why?"))))
    assert side.bar.list.marked() == ("c",)


def test_what_can_be_done_with_a_conversation(side: Side) -> None:
    side.list(entry("a", folder="Work"), entry("b"))
    exports = record(side.bar.export_requested)
    actions = side.menu("Chat b")
    assert list(actions) == ["Rename\tF2", "Pin", "Move to folder", "Duplicate", "Export…", "Delete\tDel"]
    actions["Pin"].trigger()  # type: ignore[attr-defined]
    actions["Export…"].trigger()  # type: ignore[attr-defined]
    move = actions["Move to folder"].menu()  # type: ignore[attr-defined]
    next(action for action in move.actions() if action.text() == "Work").trigger()
    actions["Delete\tDel"].trigger()  # type: ignore[attr-defined]
    assert side.asked == [ChangeChat("b", pinned=True), ChangeChat("b", folder="Work"), ChangeChat("b", deleted=True)]
    assert exports == [("b",)]
    side.menu("Chat b")["Duplicate"].trigger()  # type: ignore[attr-defined]
    assert isinstance(side.asked[-2], CopyChat)


def test_a_new_folder_has_a_name(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.list(entry("a", folder="Work"))
    answers = [("  Big   plans ", True), ("", True), ("x", False)]
    monkeypatch.setattr(QInputDialog, "getText", staticmethod(lambda *_args: answers.pop(0)))
    for _ in range(3):
        move = side.menu("Chat a")["Move to folder"].menu()  # type: ignore[attr-defined]
        next(action for action in move.actions() if action.text() == "New folder…").trigger()
    assert side.asked == [ChangeChat("a", folder="Big plans")]


def test_a_folder_is_renamed_and_removed_with_nothing_lost(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.list(entry("a", folder="Work"), entry("b", folder="Work"), entry("c"))
    monkeypatch.setattr(QInputDialog, "getText", staticmethod(lambda *_args: ("Play", True)))
    actions = side.menu("Work")
    actions["Rename folder…"].trigger()  # type: ignore[attr-defined]
    actions["Remove folder, keep its conversations"].trigger()  # type: ignore[attr-defined]
    assert side.asked == [ChangeChat(c, folder=f) for f in ("Play", "") for c in ("a", "b")]


def test_what_can_be_done_with_all(side: Side) -> None:
    exports, imports = record(side.bar.export_requested), record(side.bar.import_requested)
    for entries in ((), (entry("a"),)):
        side.list(*entries)
        for old in side.bar.findChildren(QMenu):
            old.setParent(None)
        side.bar.more.click()
        (menu,) = side.bar.findChildren(QMenu)
        for action in menu.actions():
            action.trigger()
    assert (exports, len(imports)) == ([()], 2)  # without conversations there is nothing to write
