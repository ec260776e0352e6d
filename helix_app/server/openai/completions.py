"""A text completion from the parts of its replies: as one object, or as chunks that add up to the same."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from helix_app.protocol.events import EmittedToken
from helix_app.server.http.wire import BEAT, sse
from helix_app.server.openai.usage import CompletionLogprobs, finish_reason, timings_of, usage_of
from helix_app.server.reading import Answer, Begun, End, Part, Tokens


class Completion:
    """The answer to one request: ``n`` choices for each of its prompts, in their order."""

    def __init__(self, completion_id: str, model: str, prompts: int, n: int, logprobs: int | None, usage: bool) -> None:
        self._head = {"id": completion_id, "object": "text_completion", "created": int(time.time()), "model": model}
        self._n, self._most, self._usage = n, logprobs, usage
        count = prompts * n
        self._texts = [""] * count
        self._fresh: list[list[EmittedToken]] = [[] for _ in range(count)]
        self._tokens: list[list[EmittedToken]] = [[] for _ in range(count)]
        self._logprobs = [CompletionLogprobs(logprobs or 0) for _ in range(count)]
        self._ends: dict[int, End] = {}

    async def whole(self, parts: AsyncIterator[tuple[int, Part]]) -> dict[str, Any]:
        """The object."""
        async for index, part in parts:
            self._take(index, part)
        choices = [
            self._choice(index, text, self._tokens[index], finish_reason(self._ends[index]))
            for index, text in enumerate(self._texts)
        ]
        return {**self._head, "choices": choices, "usage": self._used(), "timings": timings_of(self._in_order())}

    async def chunks(self, parts: AsyncIterator[tuple[int, Part]]) -> AsyncIterator[bytes]:
        """The same as events, the last of which says that there are no more."""
        async for index, part in parts:
            self._take(index, part)
            if isinstance(part, Begun):
                yield BEAT
            elif isinstance(part, (Answer, End)):
                text = part.text if isinstance(part, Answer) else ""
                tokens, self._fresh[index] = self._fresh[index], []
                reason = finish_reason(part) if isinstance(part, End) else None
                chunk = {**self._head, "choices": [self._choice(index, text, tokens, reason)]}
                yield sse({**chunk, "usage": None} if self._usage else chunk)
        if self._usage:
            yield sse({**self._head, "choices": [], "usage": self._used(), "timings": timings_of(self._in_order())})
        yield sse("[DONE]")

    def _take(self, index: int, part: Part) -> None:
        if isinstance(part, Answer):
            self._texts[index] += part.text
        elif isinstance(part, Tokens):
            self._fresh[index] += part.tokens
            self._tokens[index] += part.tokens
        elif isinstance(part, End):
            self._ends[index] = part

    def _choice(self, index: int, text: str, tokens: list[EmittedToken], reason: str | None) -> dict[str, Any]:
        told = None if self._most is None else self._logprobs[index].told(tokens)
        return {"index": index, "text": text, "logprobs": told, "finish_reason": reason}

    def _in_order(self) -> list[End]:
        return [self._ends[index] for index in sorted(self._ends)]

    def _used(self) -> dict[str, Any]:
        ends = self._in_order()
        return usage_of([ends[at : at + self._n] for at in range(0, len(ends), self._n)])
