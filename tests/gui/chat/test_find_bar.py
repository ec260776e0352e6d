"""Words in the conversation that is shown: counted, marked, and found where nothing is built yet."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.chat.find_bar import FindBar, places_of
from helix_app.gui.window.main_window import MainWindow
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, long_chat, question


@pytest.mark.parametrize(
    ("words", "text", "places"),
    [
        ("a", "", []),
        ("", "abc", []),
        ("aa", "aaaa", [0, 2]),
        ("WORD", "a word, a Word", [2, 10]),
        ("größe", "GRÖSSE Größe", [7]),
        ("x", "İx", [1]),
        ("模型", "语言模型", [2]),
    ],
)
def test_places(words: str, text: str, places: list[int]) -> None:
    assert places_of(words, text) == places


def opened(window: MainWindow) -> FindBar:
    """The bar over a conversation with the word in three places."""
    messages = (
        question("q1", "", "What is a block?"),
        answer("a1", "q1", "A **block** holds 16 tokens. A block is shared."),
        question("q2", "a1", "Thanks."),
    )
    FakeStore(window, made_chat("c", *messages))
    window.book.open("c")
    window.actions_.find.trigger()
    return window.chat.finder


def test_the_last_place_comes_first_and_enter_goes_round(window: MainWindow) -> None:
    find = opened(window)
    assert find.isVisible()
    QTest.keyClicks(find.field, "BLOCK")
    content = window.chat.view.content
    assert find.count.text() == "3 of 3"
    assert content.selected_text() == "block"
    QTest.keyClick(find.field, Qt.Key.Key_Return)
    assert find.count.text() == "1 of 3"
    bubble = window.chat.list.widget("q1")
    assert bubble is not None
    assert bubble.text_blocks()[0].selected_text() == "block"
    QTest.keyClick(find.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert find.count.text() == "3 of 3"
    find.field.setText("nothing of the kind")
    assert find.count.text() == "Nothing found"
    assert content.selected_text() == ""
    assert not find.after.isEnabled()
    find.field.setText("")
    assert find.count.text() == ""


def test_escape_ends_it(window: MainWindow) -> None:
    find = opened(window)
    find.field.setText("block")
    QTest.keyClick(find.field, Qt.Key.Key_Escape)
    assert not find.isVisible()
    assert window.chat.view.content.selected_text() == ""
    window.actions_.find.trigger()
    assert find.count.text() == "3 of 3"  # what was looked for is there again
    window.chat.new_chat()
    assert not find.isVisible()


def test_what_is_not_built_yet_is_found(window: MainWindow) -> None:
    FakeStore(window, long_chat("c", 80))
    window.book.open("c")
    assert window.chat.list.widget("q3") is None
    window.actions_.find.trigger()
    window.chat.finder.field.setText("Question 3?")
    assert window.chat.finder.count.text() == "1 of 1"
    assert window.chat.list.widget("q3") is not None
    assert window.chat.view.content.selected_text() == "Question 3?"


def test_all_of_a_long_message_is_searched(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "word " * 2000 + "needle")))
    window.book.open("c")
    window.actions_.find.trigger()
    window.chat.finder.field.setText("needle")
    assert window.chat.view.content.selected_text() == "needle"
