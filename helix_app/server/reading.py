"""What a reply says, out of its events: reasoning, answer, calls of tools, and each token's probability."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Union

from helix_app.base.replies.thinking import Parted, ThoughtSplitter
from helix_app.base.replies.tool_calls import TextPart, ToolCallArguments, ToolCallParser, ToolCallStart
from helix_app.protocol.events import (
    EmittedToken,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    RunMetrics,
    TextDelta,
    known,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.desk import Reply

LEAST_LOGPROB = -9999.0  # of a token that cannot be, as JSON knows no infinity


@dataclass(frozen=True)
class Thought:
    """Reasoning to append."""

    text: str


@dataclass(frozen=True)
class Answer:
    """Text of the answer to append."""

    text: str


@dataclass(frozen=True)
class Tokens:
    """Tokens that were written; those that end a reply are none of its text."""

    tokens: tuple[EmittedToken, ...]


@dataclass(frozen=True)
class Begun:
    """The prompt was read, or is being read: from here on the reply is answered with 200."""

    prompt_tokens: int
    cached_tokens: int


@dataclass(frozen=True)
class End:
    """The reply is over.

    Attributes:
        reason: of the engine, or ``time`` when the server's time for it was up.
        stop: the stop text that ended it, empty for none.
    """

    reason: str
    metrics: RunMetrics
    text: str
    token_ids: tuple[int, ...]
    stop: str = ""


Part = Union[Begun, Thought, Answer, Tokens, ToolCallStart, ToolCallArguments, End]


def opens_thinking(ready: ModelReady, thinking: bool | None) -> bool:
    """Whether a reply begins inside its reasoning."""
    return ready.thinking_opens if thinking is None else ready.thinking_opens_when[int(thinking)]


@dataclass(frozen=True)
class Form:
    """How a model marks what is no answer.

    Attributes:
        marks: texts before and after reasoning; empty for none.
        opens: the prompt has opened a block of reasoning already.
        calls: how it writes calls of tools (``base/replies/tool_calls.py``), "" where none are looked for.
        tools: those it may call, as JSON.
        one_call: it ends after its first call.
    """

    marks: tuple[str, str] = ("", "")
    opens: bool = False
    calls: str = ""
    tools: tuple[str, ...] = ()
    one_call: bool = False


def form_of(ready: ModelReady, request: GenerateRequest, *, one_call: bool = False) -> Form:
    """The form of the replies to a request."""
    if request.raw:
        return Form()
    calls = ready.tool_style if request.tools else ""
    return Form(ready.thinking, opens_thinking(ready, request.thinking), calls, request.tools, one_call)


async def parts_of(reply: Reply, form: Form = Form()) -> AsyncIterator[Part]:
    """What a reply says, piece by piece; its last part is End. Raises what ``Reply.events`` raises."""
    text = _Text(form)
    held: tuple[EmittedToken, ...] = ()  # the last one may be no text
    begun = False
    async for event in reply.events():
        if not begun and not isinstance(event, (Finished, Notice)):
            begun = True
            yield Begun(getattr(event, "prompt_tokens", 0), getattr(event, "cached_tokens", 0))
        if isinstance(event, (PrefillDone, RoundDone)) and event.emitted:
            tokens = held + event.emitted
            held = tokens[-1:]
            if tokens[:-1]:
                yield Tokens(tokens[:-1])
        elif isinstance(event, TextDelta):
            for part in text.feed(event.text):
                yield part
            if text.over:
                reply.cancel()
        elif isinstance(event, Finished):
            if not begun:
                yield Begun(known(event.metrics.prompt_tokens), known(event.metrics.cached_tokens))
            if held and _is_text(held[0], event):
                yield Tokens(held)
            for part in text.end():
                yield part
            reason: str = event.reason
            if reason == "cancelled":
                reason = "time" if reply.timed_out else "eos" if text.over else reason
            yield End(reason, event.metrics, event.text, event.token_ids, event.stop)


def _is_text(last: EmittedToken, end: Finished) -> bool:
    """Whether the last token is of the text: one that ends a reply is none, but one that completes its grammar is."""
    return end.reason != "eos" or end.text.endswith(last.text)


class _Text:
    """The text of a reply in its parts.

    Attributes:
        over: a second call began where there may be one; nothing comes of what follows.
    """

    def __init__(self, form: Form) -> None:
        self._one_call, self.over = form.one_call, False
        self._splitter = ThoughtSplitter(form.marks, form.opens)
        self._calls = ToolCallParser(form.calls, [json.loads(tool) for tool in form.tools])

    def feed(self, text: str) -> list[Part]:
        """What more text adds."""
        return self._split(self._splitter.feed(text))

    def end(self) -> list[Part]:
        """What was held back."""
        return [*self._split(self._splitter.end()), *self._allowed(self._calls.finish())]

    def _split(self, parted: Parted) -> list[Part]:
        parts: list[Part] = [Thought(parted.thought)] if parted.thought else []
        return [*parts, *self._allowed(self._calls.feed(parted.answer))]

    def _allowed(self, found: Sequence[TextPart | ToolCallStart | ToolCallArguments]) -> list[Part]:
        parts: list[Part] = []
        for part in found:
            self.over = self.over or (self._one_call and isinstance(part, ToolCallStart) and part.index > 0)
            if not self.over:
                parts.append(Answer(part.text) if isinstance(part, TextPart) else part)
        return parts


async def together(streams: Sequence[AsyncIterator[Part]]) -> AsyncIterator[tuple[int, Part]]:
    """The parts of several replies as they come, each with the number of its reply. Raises what any of them raises."""
    if len(streams) == 1:
        async for part in streams[0]:
            yield 0, part
        return
    arrived: asyncio.Queue[tuple[int, Part | Exception | None]] = asyncio.Queue()

    async def read(index: int, stream: AsyncIterator[Part]) -> None:
        try:
            async for part in stream:
                arrived.put_nowait((index, part))
            arrived.put_nowait((index, None))
        except Exception as error:
            arrived.put_nowait((index, error))

    tasks = [asyncio.create_task(read(index, stream)) for index, stream in enumerate(streams)]
    try:
        left = len(tasks)
        while left:
            index, came = await arrived.get()
            if isinstance(came, Exception):
                raise came
            if came is None:
                left -= 1
            else:
                yield index, came
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Whole:
    """A reply that is read to its end."""

    thought: str = ""
    answer: str = ""
    tokens: list[EmittedToken] = field(default_factory=list)
    end: End | None = None

    def take(self, part: Part) -> None:
        """Add a part."""
        if isinstance(part, Thought):
            self.thought += part.text
        elif isinstance(part, Answer):
            self.answer += part.text
        elif isinstance(part, Tokens):
            self.tokens += part.tokens
        elif isinstance(part, End):
            self.end = part


async def read_whole(parts: AsyncIterator[Part]) -> Whole:
    """All parts together."""
    whole = Whole()
    async for part in parts:
        whole.take(part)
    return whole


def text_bytes(text: str) -> list[int] | None:
    """The bytes of a token's text; None of a token that is part of a character, as its text does not have them."""
    return None if "\ufffd" in text else list(text.encode())
