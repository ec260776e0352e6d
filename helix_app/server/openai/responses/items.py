"""The items that a response was made of, from the conversation that it ends: as clients page through them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from helix_app.protocol.requests import ChatMessage
from helix_app.server.http.errors import of_field
from helix_app.server.openai.responses.memory import Kept
from helix_app.server.openai.responses.models import joined_name

Order = Literal["asc", "desc"]


def page_of(kept: Kept, limit: int, order: Order, after: str = "", before: str = "") -> dict[str, Any]:
    """At most ``limit`` of its input items, those of the responses before it among them, beyond or before an id.

    Raises:
        ApiError: it has no item of such an id.
    """
    items = list(_items_of(kept))
    if order == "desc":
        items.reverse()
    ids = [item["id"] for item in items]
    first = ids.index(_known(ids, after, "after")) + 1 if after else 0
    end = ids.index(_known(ids, before, "before")) if before else len(items)
    if before and not after:
        page, more = items[max(0, end - limit) : end], end > limit
    else:
        page, more = items[first:end][:limit], end - first > limit
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": more,
    }


def _known(ids: list[str], item_id: str, field: str) -> str:
    if item_id not in ids:
        raise of_field(field, f"this response was not made of an item {item_id[:100]}")
    return item_id


def _items_of(kept: Kept) -> Iterator[dict[str, Any]]:
    """In the order of the conversation, without the reply; the same ids whenever they are asked for."""
    name, named = kept.response["id"].removeprefix("resp_"), _named(kept.response.get("tools", ()))
    for n, message in enumerate(kept.messages[:-1]):
        if message.role == "tool":
            output = {"call_id": message.tool_call_id, "output": message.content}
            yield _item(f"fco_{name}_{n}", "function_call_output", output)
        elif message.content or not message.tool_calls:
            yield _item(f"msg_{name}_{n}", "message", {"role": message.role, "content": [_text(message)]})
        for at, call in enumerate(json.loads(message.tool_calls or "[]")):
            function = {**call["function"], **named.get(call["function"]["name"], {})}
            yield _item(f"fc_{name}_{n}_{at}", "function_call", {"call_id": call["id"], **function})


def _named(tools: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Namespace and name of the functions that have one, by what the model calls them."""
    spaces = [(tool["name"], tool["tools"]) for tool in tools if tool["type"] == "namespace"]
    return {
        joined_name(space, function["name"]): {"namespace": space, "name": function["name"]}
        for space, functions in spaces
        for function in functions
    }


def _item(item_id: str, kind: str, told: dict[str, Any]) -> dict[str, Any]:
    return {"id": item_id, "type": kind, **told, "status": "completed"}


def _text(message: ChatMessage) -> dict[str, Any]:
    if message.role == "assistant":
        return {"type": "output_text", "text": message.content, "annotations": []}
    return {"type": "input_text", "text": message.content}
