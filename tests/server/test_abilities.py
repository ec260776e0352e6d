"""Forced calls of tools as grammars: also where the tool's own schema refers to parts of itself."""

from __future__ import annotations

import json

import pytest

from helix_app.engine.sampling.grammar_compile import check_grammar
from helix_app.server.abilities import call_grammar

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
DRAW = {
    "name": "draw",
    "parameters": {
        "type": "object",
        "properties": {"from": {"$ref": "#/$defs/Point"}, "to": {"type": "array", "items": {"$ref": "#/$defs/Point"}}},
        "required": ["from"],
        "$defs": {"Point": POINT},
    },
}
WIPE = {"name": "wipe"}


@pytest.mark.parametrize("functions", [[DRAW], [WIPE], [DRAW, WIPE], [WIPE, DRAW]], ids=len)
def test_a_call_of_any_of_them_is_a_grammar(functions: list[dict[str, object]]) -> None:
    grammar = call_grammar(functions)
    check_grammar(grammar)
    schema = json.loads(grammar.text[grammar.text.index("%json ") + 6 :])
    for reference in _references(schema):
        found = schema
        for step in reference.removeprefix("#/").split("/"):
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert found == POINT


def _references(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [found for value in schema.values() for found in _references(value)]
    return [found for item in schema for found in _references(item)] if isinstance(schema, list) else []
