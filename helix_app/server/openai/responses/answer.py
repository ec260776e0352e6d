"""A response from the parts of its reply: as one object, or as events that build the same.

created  in_progress  (output_item.added  [content_part.added]  ...delta  ...done  [content_part.done]
output_item.done)...  completed, or incomplete where the reply had no room to end, or error and failed
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.protocol.events import known
from helix_app.protocol.requests import ChatMessage
from helix_app.server.http.errors import ApiError, body_of
from helix_app.server.http.fields import new_id
from helix_app.server.http.wire import sse
from helix_app.server.openai.responses.models import ResponsesBody, joined_name
from helix_app.server.openai.usage import finish_reason, timings_of
from helix_app.server.reading import Answer, Begun, End, Part, Thought, Tokens

_Event = dict[str, Any]


class Responding:
    """One response as it is built.

    Attributes:
        output: its items so far.
    """

    def __init__(self, response_id: str, body: ResponsesBody, on_end: Callable[[Responding], Awaitable[None]]) -> None:
        """``on_end`` is awaited once it is complete, before that is told."""
        self._id, self._body, self._on_end = response_id, body, on_end
        self._called = body.called
        self._created = int(time.time())
        self._end: End | None = None
        self._numbers = 0
        self._written = self._reasoned = 0  # tokens, and those before the answer
        self._open = ""
        self.output: list[dict[str, Any]] = []

    async def whole(self, parts: AsyncIterator[Part]) -> dict[str, Any]:
        """The object."""
        async for part in parts:
            await self._taken(part)
        return self.told()

    async def events(self, parts: AsyncIterator[Part]) -> AsyncIterator[bytes]:
        """The events."""
        async for part in parts:
            for event in await self._taken(part):
                yield self._sent(event)

    def failed(self, error: ApiError) -> bytes:
        """The events that end a stream with an error."""
        told = body_of(error, "openai")["error"]
        fields = {name: told[name] for name in ("code", "message", "param")}
        response = {**self.told(), "status": "failed", "error": {"code": told["code"], "message": told["message"]}}
        failed = {"type": "response.failed", "response": response}
        return self._sent({"type": "error", **fields}) + self._sent(failed)

    def _sent(self, event: _Event) -> bytes:
        event["sequence_number"] = self._numbers
        self._numbers += 1
        return sse(event, event["type"])

    @property
    def reply(self) -> ChatMessage:
        """What the model said, for the requests that follow on it."""
        texts = [item["content"][0]["text"] for item in self.output if item["type"] == "message"]
        calls = [
            {"id": i["call_id"], "type": "function", "function": _function(i)}
            for i in self.output
            if i["type"] == "function_call"
        ]
        return ChatMessage("assistant", "".join(texts), tool_calls=json.dumps(calls) if calls else "")

    def told(self) -> dict[str, Any]:
        """The object as it is now."""
        body, end = self._body, self._end
        cut = end is not None and finish_reason(end) == "length"
        status = "in_progress" if end is None else "incomplete" if cut else "completed"
        given = body.model_dump(exclude_none=True, by_alias=True)
        told: dict[str, Any] = {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": self.output,
            "store": body.store is not False,
            "parallel_tool_calls": body.parallel_tool_calls is not False,
            "tool_choice": given.get("tool_choice", "auto"),
            "tools": given.get("tools", []),
            "text": given.get("text", {"format": {"type": "text"}}),
            "reasoning": given.get("reasoning", {"effort": None, "summary": None}),
            "metadata": body.metadata or {},
            "truncation": "disabled",
            **{name: getattr(body, name) for name in _ECHOED},
        }
        if end is not None:
            told["usage"], told["timings"] = self._usage(end), timings_of([end])
        return told

    def _usage(self, end: End) -> dict[str, Any]:
        metrics = end.metrics
        prompt, written = known(metrics.prompt_tokens), known(metrics.tokens_generated)
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": known(metrics.cached_tokens), "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": min(self._reasoned, written)},
            "total_tokens": prompt + written,
        }

    # ------------------------------------------------------------------ parts

    async def _taken(self, part: Part) -> list[_Event]:
        events = self._take(part)
        if isinstance(part, End):
            await self._on_end(self)
        return events

    def _take(self, part: Part) -> list[_Event]:
        if isinstance(part, Begun):
            return [{"type": f"response.{word}", "response": self.told()} for word in ("created", "in_progress")]
        if isinstance(part, Tokens):
            self._written += len(part.tokens)
        elif isinstance(part, Thought):
            self._reasoned = self._written
            return self._text("reasoning", part.text)
        elif isinstance(part, Answer):
            return self._text("message", part.text)
        elif isinstance(part, ToolCallStart):
            closed, head = self._finish(), {"id": new_id("fc_"), "type": "function_call", "status": "in_progress"}
            namespace, name = self._called.get(part.name, ("", part.name))
            names = {"name": name, "namespace": namespace} if namespace else {"name": name}
            return [*closed, *self._begin({**head, "call_id": part.id, **names, "arguments": ""})]
        elif isinstance(part, ToolCallArguments):
            self.output[-1]["arguments"] += part.text
            return [self._event("function_call_arguments.delta", delta=part.text)]
        elif isinstance(part, End):
            return self._over(part)
        return []

    def _over(self, end: End) -> list[_Event]:
        closed = self._finish("incomplete" if finish_reason(end) == "length" else "completed")
        self._end = end
        told = self.told()
        kind = "incomplete" if told["status"] == "incomplete" else "completed"
        return [*closed, {"type": f"response.{kind}", "response": told}]

    def _text(self, kind: str, text: str) -> list[_Event]:
        """More text of the answer or of the reasoning."""
        name, part = _TEXTS[kind]
        events: list[_Event] = []
        if self._open != kind:
            item: dict[str, Any] = {"id": new_id("msg_" if kind == "message" else "rs_"), "type": kind, "content": []}
            more_of: dict[str, Any] = {"role": "assistant", "status": "in_progress"}
            item |= more_of if kind == "message" else {"summary": []}
            events = [*self._finish(), *self._begin(item)]
            self.output[-1]["content"] = [dict(part)]
            events.append(self._event("content_part.added", content_index=0, part=dict(part)))
        self.output[-1]["content"][0]["text"] += text
        more: dict[str, Any] = {"logprobs": []} if kind == "message" else {}
        return [*events, self._event(f"{name}.delta", content_index=0, delta=text, **more)]

    def _begin(self, item: dict[str, Any]) -> list[_Event]:
        self._open = item["type"]
        self.output.append(item)
        return [self._event("output_item.added", item=dict(item))]

    def _finish(self, status: str = "completed") -> list[_Event]:
        """Close the item that is open."""
        kind, self._open = self._open, ""
        if not kind:
            return []
        item = self.output[-1]
        if "status" in item:
            item["status"] = status
        events = []
        if kind in _TEXTS:
            text = item["content"][0]["text"]
            more: dict[str, Any] = {"logprobs": []} if kind == "message" else {}
            events.append(self._event(f"{_TEXTS[kind][0]}.done", content_index=0, text=text, **more))
            events.append(self._event("content_part.done", content_index=0, part=dict(item["content"][0])))
        else:
            called = {"name": item["name"], "arguments": item["arguments"]}
            events.append(self._event("function_call_arguments.done", **called))
        return [*events, self._event("output_item.done", item=dict(item))]

    def _event(self, kind: str, **fields: Any) -> _Event:
        """An event about the last item."""
        place: dict[str, Any] = {"output_index": len(self.output) - 1}
        if "item" not in fields:
            place["item_id"] = self.output[-1]["id"]
        return {"type": f"response.{kind}", **place, **fields}


def _function(item: dict[str, Any]) -> dict[str, Any]:
    """A call as chats have it."""
    return {"name": joined_name(item.get("namespace"), item["name"]), "arguments": item["arguments"]}


_TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "message": ("output_text", {"type": "output_text", "text": "", "annotations": []}),
    "reasoning": ("reasoning_text", {"type": "reasoning_text", "text": ""}),
}
_ECHOED = ("model", "instructions", "previous_response_id", "max_output_tokens", "temperature", "top_p")
