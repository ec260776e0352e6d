"""A reply that is being written, whichever conversation is shown meanwhile. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field

from helix_app.base.settings import Settings
from helix_app.gui.chats.conversation import Conversation, new_id
from helix_app.protocol.requests import GenerateRequest, SamplingParams


@dataclass
class Writing:
    """What is known of it.

    Attributes:
        message_id: of the message that holds its text.
        begun: the text that the message had before; the reply goes on after it.
        parts: pieces of text that came since.
        unkept: those of them that the store has not been told.
        plain_rounds: seconds of each round that drafted nothing.
        stopping: the person stopped it, and its end has not come yet.
    """

    request: GenerateRequest
    conversation: Conversation
    message_id: str
    begun: str = ""
    parts: list[str] = field(default_factory=list)
    unkept: list[str] = field(default_factory=list)
    plain_rounds: list[float] = field(default_factory=list)
    stopping: bool = False

    def text(self) -> str:
        """All of the message so far."""
        if len(self.parts) > 1:
            self.parts[:] = ["".join(self.parts)]
        return self.begun + (self.parts[0] if self.parts else "")

    def add(self, text: str) -> None:
        """More text came."""
        self.parts.append(text)
        self.unkept.append(text)

    def take_unkept(self) -> str:
        """What the store is to be told now."""
        text = "".join(self.unkept)
        self.unkept.clear()
        return text


def reply_request(
    conversation: Conversation, message_id: str, settings: Settings, seed: int | None, alternatives: int = 0
) -> GenerateRequest:
    """The request for an answer to a question, or to go on with an answer; each token with so many likeliest ones.

    What the conversation has of its own goes before ``settings`` and ``seed``.
    """
    own = conversation.prompting
    settings = own.applied(settings)
    seed = seed if own.seed is None else own.seed
    return GenerateRequest(
        request_id=new_id(),
        messages=conversation.history(message_id, settings.system_prompt),
        mode="autoregressive" if settings.mode == "autoregressive" else "speculative",
        k=settings.k,
        verify="rejection" if seed is None else "coupled",
        max_tokens=settings.max_tokens,
        alternatives=alternatives,
        stop=own.stop,
        sampling=SamplingParams(
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            min_p=settings.min_p,
            repetition_penalty=settings.repetition_penalty,
            seed=seed,
        ),
    )
