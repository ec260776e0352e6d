"""Values are taken as what their type says, or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from helix_app.base import typed


@dataclass(frozen=True)
class Inner:
    data: bytes
    pair: tuple[str, int] = ("", 0)


@dataclass(frozen=True)
class Outer:
    word: Literal["one", "two"]
    real: float
    whole: int
    inner: tuple[Inner, ...] = ()
    maybe: str | None = None


WHOLE = {"word": "one", "real": 2, "whole": 3, "inner": [{"data": "AAE=", "pair": ["a", 1]}], "maybe": None}


def test_an_object_comes_back_as_it_was() -> None:
    made = Outer("two", 0.5, 7, (Inner(b"\0\xff"), Inner(b"", ("ü \ud83d", -1))), "x")
    assert typed.read(Outer, json.loads(json.dumps(typed.plain(made)))) == made


def test_unknown_fields_are_left_out_and_defaults_stand_in() -> None:
    assert typed.read(Outer, {**WHOLE, "later": [1]}) == Outer("one", 2.0, 3, (Inner(b"\0\1", ("a", 1)),))
    assert typed.read(Outer, {"word": "one", "real": 1.5, "whole": 0}) == Outer("one", 1.5, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"word": "three"},
        {"word": 1},
        {"real": "2"},
        {"real": True},
        {"whole": 3.0},
        {"whole": "3"},
        {"whole": False},
        {"inner": {}},
        {"inner": [{}]},
        {"inner": [{"data": "%%%"}]},
        {"inner": [{"data": "AAE=", "pair": ["a"]}]},
        {"inner": [{"data": "AAE=", "pair": ["a", 1, 2]}]},
        {"maybe": 0},
    ],
)
def test_nothing_is_taken_for_something_else(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        typed.read(Outer, {**WHOLE, **change})


@pytest.mark.parametrize("value", [None, [], "x", 1, {}])
def test_what_is_no_such_object_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        typed.read(Outer, value)
