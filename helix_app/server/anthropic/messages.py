"""An answer of ``/v1/messages`` from the parts of its reply: as one object, or as events that build the same.

message_start  (content_block_start  content_block_delta...  content_block_stop)...  message_delta  message_stop
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.protocol.events import known
from helix_app.server.http.errors import ApiError, body_of
from helix_app.server.http.fields import whole
from helix_app.server.http.wire import sse
from helix_app.server.reading import Answer, Begun, End, Part, Thought

_REASONS = {"eos": "end_turn", "stop": "stop_sequence", "cancelled": "end_turn"}
_Event = dict[str, Any]


class Answering:
    """One message as it is built.

    Attributes:
        content: its blocks so far.
    """

    def __init__(self, message_id: str, model: str) -> None:
        self._head = {"id": message_id, "type": "message", "role": "assistant", "model": model}
        self.content: list[dict[str, Any]] = []
        self._open = ""  # type of the block that is being written
        self._arguments = ""
        self._end: End | None = None

    async def whole(self, parts: AsyncIterator[Part]) -> dict[str, Any]:
        """The object."""
        async for part in parts:
            self._take(part)
        assert self._end is not None
        return {**self._head, "content": self.content, **self._reason(), "usage": self._usage()}

    async def events(self, parts: AsyncIterator[Part]) -> AsyncIterator[bytes]:
        """The events."""
        async for part in parts:
            for event in self._take(part):
                yield sse(event, event["type"])

    def _take(self, part: Part) -> list[_Event]:
        if isinstance(part, Begun):
            usage = {"input_tokens": part.prompt_tokens - part.cached_tokens, "output_tokens": 0}
            usage |= {"cache_read_input_tokens": part.cached_tokens, "cache_creation_input_tokens": 0}
            return [{"type": "message_start", "message": {**self._head, "content": [], **_NO_REASON, "usage": usage}}]
        if isinstance(part, Thought):
            opened = self._begin("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            self.content[-1]["thinking"] += part.text
            return [*opened, self._delta({"type": "thinking_delta", "thinking": part.text})]
        if isinstance(part, Answer):
            opened = self._begin("text", {"type": "text", "text": ""})
            self.content[-1]["text"] += part.text
            return [*opened, self._delta({"type": "text_delta", "text": part.text})]
        if isinstance(part, ToolCallStart):
            closed = self._finish()
            block = {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
            return [*closed, *self._begin("tool_use", block)]
        if isinstance(part, ToolCallArguments):
            self._arguments += part.text
            return [self._delta({"type": "input_json_delta", "partial_json": part.text})]
        if isinstance(part, End):
            self._end = part
            delta = {"type": "message_delta", "delta": self._reason(), "usage": self._usage()}
            return [*self._finish(), delta, {"type": "message_stop"}]
        return []

    def _begin(self, kind: str, block: dict[str, Any]) -> list[_Event]:
        """Open a block, unless one of its kind is open."""
        if self._open == kind:
            return []
        closed = self._finish()
        self._open = kind
        self.content.append(block)
        return [*closed, {"type": "content_block_start", "index": len(self.content) - 1, "content_block": dict(block)}]

    def _delta(self, delta: dict[str, Any]) -> _Event:
        return {"type": "content_block_delta", "index": len(self.content) - 1, "delta": delta}

    def _finish(self) -> list[_Event]:
        """Close the block that is open."""
        if not self._open:
            return []
        if self._open == "tool_use":
            self.content[-1]["input"] = _object(self._arguments)
            self._arguments = ""
        self._open = ""
        return [{"type": "content_block_stop", "index": len(self.content) - 1}]

    def _reason(self) -> dict[str, Any]:
        assert self._end is not None
        reason = _REASONS.get(self._end.reason, "max_tokens")
        if reason == "end_turn" and any(block["type"] == "tool_use" for block in self.content):
            reason = "tool_use"
        return {"stop_reason": reason, "stop_sequence": self._end.stop or None}

    def _usage(self) -> dict[str, Any]:
        assert self._end is not None
        metrics = self._end.metrics
        return {
            "input_tokens": known(metrics.prompt_tokens) - known(metrics.cached_tokens),
            "cache_read_input_tokens": known(metrics.cached_tokens),
            "cache_creation_input_tokens": 0,
            "output_tokens": known(metrics.tokens_generated),
            "drafted_tokens": metrics.drafted_tokens,
            "accepted_tokens": metrics.accepted_tokens,
        }


_NO_REASON = {"stop_reason": None, "stop_sequence": None}


def _object(text: str) -> dict[str, Any]:
    """Arguments as an object; none of a call that was cut off, or that holds what JSON cannot tell."""
    try:
        value = whole(json.loads(text or "{}"))
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def told_in_stream(error: ApiError) -> bytes:
    """The event that ends a stream with an error."""
    return sse(body_of(error, "anthropic"), "error")
