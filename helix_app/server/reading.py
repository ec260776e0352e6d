"""What a reply says, out of its events: reasoning, answer, calls of tools, and each token's probability."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Union

from helix_app.base.thinking import Parted, ThoughtSplitter
from helix_app.protocol.events import EmittedToken, Event, Finished, PrefillDone, RoundDone, RunMetrics, TextDelta
from helix_app.protocol.loading import ModelReady
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
    """

    reason: str
    metrics: RunMetrics
    text: str
    token_ids: tuple[int, ...]


Part = Union[Begun, Thought, Answer, Tokens, End]


def opens_thinking(ready: ModelReady, thinking: bool | None) -> bool:
    """Whether a reply begins inside its reasoning."""
    return ready.thinking_opens if thinking is None else ready.thinking_opens_when[int(thinking)]


async def parts_of(reply: Reply, marks: tuple[str, str] = ("", ""), opens: bool = False) -> AsyncIterator[Part]:
    """What a reply says, piece by piece; its last part is End. Raises what ``Reply.events`` raises."""
    splitter = ThoughtSplitter(marks, opens)
    held: tuple[EmittedToken, ...] = ()  # the last one may be no text
    begun = False
    async for event in reply.events():
        if not begun and not isinstance(event, (PrefillDone, Finished)):
            begun = True
            yield _begun(event)
        if isinstance(event, PrefillDone):
            begun = True
            yield _begun(event)
        if isinstance(event, (PrefillDone, RoundDone)) and event.emitted:
            tokens = held + event.emitted
            held = tokens[-1:]
            if tokens[:-1]:
                yield Tokens(tokens[:-1])
        elif isinstance(event, TextDelta):
            for part in _split(splitter.feed(event.text)):
                yield part
        elif isinstance(event, Finished):
            for part in _split(splitter.end()):
                yield part
            if held and event.reason != "eos":
                yield Tokens(held)
            reason = "time" if event.reason == "cancelled" and reply.timed_out else event.reason
            yield End(reason, event.metrics, event.text, event.token_ids)


def _begun(event: Event) -> Begun:
    return Begun(getattr(event, "prompt_tokens", 0), getattr(event, "cached_tokens", 0))


def _split(parted: Parted) -> list[Part]:
    parts: list[Part] = [Thought(parted.thought)] if parted.thought else []
    return [*parts, Answer(parted.answer)] if parted.answer else parts


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


def logprob(probability: float) -> float:
    """Its natural logarithm, as JSON can hold it."""
    return math.log(probability) if probability > 0 else LEAST_LOGPROB


def text_bytes(text: str) -> list[int]:
    """The bytes of a token's text."""
    return list(text.encode())


def total(ends: Sequence[End]) -> tuple[int, int, int]:
    """Prompt tokens of one prompt, those cached of it, and the tokens of all its replies."""
    if not ends:
        return 0, 0, 0
    cached = max(end.metrics.cached_tokens for end in ends)
    return ends[0].metrics.prompt_tokens, cached, sum(end.metrics.tokens_generated for end in ends)
