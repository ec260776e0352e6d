"""A reply that is being written, whichever conversation is shown meanwhile. No widgets."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from helix_app.base.replies.thinking import ThoughtSplitter
from helix_app.gui.chats.conversation import Conversation
from helix_app.protocol.conversations.chats import MessageState
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest


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
        marks, opens: what stands around a thought of its model, and whether its prompt has opened one.
        tokens: that it has by now.
        thought_seconds, thought_tokens: that it spent on thoughts.
        left_out: messages of its request, the oldest ones, that its context had no room for.
        was: how the message had ended before it is written further.
    """

    request: GenerateRequest
    conversation: Conversation
    message_id: str
    begun: str = ""
    parts: list[str] = field(default_factory=list)
    unkept: list[str] = field(default_factory=list)
    plain_rounds: list[float] = field(default_factory=list)
    stopping: bool = False
    marks: tuple[str, str] = ("", "")
    opens: bool = False
    tokens: int = 0
    thought_seconds: float = 0.0
    thought_tokens: int = 0
    left_out: int = 0
    was: MessageState = "writing"

    def __post_init__(self) -> None:
        self._splitter = ThoughtSplitter(self.marks, self.opens)
        self._splitter.feed(self.begun)
        self._thinking_since: float | None = None
        self._thought_before = self.thought_seconds, self.thought_tokens

    def prompt_opened(self, opens: bool) -> None:
        """Its prompt was read, so it is known whether that has opened a thought; before any text."""
        self.opens = opens
        self._splitter = ThoughtSplitter(self.marks, opens)

    def text(self) -> str:
        """All of the message so far."""
        if len(self.parts) > 1:
            self.parts[:] = ["".join(self.parts)]
        return self.begun + (self.parts[0] if self.parts else "")

    def add(self, text: str) -> None:
        """More text came."""
        self.parts.append(text)
        self.unkept.append(text)
        if self._splitter.feed(text).thought or self._splitter.open:
            now = time.perf_counter()
            self._thinking_since = now if self._thinking_since is None else self._thinking_since
            seconds, tokens = self._thought_before
            self.thought_seconds, self.thought_tokens = seconds + now - self._thinking_since, tokens + self.tokens

    def take_unkept(self) -> str:
        """What the store is to be told now."""
        text = "".join(self.unkept)
        self.unkept.clear()
        return text


def writing_of(
    request: GenerateRequest, conversation: Conversation, message_id: str, ready: ModelReady | None, begun: str = ""
) -> Writing:
    """A reply that is about to be written by this model; what its own template opens is expected of any other."""
    marks, opens = ("", ""), False
    if ready is not None and not request.raw:
        marks = ready.thinking
        opens = ready.thinking_opens if request.thinking is None else ready.thinking_opens_when[request.thinking]
    return Writing(request, conversation, message_id, begun, marks=marks, opens=opens)
