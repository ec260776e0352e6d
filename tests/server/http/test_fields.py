"""What all bodies have in common: unknown fields, nulls, halves of characters, JSON without an end."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from helix_app.server.http.fields import Body, Hints


class Inner(Body):
    """A part of a body."""

    text: str


class Outer(Body):
    """A body."""

    inner: Inner | None = None
    free: dict[str, Any] | None = None
    named: str | None = None


def test_an_unknown_field_may_be_null_alone() -> None:
    assert Outer.model_validate({"named": "x", "other": None, "inner": {"text": "y", "more": None}}).named == "x"
    for wrong in ({"other": 1}, {"inner": {"text": "y", "more": False}}, {"inner": {"text": None}}):
        with pytest.raises(ValidationError):
            Outer.model_validate(wrong)


def test_nulls_in_what_is_free_stay() -> None:
    assert Outer.model_validate({"free": {"default": None, "items": [None]}}).free == {"default": None, "items": [None]}


def test_what_is_taken_can_be_written_as_utf_8() -> None:
    half = "a\ud800b"
    body = Outer.model_validate({"named": half, "inner": {"text": half}, "free": {half: [half, {"x": half}]}})
    assert body.model_dump_json()
    assert (body.named, body.free) == ("a\ufffdb", {"a\ufffdb": ["a\ufffdb", {"x": "a\ufffdb"}]})


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValidationError, match="nested too deeply"):
        Outer.model_validate({"free": {"x": deep}})


@pytest.mark.parametrize("wrong", [{"user": 5}, {"metadata": {"a": 1}}, {"user": "x" * 513}], ids=str)
def test_hints_have_types_all_the_same(wrong: dict[str, Any]) -> None:
    assert Hints.model_validate({"user": "a", "metadata": {"b": "c"}, "prompt_cache_key": "d"}).user == "a"
    with pytest.raises(ValidationError):
        Hints.model_validate(wrong)
