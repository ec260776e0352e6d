"""Titles: made of the first question, or told apart by a number."""

from __future__ import annotations

import re
from collections.abc import Collection

LONGEST = 60
_MARKS = re.compile(r"(?:[#*`>~_]+\s*|[-+]\s+)+")  # Markdown at the beginning of a line
_FILE = re.compile(r"\A(`{3,})[^`\n]*\.[^`\n]*\n")  # the first line of a file in a message
_NUMBER = re.compile(r" \((\d{1,6})\)$")


def title_of(question: str) -> str:
    """The first line that says something, without Markdown at its beginning, cut at a word to 60 characters.

    Files that stand before a question are not what it is about, unless nothing follows them.
    """
    return _first_line(_without_files(question)) or _first_line(question)


def _without_files(question: str) -> str:
    """What follows the files at the beginning of a message, each a block of code whose name has a dot."""
    while (named := _FILE.match(question)) is not None:
        _, closed, question = question[named.end() - 1 :].partition(f"\n{named[1]}")
        question = question.lstrip("\n") if closed else ""
    return question


def _first_line(text: str) -> str:
    for line in text.splitlines():
        words = " ".join(line.split())
        marks = _MARKS.match(words)
        if marks is not None:
            words = words[marks.end() :].rstrip("*`_~ ")
        if words:
            return _cut(words)
    return ""


def free_title(title: str, taken: Collection[str]) -> str:
    """The title itself, or with "(2)", "(3)" … behind it where others have it."""
    if not title or title not in taken:
        return title
    base = _NUMBER.sub("", title)
    number = 2
    while f"{base} ({number})" in taken:
        number += 1
    return f"{base} ({number})"


def _cut(words: str) -> str:
    if len(words) <= LONGEST:
        return words
    piece = words[:LONGEST]  # one more than may stay, so that a word that just fits is whole
    head = piece.rpartition(" ")[0]
    return (head if len(head) >= LONGEST // 2 else piece[:-1]).rstrip() + "…"
