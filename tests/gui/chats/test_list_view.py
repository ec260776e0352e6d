"""The list of conversations under a person's hands, and what of it changes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.list_view import ChatListView, ChatModel
from helix_app.gui.chats.rows import Row
from helix_app.gui.look.theme import Theme
from helix_app.protocol.conversations.chats import ChatHit
from tests.gui.chats.made_chats import entry
from tests.gui.fake import record

pytestmark = pytest.mark.styled


def rows(*names: str) -> list[Row]:
    """A heading and conversations."""
    return [Row("Today"), *(Row(name, entry(name, name)) for name in names)]


@pytest.fixture
def view(theme: Theme, qtbot: QtBot) -> ChatListView:
    made = ChatListView(theme)
    qtbot.addWidget(made)
    made.resize(220, 400)
    made.rows.set_rows(rows("a", "b", "c"))
    made.show()
    return made


def test_only_what_differs_is_touched(qapp: object) -> None:
    model = ChatModel()
    removed, inserted, changed = record(model.rowsRemoved), record(model.rowsInserted), record(model.dataChanged)
    model.set_rows(rows("a", "b", "c"))
    assert (len(inserted), len(removed)) == (1, 0)
    model.set_rows(rows("a", "b", "c"))
    assert (len(inserted), len(removed), len(changed)) == (1, 0, 0)
    model.set_rows([*rows("a"), Row("B", entry("b", "B")), *rows("c")[1:]])
    assert (len(inserted), len(removed), len(changed)) == (1, 0, 1)
    model.set_rows(rows("a", "c"))
    assert (len(inserted), len(removed)) == (1, 1)
    model.set_rows(rows("x", "a", "c"))
    assert (len(inserted), len(removed)) == (2, 1)
    assert [row.title for row in model.rows()] == ["Today", "x", "a", "c"]
    assert model.rowCount() == 4
    assert model.rowCount(model.index(0)) == 0
    assert (model.row_of("c"), model.row_of("nobody")) == (3, -1)


def test_headings_cannot_be_chosen(view: ChatListView) -> None:
    model = view.rows
    assert model.flags(model.index(0)) == Qt.ItemFlag.NoItemFlags
    assert model.flags(model.index(1)) & Qt.ItemFlag.ItemIsSelectable
    model.set_rows([Row("Work", folder="Work")])
    assert model.flags(model.index(0)) == Qt.ItemFlag.ItemIsEnabled


def test_enter_and_a_click_open(view: ChatListView) -> None:
    chosen = record(view.chosen)
    view.select("b")
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.keyClick(view, Qt.Key.Key_Down)
    place = view.visualRect(view.rows.index(1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert [row.title for row in chosen] == ["b", "a"]


def test_delete_and_escape(view: ChatListView) -> None:
    deleted, left = record(view.delete_requested), record(view.left)
    QTest.keyClick(view, Qt.Key.Key_Delete)  # nothing is marked
    view.select("c")
    QTest.keyClick(view, Qt.Key.Key_Delete)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert (deleted, len(left)) == ([("c",)], 1)


def click(view: ChatListView, name: str, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    place = view.visualRect(view.rows.index(view.rows.row_of(name))).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, place)


def test_several_are_marked_and_deleted_together(view: ChatListView) -> None:
    view.rows.set_rows(rows("a", "b", "c", "d"))
    chosen, deleted = record(view.chosen), record(view.delete_requested)
    click(view, "a")
    click(view, "c", Qt.KeyboardModifier.ShiftModifier)
    click(view, "b", Qt.KeyboardModifier.ControlModifier)
    assert view.marked() == ("a", "c")
    assert [row.title for row in chosen] == ["a"]  # marking opens nothing
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert deleted == [("a", "c")]
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert view.marked() == ("a", "b", "c", "d")  # no heading


def test_what_is_marked_stays_so_wherever_it_goes(view: ChatListView) -> None:
    click(view, "a")
    click(view, "b", Qt.KeyboardModifier.ControlModifier)
    view.show_rows(rows("c", "b", "x", "a"))
    assert view.marked() == ("b", "a")
    assert view.currentIndex().row() == view.rows.row_of("b")
    view.show_rows(rows("c", "x", "a"))
    assert view.marked() == ("a",)


def test_escape_and_a_click_beside_them_end_the_marking(view: ChatListView) -> None:
    ended, left = record(view.unmarked), record(view.left)
    click(view, "a")
    click(view, "b", Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert (len(ended), len(left)) == (1, 0)
    beside = view.viewport().rect().bottomLeft() - view.viewport().rect().topLeft()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, beside)
    assert len(ended) == 2
    view.select("c")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert (len(ended), len(left)) == (2, 1)


def test_f2_renames_in_place(view: ChatListView, qtbot: QtBot) -> None:
    renamed: list[tuple[str, str]] = []
    view.rows.renamed.connect(lambda chat_id, title: renamed.append((chat_id, title)))
    for typed in ("  A better   title ", "b"):
        view.rename("b")
        editor = view.findChild(QLineEdit)
        assert editor is not None
        assert editor.text() == "b"
        editor.setText(typed)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: view.findChild(QLineEdit) is None)
    assert renamed == [("b", "A better title")]


def test_what_is_marked_follows_the_conversation(view: ChatListView) -> None:
    view.select("c")
    view.rows.set_rows(rows("x", "a", "b", "c"))
    assert view.row(view.currentIndex()).entry.id == "c"  # type: ignore[union-attr]
    view.select("nobody")
    assert view.row(view.currentIndex()) is None
    assert view.row(QModelIndex()) is None


def test_who_reads_by_ear_hears_of_a_reply(view: ChatListView) -> None:
    model = view.rows
    model.set_rows([Row("a", entry("a"), writing=True)])
    assert model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole) == "a, a reply is being written"
    assert model.data(model.index(0)) == "a"


def test_found_words_are_marked_where_they_are(view: ChatListView, theme: Theme) -> None:
    def picture() -> list[int]:
        image = view.viewport().grab().toImage()
        wanted = theme.palette.selection
        return [
            x
            for x in range(image.width())
            if any(image.pixelColor(x, y).name() == wanted for y in range(0, image.height(), 2))
        ]

    view.rows.set_rows([Row("title", entry("a"), hit=ChatHit(entry("a"), "m", "one word here", ()))])
    assert picture() == []
    view.rows.set_rows([Row("title", entry("a"), hit=ChatHit(entry("a"), "m", "one word here", ((4, 8),)))])
    near = picture()
    assert near
    far = "x" * 300 + " word"
    view.rows.set_rows([Row("title", entry("a"), hit=ChatHit(entry("a"), "m", far, ((301, 305),)))])
    assert picture()  # the line is cut so that the word is in sight
