"""Code in a person's message, and nothing but code."""

from __future__ import annotations

import pytest

from helix_app.gui.chat.text.fences import fenced


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain *text*", [("text", "plain *text*", "")]),
        ("", [("text", "", "")]),
        ("  a\n\n  b", [("text", "  a\n\n  b", "")]),
        ("see\n```py\nx = 1\n```\nthen", [("text", "see", ""), ("code", "x = 1", "py"), ("text", "then", "")]),
        ("a\n\n```\nb\n```\n\n  c", [("text", "a", ""), ("code", "b", ""), ("text", "  c", "")]),
        ("```\na\n\nb\n```", [("code", "a\n\nb", "")]),
        ("```py\nx", [("code", "x", "py")]),
        ("~~~~\n```\n~~~\n~~~~", [("code", "```\n~~~", "")]),
        ("```x``` is inline", [("text", "```x``` is inline", "")]),
        ("    ```\n    no", [("text", "    ```\n    no", "")]),
        ("```\na\n```\n```\nb\n```", [("code", "a", ""), ("code", "b", "")]),
    ],
)
def test_text_and_code_in_turn(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(unit.kind, unit.body, unit.language) for unit in fenced(text)] == found
