"""Sentences: their fields, counts with their nouns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app import messages

SOURCES = Path(messages.__file__).parent


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 sequences"), (1, "1 sequence"), (2, "2 sequences"), (1234, "1,234 sequences"), ("1", "1 sequence")],
)
def test_a_count_brings_its_noun(n: object, text: str) -> None:
    assert messages.fill("{n:sequence|sequences}", n=n) == text


def test_a_count_keeps_its_place_among_other_fields() -> None:
    assert messages.fill("{a} of {n:token|tokens} in {t:.1f} s", a=1, n=1, t=2.04) == "1 of 1 token in 2.0 s"


def test_what_is_missing_is_a_dash() -> None:
    assert messages.fill("{n:token|tokens} of {what}") == "– tokens of –"
    assert messages.error_text("prompt_too_long", {"tokens": "1"}).startswith("The prompt has 1 token, but")


def test_a_whole_sentence_in_the_singular() -> None:
    assert messages.plural(1, "{n} prompt failed.", "{n} prompts failed.") == "1 prompt failed."
    assert messages.plural(2000, "{n} prompt failed.", "{n} prompts failed.") == "2,000 prompts failed."


NOUNS = (
    "block|chat|core|kind|message|model|page|plot|prompt|repeat|reply|replies|round|row|run|sequence|slot|step|table"
    "|tensor|thing|thread|token"
)
COUNTED = re.compile(rf"\{{[^{{}}|]*\}}(?: [a-z\-]+)?? (?:{NOUNS})s?\b")
FOR_PEOPLE = ("gui/", "cli", "messages.py", "doctor.py", "comparison.py", "bench/tables.py", "bench/wording.py")
NEVER_ONE = (  # a mean, two constants, and sentences that have a form of their own for 1
    "tokens per pass",
    "before {least} tokens",
    "need {n} prompts × repeats",
    "things to look at",
    "prompt failed.",
    "prompts failed.",
    "reply was stopped.",
    "replies were stopped.",
    "has prompts of its own",
    "cannot run this model",
)


def sentences() -> Iterator[tuple[str, str]]:
    """(where, text) of every string and f-string for people."""
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        if not name.startswith(FOR_PEOPLE):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
                inside.add(id(node.body[0].value))  # type: ignore[attr-defined]
            if isinstance(node, ast.JoinedStr):
                inside.update(id(part) for part in node.values)
                parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
                yield f"{name}:{node.lineno}", "".join(map(str, parts))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                yield f"{name}:{node.lineno}", node.value


def test_no_count_stands_before_a_noun_that_cannot_change() -> None:
    """ "1 sequences": a count and its noun are written ``{n:sequence|sequences}``."""
    texts = list(sentences())
    assert len(texts) > 1000
    wrong = [
        (where, text) for where, text in texts if COUNTED.search(text) and not any(part in text for part in NEVER_ONE)
    ]
    assert wrong == []
