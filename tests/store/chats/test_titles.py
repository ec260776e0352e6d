"""Titles that questions make."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from helix_app.store.chats.titles import LONGEST, free_title, title_of

SIXTY = "123456789 " * 5 + "1234567890"


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("What is it?", "What is it?"),
        ("  two \t words  \nsecond line", "two words"),
        ("\n\n  later line", "later line"),
        ("# Heading", "Heading"),
        ("### `code`", "code"),
        ("**Bold** question", "Bold** question"),
        ("**Bold question**", "Bold question"),
        ("- item", "item"),
        ("> quoted", "quoted"),
        ("-5 degrees", "-5 degrees"),
        ("```\nprint(1)\n```", "print(1)"),
        ("```notes.md\n# A\n```\n\nWhen is the meeting?", "When is the meeting?"),
        ("````a.py\n```\n````\n\n```b.txt\nx\n```\n\n- Why?", "Why?"),
        ("```notes.md\nA\n```", "notes.md"),
        ("```notes.md\nA", "notes.md"),
        ("```python\nprint(1)\n```\nWhy?", "python"),
        ("***\n***", ""),
        ("Using C# and `x`", "Using C# and `x`"),
        (SIXTY, SIXTY),
        (SIXTY + "1", "123456789 " * 4 + "123456789…"),
        (SIXTY + " next", SIXTY[:-11] + "…"),
        ("x" * 61, "x" * 59 + "…"),
        ("語" * 80, "語" * 59 + "…"),
    ],
)
def test_what_a_question_makes(question: str, title: str) -> None:
    assert title_of(question) == title


@given(st.text())
def test_a_title_is_one_short_line(question: str) -> None:
    title = title_of(question)
    assert len(title) <= LONGEST
    assert title == " ".join(title.split())
    assert not title.startswith(("#", "*", "`"))


@pytest.mark.parametrize(
    ("title", "taken", "free"),
    [
        ("", {""}, ""),
        ("a", set(), "a"),
        ("a", {"a"}, "a (2)"),
        ("a", {"a", "a (2)"}, "a (3)"),
        ("a (2)", {"a (2)"}, "a (3)"),
        ("a (2)", {"a", "a (2)", "a (3)"}, "a (4)"),
        ("in (2024 or so)", {"in (2024 or so)"}, "in (2024 or so) (2)"),
    ],
)
def test_titles_are_told_apart(title: str, taken: set[str], free: str) -> None:
    assert free_title(title, taken) == free
