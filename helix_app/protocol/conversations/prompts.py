"""Prompts that are looked at before they are sent: how many tokens they have, of what, and which.

The answer comes from the model's own tokenizer, but not from the engine, which may be busy writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helix_app.protocol.events import Failed
from helix_app.protocol.requests import ChatMessage, OnFull

# what the tokens of a prompt are of; ``template`` is what stands around the messages, or the token before a text that
# is continued as it stands, ``reply`` what of it is there
Part = Literal["template", "system", "history", "message", "reply"]
PARTS: tuple[Part, ...] = ("system", "history", "message", "reply", "template")


@dataclass(frozen=True)
class PromptAsked:
    """Look at the prompt of a request that is not sent; answered by ``PromptCounted``, unless a later one of the same
    kind comes before.

    Attributes:
        number: given by who asks, and echoed.
        target: file or folder of the model (``ModelReady.target_file``).
        context: tokens that the model was loaded with.
        messages, max_tokens, template, thinking, on_full: as in ``GenerateRequest``.
        tokens: the tokens themselves are wanted, too.
        tools: as in ``GenerateRequest``; only with ``sum_only``.
        raw: as in ``GenerateRequest``, of the messages.
        sum_only: how many tokens there are in all is enough, whatever the context; told as those of the message.
    """

    number: int
    target: str
    context: int
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    template: str = ""
    thinking: bool | None = None
    on_full: OnFull = "stop"
    tokens: bool = False
    tools: tuple[str, ...] = ()
    sum_only: bool = False
    raw: bool = False


@dataclass(frozen=True)
class PromptToken:
    """One token of a prompt; ``special`` ones are no text."""

    token_id: int
    text: str
    part: Part
    special: bool = False


@dataclass(frozen=True)
class PromptCounted:
    """What a prompt is made of. With ``failed`` nothing else is known, but for the model's own template.

    Attributes:
        counts: tokens of each part, as ``PARTS`` has them.
        left_out: of the messages, the oldest ones, that are not in it (``on_full``).
        cut: the first message that is in it is not whole: of a text its beginning is left out.
        room: tokens of the context that are left for the reply.
        own_template: the model's chat template; empty where it has none.
        tokens: all of them, where they were asked for.
        raw: the messages are one text, without a template.
        line: of the template where ``failed`` arose; 0 where that is not known.
    """

    number: int
    counts: tuple[int, ...] = (0,) * len(PARTS)
    left_out: int = 0
    room: int = 0
    own_template: str = ""
    tokens: tuple[PromptToken, ...] = ()
    failed: Failed | None = None
    line: int = 0
    raw: bool = False
    cut: bool = False

    @property
    def total(self) -> int:
        """Tokens of the whole prompt."""
        return sum(self.counts)

    def of(self, part: Part) -> int:
        """Tokens of one part."""
        return self.counts[PARTS.index(part)]
