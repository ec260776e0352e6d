"""What the loaded model can do beyond writing text; the rest is refused by the name of its field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, Grammar
from helix_app.server.http.errors import ApiError, of_field

_FORCED = "hermes"  # the one form of calls that replies can be held to


def with_tools(
    request: GenerateRequest, ready: ModelReady, forced: str | None = None, said: str = "messages"
) -> GenerateRequest:
    """The same request, held to a call where it must make one.

    Args:
        forced: the name of the function to call, "" for any of them, None where the model is free to call none.
        said: the field that the conversation came in.

    Raises:
        ApiError: a conversation, tools, messages of them, or a choice that this model cannot take.
    """
    if not ready.chat_template:
        raise ApiError(400, "api_no_chat_template", param=said)
    if request.tools and not (ready.tools and ready.tool_style):
        raise ApiError(400, "api_tools", param="tools", field="tools")
    if any(message.role == "tool" or message.tool_calls for message in request.messages) and not ready.tools:
        raise ApiError(400, "api_tools", param=said, field="tool_calls")
    if forced is None:
        return request
    if ready.tool_style != _FORCED:
        raise ApiError(400, "api_tool_choice", param="tool_choice", field="tool_choice")
    if request.grammar is not None:
        raise of_field("tool_choice", "a reply that must call a tool cannot have another form as well")
    functions = [json.loads(tool)["function"] for tool in request.tools]
    chosen = [function for function in functions if forced in ("", function["name"])]
    if not chosen:
        raise of_field("tool_choice", f"there is no tool {forced}" if forced else "there are no tools")
    return replace(request, grammar=call_grammar(chosen))


def call_grammar(functions: Sequence[dict[str, Any]]) -> Grammar:
    """One call of one of these functions, as Hermes writes it."""
    calls = []
    for number, function in enumerate(functions):
        place = "#/properties/arguments" if len(functions) == 1 else f"#/anyOf/{number}/properties/arguments"
        calls.append(
            {
                "type": "object",
                "properties": {
                    "name": {"const": function["name"]},
                    "arguments": _moved(function.get("parameters") or {"type": "object"}, place),
                },
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    schema: dict[str, Any] = calls[0] if len(calls) == 1 else {"anyOf": calls}
    schema["x-guidance"] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    return Grammar("lark", f'start: "<tool_call>\\n" call "\\n</tool_call>"\ncall: %json {json.dumps(schema)}\n')


def _moved(schema: Any, place: str) -> Any:
    """The same schema as part of a larger one: what it refers to in itself is found at ``place`` now."""
    if isinstance(schema, list):
        return [_moved(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: _moved(value, place) for key, value in schema.items()}
    target = schema.get("$ref")
    if isinstance(target, str) and target.startswith("#"):
        moved["$ref"] = place + target[1:]
    return moved
