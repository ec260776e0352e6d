"""Plain values of JSON as objects of the types that their dataclasses declare, and back.

Types, words of a ``Literal``, bounds of an ``Annotated``: all are checked, nothing is taken for something else (only a
whole number may stand for a real one). Bytes travel as base64. Fields that nobody knows are left out, so that files of
a later Helix stay readable.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def read(kind: type[T], value: object) -> T:
    """``value`` as an object of this type.

    Raises:
        ValueError: a field is missing, or a value has another type than declared.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def plain(value: object) -> Any:
    """An object, or a value of one of its fields, as values that JSON has."""
    return msgspec.to_builtins(value)
