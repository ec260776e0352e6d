"""Every sentence for people: whole, ending in one full stop, whatever its fields hold; counts with their nouns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from helix_app.base import messages
from helix_app.base.process.logs import log_file

TABLES = {
    "errors": (messages.ERRORS, messages.error_text),
    "notices": (messages.NOTICES, messages.notice_text),
    "findings": (messages.FINDINGS, messages.finding_text),
}
WRONG = re.compile(r"\.\s*\.|[.!?…] \.|\.\)[.,;]|\.[,;:]|\s[.,;:)](?:\s|$)|\(\s|\(\)|  |[!?]\.")
VALUES = ("the driver is old", "Update it.", "It ended. Start it again.", "Why?", "Stop!", " spaced. ", "")


def names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("table", TABLES)
def test_one_full_stop_whatever_is_filled_in(table: str, value: str) -> None:
    texts, told = TABLES[table]
    said = {code: told(code, dict.fromkeys(names(texts[code]), value)) for code in texts}
    wrong = {code: sentence for code, sentence in said.items() if WRONG.search(sentence)}
    assert wrong == {}
    assert {code: sentence for code, sentence in said.items() if sentence.rstrip("`")[-1] not in ".?!"} == {}


def test_what_a_field_says_is_kept() -> None:
    fields = {"device": "DirectML 1", "reason": "version 2.4.1 is not here. Install it again."}
    assert messages.notice_text("fallback_cpu", fields) == (
        "DirectML 1 could not be used (version 2.4.1 is not here. Install it again), so Helix runs on the CPU."
    )
    assert messages.error_text("bad_input", {"hint": "Use 1 or more"}) == "That cannot be used. Use 1 or more."
    assert messages.error_text("model_not_found", {"path": "/m/x.gguf"}).startswith("There is no model at /m/x.gguf. C")
    assert messages.finding_text("directml_crashed", {"reason": "It ended."}).startswith("It ended. Update the driver")


def test_a_missing_field_is_a_dash() -> None:
    assert "(–)" in messages.error_text("device_unavailable", {"device": "x"})


@pytest.mark.parametrize("code", ["internal", "a code that nobody knows"])
def test_an_internal_error_always_names_its_log_file(code: str) -> None:
    for fields in ({}, {"log": ""}, (("device", "x"),)):
        assert f"the log file {log_file()}." in messages.error_text(code, fields)
    assert "the log file /l/engine.log." in messages.error_text(code, (("log", "/l/engine.log"),))


INTERNAL = re.compile(r"(Failed|HelixError)\('internal'|HelixError\(code,")  # the code of some libraries' errors


def calls() -> Iterator[tuple[str, str]]:
    """(where, text) of every call in the program."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(SOURCES).as_posix()}:{node.lineno}", ast.unparse(node)


def test_whoever_raises_an_internal_error_says_which_log_file_it_is_in() -> None:
    """Only there is it known: the engine's process and the command line write files of their own."""
    made = [(where, call) for where, call in calls() if INTERNAL.match(call)]
    assert len(made) >= 5
    assert [(where, call) for where, call in made if "log_file" not in call] == []


def test_every_sentence_ends_with_a_next_step() -> None:
    for code, text in messages.ERRORS.items():
        told = messages.error_text(code, dict.fromkeys(names(text), "It is so."))
        assert len(re.findall(r"[.?!](?:\s|$)", told)) >= 2, code


SOURCES = Path(messages.__file__).parents[1]


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
FOR_PEOPLE = ("gui/", "cli", "base/messages.py", "doctor", "runs/", "bench/reports/")
NEVER_ONE = (  # a mean, two constants, and sentences that have a form of their own for 1
    "tokens per pass",
    "{high} tokens per second",  # the upper end of a range
    "before {least} tokens",
    "need {n} prompts × repeats",
    "things to look at",
    "prompt failed.",
    "prompts failed.",
    "reply was stopped.",
    "reply ended early.",
    "replies ended early.",
    "prompt has no reply.",
    "prompts have no reply.",
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
