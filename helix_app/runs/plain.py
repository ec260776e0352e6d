"""Events as plain JSON values, and back: every value is checked against the type its field declares.

Bytes travel as base64. What is read makes objects of the listed classes only, from values of the right type; nothing
is ever executed. Fields that nobody knows are left out, so that files of a later Helix stay readable.
"""

from __future__ import annotations

import base64
import binascii
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_LARGEST = 2**53  # beyond that a number is none that anything here counts

Reader = Callable[[Any], Any]


def to_plain(value: object) -> Any:
    """A dataclass, or a value of one of its fields, as JSON values."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        kind: type = value.__class__
        return {name: to_plain(getattr(value, name)) for name, _reader, _field in _shape(kind)}
    return value


def from_plain(kind: type, value: object) -> Any:
    """An object of the dataclass ``kind``.

    Raises:
        ValueError: a field is missing, or its value has another type than declared.
    """
    return _object(kind, value)


@lru_cache(maxsize=64)
def _shape(kind: type) -> tuple[tuple[str, Reader, Field[Any]], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _reader(hints[field.name]), field) for field in fields(kind))


def _object(kind: type, value: object) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{kind.__name__} is no object")
    values = {}
    for name, read, field in _shape(kind):
        if name in value:
            try:
                values[name] = read(value[name])
            except ValueError as error:
                raise ValueError(f"{kind.__name__}.{name}: {error}") from None
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{kind.__name__}.{name} is missing")
    return kind(**values)


def _reader(hint: Any) -> Reader:
    """A function that takes a JSON value in as a value of this type."""
    simple: dict[Any, Reader] = {str: _text, bool: _truth, int: _whole, float: _number, bytes: _bytes}
    if hint in simple:
        return simple[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value: _object(hint, value)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: _one_of(args, value)
    if origin in (Union, types.UnionType):
        inner = [_reader(arg) for arg in args if arg is not type(None)]
        if len(inner) == 1 and len(args) == 2:
            return lambda value: None if value is None else inner[0](value)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        each = _reader(args[0])
        return lambda value: tuple([each(item) for item in _list(value)])
    if origin is tuple:
        readers = [_reader(arg) for arg in args]
        return lambda value: _row(readers, value)
    raise TypeError(f"no way to read {hint}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise ValueError("no whole number, or too large")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise ValueError("no number, or too large")
    return float(value)


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no list")
    return value


def _row(readers: list[Reader], value: object) -> tuple[Any, ...]:
    items = _list(value)
    if len(items) != len(readers):
        raise ValueError(f"not {len(readers)} values")
    return tuple(read(item) for read, item in zip(readers, items))


def _one_of(choices: tuple[Any, ...], value: object) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ValueError("not one of the known words")
    return value
