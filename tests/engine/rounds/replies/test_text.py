"""The text of a reply: whole characters, stop texts, and what waits for its end."""

from __future__ import annotations

from typing import Any

from helix_app.engine.rounds.replies.text import ReplyText


class Letters:
    """A tokenizer whose tokens are the code points of letters."""

    def decode(self, ids: list[int]) -> str:
        return "".join(map(chr, ids))


def told(text: str, *stops: str) -> ReplyText:
    tokenizer: Any = Letters()
    made = ReplyText(tokenizer, (), stops)
    for letter in text:
        made.push(ord(letter))
    return made


def test_text_is_taken_once_and_kept_whole() -> None:
    text = told("abc")
    assert (text.take(), text.take(), text.whole) == ("abc", "", "abc")


def test_what_may_begin_a_stop_text_waits_for_the_end() -> None:
    text = told("abEN", "END")
    assert text.take() == "ab"
    text.end()
    assert (text.take(), text.whole, text.stopped) == ("EN", "abEN", False)


def test_a_stop_text_ends_it_and_is_not_shown() -> None:
    text = told("abEND", "END")
    assert text.stopped
    text.end()
    assert text.take() == "ab"
    assert text.whole == "ab"
