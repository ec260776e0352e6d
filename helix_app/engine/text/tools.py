"""What a model's chat template says of tools: whether it takes them, and in which form its model calls them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helix_app.base.errors import InputError
from helix_app.base.replies.tool_calls import MARKS
from helix_app.protocol.requests import ChatMessage

# what tells each form in a template, the surest first: some templates explain one form and have the marks of another
_SIGNS = (("xml", "<function="), ("mistral", "[TOOL_CALLS]"), ("hermes", "<tool_call>"), ("llama", "<|python_tag|>"))
_LLAMA = ("Environment: ipython", '"parameters": ')  # of templates that name no mark


@dataclass(frozen=True)
class Tools:
    """How a model takes tools.

    Attributes:
        given: its template reads descriptions of tools.
        style: how calls stand in a reply (``base.replies.tool_calls.STYLES``); empty where nothing says so.
    """

    given: bool = False
    style: str = ""


def find_tools(template: str, in_vocabulary: Callable[[str], bool]) -> Tools:
    """What a template and its vocabulary say."""
    if not takes_tools(template):
        return Tools()
    style = next((style for style, sign in _SIGNS if sign in template), "")
    if not style and all(sign in template for sign in _LLAMA):
        style = "llama"
    if not style:
        style = next((style for style in ("mistral", "hermes", "llama") if in_vocabulary(MARKS[style][0])), "")
    return Tools(True, style)


def takes_tools(template: str) -> bool:
    """Whether a template reads ``tools``."""
    if "tools" not in template:
        return False  # without the time that parsing it takes
    from helix_app.engine.text.template import variables

    return "tools" in variables(template)


def uses_tools(messages: Sequence[ChatMessage], tools: Sequence[str]) -> bool:
    """Whether a conversation has anything to do with tools."""
    return bool(tools) or any(m.role == "tool" or m.tool_calls or m.tool_call_id for m in messages)


def read_tools(tools: Sequence[str]) -> list[dict[str, Any]] | None:
    """Descriptions of tools as templates take them; None for none.

    Raises:
        InputError: one is no JSON object with a name.
    """
    return [_read_tool(each) for each in tools] or None


def _read_tool(text: str) -> dict[str, Any]:
    tool = _json(text, "tools")
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        hint = 'Give each as JSON, such as {"type": "function", "function": {"name": "look_up", "parameters": {}}}.'
        raise InputError("option_invalid", option="tools", value=text[:80], hint=hint)
    return tool


def plain_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Messages as templates take them: with their names, arguments of calls parsed, a tool's answer with its name.

    Raises:
        InputError: calls that are no JSON list of calls.
    """
    names: dict[str, str] = {}
    plain: list[dict[str, Any]] = []
    for message in messages:
        made: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            made["tool_calls"] = [_call(each) for each in _calls(message.tool_calls)]
            names |= {str(call.get("id", "")): call["function"]["name"] for call in made["tool_calls"]}
        if message.tool_call_id:
            made["tool_call_id"] = message.tool_call_id
        name = names.get(message.tool_call_id, message.name) if message.role == "tool" else message.name
        if name:
            made["name"] = name
        plain.append(made)
    return plain


def _calls(text: str) -> list[Any]:
    calls = _json(text, "tool_calls")
    if not isinstance(calls, list):
        raise _no_calls(text)
    return calls


def _call(call: object) -> dict[str, Any]:
    """A call with its arguments as an object, which templates write themselves."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise _no_calls(json.dumps(call))
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except ValueError:
            pass  # what a model wrote wrongly goes back to it as it stands
    return {"type": "function", **call, "function": {**function, "arguments": arguments}}


def _no_calls(text: str) -> InputError:
    hint = 'Give a JSON list such as [{"id": "a1", "type": "function", "function": {"name": "f", "arguments": "{}"}}].'
    return InputError("option_invalid", option="tool_calls", value=text[:80], hint=hint)


def _json(text: str, option: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InputError("option_invalid", option=option, value=text[:80], hint=f"It is not JSON: {exc}.") from None
