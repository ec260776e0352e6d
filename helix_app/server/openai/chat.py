"""A chat completion from the parts of its replies: as one object, or as chunks that add up to the same."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from helix_app.base.replies import thinking
from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.protocol.events import EmittedToken
from helix_app.server.http.errors import ApiError, body_of
from helix_app.server.http.wire import sse
from helix_app.server.openai.usage import chat_logprobs, finish_reason, timings_of, usage_of
from helix_app.server.reading import Answer, Begun, End, Form, Part, Thought, Tokens


@dataclass
class Choice:
    """One reply as far as it was told. Probabilities are those of its answer alone."""

    index: int
    form: Form = field(default_factory=Form)
    content: str = ""
    thought: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[EmittedToken] = field(default_factory=list)
    fresh: list[EmittedToken] = field(default_factory=list)  # told with the next text of the answer
    answers: bool = False  # what was said last is of the answer
    end: End | None = None

    def take(self, part: Part) -> dict[str, Any] | None:
        """What a part adds, as the delta of a chunk; None for nothing."""
        if isinstance(part, Tokens):
            self.fresh += part.tokens
        elif isinstance(part, Begun):
            return {"role": "assistant", "content": ""}
        elif isinstance(part, Thought):
            self.thought += part.text
            return {"reasoning_content": part.text}
        elif isinstance(part, Answer):
            self._begin_answer()
            self.content += part.text
            return {"content": part.text}
        elif isinstance(part, ToolCallStart):
            self._drop_fresh()
            function = {"name": part.name, "arguments": ""}
            self.calls.append({"id": part.id, "type": "function", "function": function})
            return {"tool_calls": [{"index": part.index, **self.calls[-1], "function": dict(function)}]}
        elif isinstance(part, ToolCallArguments):
            self.calls[part.index]["function"]["arguments"] += part.text
            self._drop_fresh()
            return {"tool_calls": [{"index": part.index, "function": {"arguments": part.text}}]}
        elif isinstance(part, End):
            if not self.answers:
                self._drop_fresh()
            self.end = part
            return {}
        return None

    def _drop_fresh(self) -> None:
        """These tokens are of no answer."""
        self.fresh.clear()
        self.answers = False

    def _begin_answer(self) -> None:
        """Of the tokens so far, those of the answer stay: none of reasoning, of calls, or of their marks."""
        if self.answers:
            return
        written = "" if self.calls else "".join(token.text for token in self.fresh)
        left = len(thinking.part(written, self.form.marks, self.form.opens).answer)
        count = 0  # of those that end the answer
        for token in reversed(self.fresh):
            left -= len(token.text)
            if left < 0:
                break
            count += 1
        del self.fresh[: len(self.fresh) - count]
        self.answers = True

    def take_fresh(self) -> list[EmittedToken]:
        """Tokens whose probabilities are told now."""
        taken, self.fresh = self.fresh, []
        self.tokens += taken
        return taken

    @property
    def reason(self) -> str | None:
        return None if self.end is None else finish_reason(self.end, bool(self.calls))


class ChatCompletion:
    """The answer to one request, of one choice or more."""

    def __init__(
        self, completion_id: str, model: str, choices: int, top_logprobs: int | None, usage: bool, form: Form
    ) -> None:
        """``top_logprobs`` is None where no probabilities are asked for; ``usage`` is that of a stream."""
        self._head = {"id": completion_id, "created": int(time.time()), "model": model}
        self._choices = [Choice(index, form) for index in range(choices)]
        self._most, self._usage = top_logprobs, usage

    async def whole(self, parts: AsyncIterator[tuple[int, Part]]) -> dict[str, Any]:
        """The object."""
        async for index, part in parts:
            choice = self._choices[index]
            choice.take(part)
            if isinstance(part, (Answer, End)):
                choice.take_fresh()
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [self._told(choice) for choice in self._choices],
            "usage": usage_of([self._ends]),
            "timings": timings_of(self._ends),
        }

    @property
    def _ends(self) -> Sequence[End]:
        return [choice.end for choice in self._choices if choice.end is not None]

    def _told(self, choice: Choice) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": choice.content, "refusal": None}
        if choice.thought:
            message["reasoning_content"] = choice.thought
        if choice.calls:
            message["content"], message["tool_calls"] = choice.content or None, choice.calls
        return {
            "index": choice.index,
            "message": message,
            "logprobs": None if self._most is None else chat_logprobs(choice.tokens, self._most),
            "finish_reason": choice.reason,
        }

    async def chunks(self, parts: AsyncIterator[tuple[int, Part]]) -> AsyncIterator[bytes]:
        """The same as events, the last of which says that there are no more."""
        async for index, part in parts:
            choice = self._choices[index]
            delta = choice.take(part)
            if delta is None:
                continue
            tokens = choice.take_fresh() if isinstance(part, (Answer, End)) else []
            probabilities = None if self._most is None or not tokens else chat_logprobs(tokens, self._most)
            told = {"index": index, "delta": delta, "logprobs": probabilities, "finish_reason": choice.reason}
            yield self._chunk([told])
        last = {**self._head, "object": "chat.completion.chunk", "choices": [], "timings": timings_of(self._ends)}
        if self._usage:
            yield sse({**last, "usage": usage_of([self._ends])})
        yield sse("[DONE]")

    def _chunk(self, choices: list[dict[str, Any]]) -> bytes:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices}
        return sse({**chunk, "usage": None} if self._usage else chunk)


def told_in_stream(error: ApiError) -> bytes:
    """The event that ends a stream with an error."""
    return sse(body_of(error, "openai")) + sse("[DONE]")
