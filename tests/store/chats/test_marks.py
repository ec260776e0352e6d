"""Places of words in a text, whatever the case and the script."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from helix_app.store.chats.marks import EXCERPT, excerpt, marks

LETTERS = st.text(alphabet="aAßẞsSİiıIﬁfk\u0307 日本яЯΣσςéÉ🙂", max_size=30)


def marked(text: str, *words: str) -> list[str]:
    return [text[start:end] for start, end in marks(text, words)]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Ein Wort, ein WORT", ("wort",), ["Wort", "WORT"]),
        ("İstanbul, then Rome", ("rome",), ["Rome"]),
        ("ßßß then Rome", ("rome", "THEN"), ["then", "Rome"]),
        ("die Straße", ("STRASSE",), ["Straße"]),
        ("die STRASSE", ("straße",), ["STRASSE"]),
        ("aß", ("s",), ["ß"]),  # half of a letter is the letter
        ("ﬁne ﬁsh", ("fish",), ["ﬁsh"]),
        ("ΟΔΟΣ οδος", ("οδοσ",), ["ΟΔΟΣ", "οδος"]),
        ("我喜欢北京的秋天", ("北京",), ["北京"]),
        ("Привет, МИР", ("мир", "привет"), ["Привет", "МИР"]),
        ("aaaa", ("aa",), ["aaaa"]),  # they touch
        ("abcdef", ("abcd", "cdef"), ["abcdef"]),
        ("abc", ("x", ""), []),
        ("", ("x",), []),
        ("🙂 smile 🙂", ("smile",), ["smile"]),
    ],
)
def test_words_are_marked_where_they_stand(text: str, words: tuple[str, ...], found: list[str]) -> None:
    assert marked(text, *words) == found


@given(LETTERS, LETTERS)
def test_marks_hold_the_words_and_nothing_else_does(text: str, word: str) -> None:
    found = marks(text, [word])
    ends = [0, *(place for mark in found for place in mark), len(text)]
    assert ends == sorted(ends)
    if word:
        assert bool(found) is (word.casefold() in text.casefold())
        for start, end in found:
            assert word.casefold() in text[start:end].casefold()


def test_a_short_text_is_its_own_excerpt() -> None:
    assert excerpt("  a short\n\ttext ", ["text"]) == "a short text"
    assert excerpt("", ["x"]) == ""


def test_a_long_text_is_cut_around_the_word() -> None:
    text = "before " * 50 + "NEEDLE" + " after" * 50
    piece = excerpt(text, ["needle"])
    assert marked(piece, "needle") == ["NEEDLE"]
    assert piece.startswith("…before ")
    assert piece.endswith(" after…")
    assert EXCERPT - 30 < len(piece) <= EXCERPT + 2


def test_text_without_spaces_is_cut_anywhere() -> None:
    piece = excerpt("語" * 300 + "北京" + "秋" * 300, ["北京"])
    assert marked(piece, "北京") == ["北京"]
    assert len(piece) == EXCERPT + 2


def test_the_first_of_several_words_leads() -> None:
    text = "x " * 200 + "second " + "y " * 200 + "first"
    assert marked(excerpt(text, ["first", "second"]), "second") == ["second"]
    assert excerpt("begin " + "z " * 200, ["nowhere"]).startswith("begin z")


@given(LETTERS, LETTERS, LETTERS)
def test_the_word_is_in_its_excerpt(before: str, word: str, after: str) -> None:
    word = "".join(word.split())
    text = f"{before * 5}{word}{after * 5}"
    assert not word or marks(excerpt(text, [word]), [word])
