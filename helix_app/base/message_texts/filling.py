"""Sentences with fields: counts bring their nouns, and whatever a field holds there is one full stop."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from helix_app.base.language import figure, number, say

MISSING = "–"
_LONGEST = 400  # characters that a field of a sentence may have
_ENDS = (".", "!", "?", "…")
_OWN_SENTENCE = re.compile(r"$|\s+[A-Z`]")  # what follows a field that is a whole sentence
_NUMBER = re.compile(r"-?\d[\d.,]*")  # no sentence, also where a noun with a capital follows


class Told(str):
    """A field that is in the language in effect already."""


class _Words(string.Formatter):
    """Knows counts with their nouns, and dashes for what is missing."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), MISSING)

    def format_field(self, value: Any, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return str(value) if isinstance(value, str) else super().format_field(value, spec)
        shown = number(f"{value:,}") if isinstance(value, int) else str(value)
        return f"{shown} {one if shown == '1' else many}"


_WORDS = _Words()


def counted(template: str, fields: Mapping[str, object]) -> str:
    """A text with its fields; ``{n:token|tokens}`` is a count with its noun, in the singular for 1 alone."""
    return _WORDS.vformat(template, (), fields)


def shortened(text: str) -> str:
    """A text that a sentence can hold: of a name or number of thousands of characters, the two ends."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 4 :]}"


def sentence(template: str, fields: Mapping[str, object]) -> str:
    """A template with its fields. A field may be a sentence of its own, with or without a full stop: there is one."""
    done, pieces = "", list(_WORDS.parse(template))
    for (literal, name, spec, _conversion), following in zip(pieces, [*(piece[0] for piece in pieces[1:]), ""]):
        done += _joined(done, literal)
        if name is not None:
            begins = not done.strip() or done.rstrip().endswith(_ENDS)
            given = fields.get(name, MISSING)
            value = shortened(str(given).strip())
            value = value if isinstance(given, Told) else figure(say(value))
            if spec and value:
                value = _WORDS.format_field(value, spec)
            alone = begins and _OWN_SENTENCE.match(following) is not None and _NUMBER.fullmatch(value) is None
            done = done + _ended(value, following, alone=alone) if value else done.rstrip()
    return done.replace(" ()", "").strip()


def _ended(value: str, following: str, *, alone: bool) -> str:
    """A field before ``following``: a sentence inside another one has no full stop, one ``alone`` has."""
    if alone:
        return f"{value}." if value != MISSING and not value.endswith(_ENDS) else value
    if following.startswith((")", ",", ";", ":")) and re.search(r"[^.\s]\.$", value):
        return value[:-1]
    return value


def _joined(done: str, literal: str) -> str:
    """What follows a field: no second full stop after a sentence, no space where the field was empty."""
    if done.endswith("("):
        return literal.lstrip()
    return literal[1:] if literal.startswith(".") and done.endswith(_ENDS) else literal
