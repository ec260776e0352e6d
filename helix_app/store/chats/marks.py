"""Where words stand in a text, whatever their case, and the piece of text around them.

Places are those of the text itself. A letter whose other case has another length ("ß" and "SS", "İ" and "i̇") moves
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

EXCERPT = 120  # characters
_BEFORE = 40  # of them, before the first word
_SNAP = 12  # how far an end of the piece is moved so that it cuts no word

Mark = tuple[int, int]


class Folded:
    """A text that can be searched whatever the case."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = text.casefold()
        self._places: list[int] | None = None
        if len(self._folded) != len(text):  # no letter folds to nothing, so equal lengths mean equal places
            self._places = [place for place, letter in enumerate(text) for _ in letter.casefold()]

    def has(self, word: str) -> bool:
        """Whether a word is in it."""
        return word.casefold() in self._folded

    def first(self, word: str) -> Mark | None:
        """(start, end) of a word's first place in the text."""
        folded = word.casefold()
        start = self._folded.find(folded)
        return None if start < 0 or not folded else self._mark(start, start + len(folded))

    def all(self, word: str) -> list[Mark]:
        """(start, end) of each place of a word; places do not overlap."""
        folded = word.casefold()
        found: list[Mark] = []
        start = self._folded.find(folded) if folded else -1
        while start >= 0:
            found.append(self._mark(start, start + len(folded)))
            start = self._folded.find(folded, start + len(folded))
        return found

    def _mark(self, start: int, end: int) -> Mark:
        if self._places is None:
            return start, end
        return self._places[start], self._places[end - 1] + 1


def marks(text: str, words: Iterable[str]) -> tuple[Mark, ...]:
    """(start, end) of all words in a text, in order; those that touch or overlap are one."""
    folded = Folded(text)
    merged: list[Mark] = []
    for start, end in sorted(mark for word in words for mark in folded.all(word)):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


def excerpt(text: str, words: Sequence[str]) -> str:
    """About 120 characters around the first of the words, on one line, with "…" where there is more."""
    folded = Folded(text)
    found = [mark for word in words if (mark := folded.first(word)) is not None]
    first, last = min(found, default=(0, 0))
    start = max(0, first - _BEFORE)
    end = min(len(text), max(last, start + EXCERPT))
    start, end = _forward(text, start, first), _back(text, end, last)
    piece = " ".join(text[start:end].split())
    return f"{'…' if text[:start].strip() else ''}{piece}{'…' if text[end:].strip() else ''}"


def _forward(text: str, start: int, most: int) -> int:
    """``start``, or the beginning of the next word when that is near and not beyond ``most``."""
    if start == 0:
        return start
    for place in range(start, min(most, start + _SNAP) + 1):
        if text[place - 1].isspace():
            return place
    return start


def _back(text: str, end: int, least: int) -> int:
    """``end``, or the end of the word before when that is near and not before ``least``."""
    if end == len(text):
        return end
    for place in range(end, max(least, end - _SNAP) - 1, -1):
        if text[place].isspace():
            return place
    return end
