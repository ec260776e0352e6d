"""Random JSON schemas whose values are short, for replies by models that say anything."""

from __future__ import annotations

import random
from typing import Any

_NAMES = ["name", "age", "city", "x_1", "the cat", "é", "list of things", "b"]
_PATTERNS = ["[a-c]{1,3}", "(yes|no)", "[0-9]{2}-[0-9]{2}", "x+y?"]


def random_schema(seed: int) -> dict[str, Any]:
    """An object, most of the time; the same for the same seed."""
    chance = random.Random(seed)
    made = _object(chance, 3) if chance.random() < 0.8 else _any(chance, 3)
    if chance.random() < 0.2:
        made = {"$defs": {"part": _leaf(chance)}, "anyOf": [{"$ref": "#/$defs/part"}, made]}
    return made


def _any(chance: random.Random, depth: int) -> dict[str, Any]:
    kind = chance.choice(["leaf", "leaf", "object", "array", "choice"]) if depth else "leaf"
    if kind == "object":
        return _object(chance, depth - 1)
    if kind == "array":
        low = chance.randrange(3)
        return {
            "type": "array",
            "items": _any(chance, depth - 1),
            "minItems": low,
            "maxItems": low + chance.randrange(3),
        }
    if kind == "choice":
        return {"anyOf": [_any(chance, depth - 1) for _ in range(chance.randrange(1, 4))]}
    return _leaf(chance)


def _object(chance: random.Random, depth: int) -> dict[str, Any]:
    names = chance.sample(_NAMES, chance.randrange(1, 5))
    return {
        "type": "object",
        "properties": {name: _any(chance, depth) for name in names},
        "required": [name for name in names if chance.random() < 0.7],
        "additionalProperties": False,
    }


def _leaf(chance: random.Random) -> dict[str, Any]:
    low = chance.randrange(-20, 20)
    return chance.choice(
        [
            {"type": "string", "maxLength": chance.randrange(5)},
            {"type": "string", "pattern": f"^{chance.choice(_PATTERNS[:3])}$"},
            {"type": "integer", "minimum": low, "maximum": low + chance.randrange(200)},
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": [1, "two", None, [3], {"four": 4.5}][: chance.randrange(1, 6)]},
            {"const": chance.choice(["fixed", 7, True])},
            {"type": ["integer", "null"], "minimum": 0, "maximum": 99},
        ]
    )
