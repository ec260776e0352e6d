"""Texts of files in messages: fenced under their names, found again, and what a chip says of them."""

from __future__ import annotations

import pytest

from helix_app.gui.chat.composing.attachments import fenced, label_of, parted


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "words\n", "```a.txt\nwords\n```"),
        ("a.md", "```python\nx\n```", "````a.md\n```python\nx\n```\n````"),
        ("odd`name\n.txt", "x", "```odd'name .txt\nx\n```"),
    ],
)
def test_a_fence_that_nothing_in_the_file_ends(name: str, text: str, expected: str) -> None:
    assert fenced(name, text) == expected


def test_what_a_chip_says() -> None:
    assert label_of(fenced("report.pdf", "x" * 1200)) == "report.pdf, 1,200 characters"
    assert label_of("some  pasted\ntext " * 999).startswith("Pasted text, 17,982 characters: “some pasted text some")


def test_files_at_the_begin_of_a_text_are_told_from_code() -> None:
    file, tricky = fenced("a.py", "print(1)"), fenced("b c.md", "x\n```\ny")
    assert parted(f"{file}\n\n{tricky}\n\nWhy?") == ([file, tricky], "Why?")
    assert parted(file) == ([file], "")
    for text in ("```python\nx\n```\n\nWhy?", "Why?\n```a.py\nx\n```", "```a.py\nno end", "", "```a.py\nx\n```more"):
        assert parted(text) == ([], text)
