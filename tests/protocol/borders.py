"""What may cross a border: frozen records of plain values, all the way down, that come back as they went."""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

EXAMPLES: dict[Any, object] = {str: "é", int: 7, float: 0.25, bool: True, bytes: b"\x00\xff", NoneType: None}


def records(module: ModuleType) -> list[type]:
    """The dataclasses that a module defines."""
    found = (kind for kind in vars(module).values() if isinstance(kind, type) and is_dataclass(kind))
    return [kind for kind in found if kind.__module__ == module.__name__]


def check_plain(kind: type) -> None:
    """It is frozen, and holds nothing but plain values, tuples and records like itself."""
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for name, hint in get_type_hints(kind).items():
        assert _is_plain(hint), f"{kind.__name__}.{name} is {hint}"


def check_travels(kind: type) -> None:
    """One with a value in every field comes back equal from another process, and may be kept in a set."""
    made = example(kind)
    back = pickle.loads(pickle.dumps(made))
    assert back == made
    assert len({made, back}) == 1


def example(hint: Any) -> Any:
    """A value of a type, with one in every field of a record."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return example(args[0])
    if origin is Literal:
        return args[0]
    if origin is tuple:
        return tuple(example(arg) for arg in args if arg is not ...)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{field.name: example(hints[field.name]) for field in fields(hint)})  # type: ignore[operator]
    return EXAMPLES[hint]


def _is_plain(hint: Any) -> bool:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType, tuple):
        return all(_is_plain(arg) for arg in args if arg is not ...)
    if origin is Literal:
        return all(type(arg) in EXAMPLES for arg in args)
    if is_dataclass(hint):
        return bool(hint.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    return hint in EXAMPLES
