"""The conversation in memory and the requests made of it. No widgets."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from helix_app.base.settings import Settings
from helix_app.protocol.requests import ChatMessage, GenerateRequest, SamplingParams


@dataclass
class Turn:
    """A question and its answer so far; no answer is None, an empty or a partial one is text."""

    question: str
    answer: str | None = None


@dataclass
class Conversation:
    """The turns from first to last."""

    turns: list[Turn] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """A new turn. Turns that never got an answer stay out of later requests."""
        self.turns.append(Turn(question))

    def messages(self, system_prompt: str) -> tuple[ChatMessage, ...]:
        """The history, ending with the question of the last turn."""
        out = [ChatMessage("system", system_prompt)] if system_prompt else []
        for turn in self.turns[:-1]:
            if turn.answer:
                out += [ChatMessage("user", turn.question), ChatMessage("assistant", turn.answer)]
        if self.turns:
            out.append(ChatMessage("user", self.turns[-1].question))
        return tuple(out)

    def request(self, settings: Settings, seed: int | None, alternatives: int = 0) -> GenerateRequest:
        """The request for an answer to the last turn; each token is to come with so many likeliest ones."""
        return GenerateRequest(
            request_id=uuid.uuid4().hex,
            messages=self.messages(settings.system_prompt),
            mode="autoregressive" if settings.mode == "autoregressive" else "speculative",
            k=settings.k,
            verify="rejection" if seed is None else "coupled",
            max_tokens=settings.max_tokens,
            alternatives=alternatives,
            sampling=SamplingParams(
                temperature=settings.temperature,
                top_k=settings.top_k,
                top_p=settings.top_p,
                min_p=settings.min_p,
                repetition_penalty=settings.repetition_penalty,
                seed=seed,
            ),
        )
