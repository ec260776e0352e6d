"""The text of an arm: any beginning of it, however it came about."""

from __future__ import annotations

import random

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from helix_app.gui.compare.text_pane import CHUNK, LONGEST_PARAGRAPH, SLACK, TextPane
from helix_app.gui.look.theme import Theme

LONG = "".join(f"word{n} " for n in range(3000))
TEXTS = {
    "lines": "".join(f"line {n}\n" for n in range(900)),
    "one paragraph": LONG,
    "no spaces": "x" * 9000,
    "wide characters": "ein 🙂 und 你好 🙂🙂 " * 400,
    "odd ends": "a\r\nb\u2028c\u2029d\re " * 300,
}


@pytest.fixture
def pane(theme: Theme, qtbot) -> TextPane:
    made = TextPane(theme, "A")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def seen(text: str) -> str:
    """As the document shows it."""
    for char in "\r\u2028\u2029":
        text = text.replace(char, " ")
    return text


def settle(pane: TextPane) -> None:
    """What is taken away in pieces is gone."""
    for _ in range(20):
        QTest.qWait(0)
        QApplication.processEvents()


@pytest.mark.parametrize("name", list(TEXTS))
def test_it_shows_any_beginning(pane: TextPane, name: str) -> None:
    text, rng = TEXTS[name], random.Random(7)
    for length in [0, 1, len(text), 0, len(text) // 2, *(rng.randrange(len(text)) for _ in range(20))]:
        pane.set_text(text)
        pane.show_until(length)
        settle(pane)
        assert pane.shown_text() == seen(text[:length])


@pytest.mark.parametrize("name", list(TEXTS))
def test_it_grows_token_by_token(pane: TextPane, name: str) -> None:
    text, at, rng = TEXTS[name], 0, random.Random(3)
    while at < len(text):
        at = min(len(text), at + rng.randint(1, 60))
        pane.set_text(text[:at])
        pane.show_until(at)
    assert pane.shown_text() == seen(text)
    longest, block = 0, pane.document().begin()
    while block.isValid():
        longest = max(longest, len(block.text()))
        block = block.next()
    assert longest <= LONGEST_PARAGRAPH + SLACK


def test_breaks_of_its_own_come_after_spaces(pane: TextPane) -> None:
    pane.set_text(LONG)
    pane.show_until(len(LONG))
    lines = pane.toPlainText().split("\n")
    assert len(lines) > 5
    assert all(line.endswith(" ") for line in lines)


def test_a_mark_stands_where_the_text_says(pane: TextPane) -> None:
    text = TEXTS["wide characters"] + LONG
    at = text.index("word2500")
    pane.set_text(text)
    pane.set_mark((at, at + 8))
    pane.show_until(len(text))
    (mark,) = pane.extraSelections()
    assert mark.cursor.selectedText() == "word2500"
    pane.show_until(at)
    assert not pane.mark_visible()
    assert not pane.extraSelections()
    pane.show_until(at + 8)
    assert pane.mark_visible()


def test_a_long_way_back_is_gone_in_pieces(pane: TextPane) -> None:
    text = LONG * 6
    assert len(text) > 2 * CHUNK
    pane.set_text(text)
    pane.show_until(len(text))
    pane.show_until(10)
    assert len(pane.shown_text()) == len(text) - CHUNK
    pane.show_until(len(text) - 5)  # before the rest is gone
    assert pane.shown_text() == text[:-5]
    pane.show_until(10)
    settle(pane)
    assert pane.shown_text() == text[:10]


def test_it_keeps_the_end_in_sight_until_a_person_scrolls(pane: TextPane) -> None:
    text = TEXTS["lines"]
    bar = pane.verticalScrollBar()
    for length in range(0, 3000, 100):
        pane.set_text(text[:length])
        pane.show_until(length)
        QApplication.processEvents()
        assert bar.value() == bar.maximum()
    assert bar.maximum() > 0
    pane.resize(300, 200)
    QApplication.processEvents()
    QApplication.processEvents()
    assert bar.value() == bar.maximum()
    bar.setValue(3)
    pane.set_text(text)
    pane.show_until(len(text))
    assert bar.value() == 3
    pane.follow()
    assert bar.value() == bar.maximum()
