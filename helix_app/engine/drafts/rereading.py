"""A target's sequence as a model with another tokenizer reads it, and what that model writes as the target's tokens.

The two share nothing but text. The draft model reads the conversation in its own chat template and the reply's text in
its own tokens. What it writes on is text again, which the target's tokenizer cuts: those tokens are proposed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from helix_app.base.errors import InputError
from helix_app.engine.text.chat_prompt import begun_reply, chat_tokens, plain_tokens
from helix_app.engine.text.fitting import fitted, fitted_text
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage, GenerateRequest

_KEPT = 256  # characters at the end of a reply that are encoded anew; what is before them keeps its tokens
_WINDOWS = (8, 2, 0)  # tokens of the target before a continuation that it is cut together with, the first that agrees


class Rereading:
    """One reply as the draft model reads it.

    Attributes:
        ids: the draft model's tokens of prompt and reply.
        stable: how many of them stay as they are, whatever follows.
        seen: tokens of the target that are in them, but for a character that is not whole yet.
    """

    def __init__(
        self,
        target: Tokenizer,
        draft: Tokenizer,
        prompt: Sequence[int],
        request: GenerateRequest | None,
        limit: int,
    ) -> None:
        """
        Args:
            prompt: tokens of the target up to where its reply begins.
            request: of the reply; without it the prompt's text is read.
            limit: tokens that the draft model takes.
        """
        self._target, self._draft = target, draft
        self._settled = draft_prompt(target, draft, prompt, request, limit)
        self._decoder = StreamDecoder(target, prompt if _continues(request) else ())
        self._text, self._cut = "", 0  # of the reply; its characters in the settled tokens
        self.seen = len(prompt)
        self._whole: deque[tuple[int, int]] = deque([(self.seen, 0)], maxlen=max(_WINDOWS) + 1)
        self._pending = False
        self._reencode()

    @property
    def stable(self) -> int:
        return len(self._settled)

    def read(self, tokens: Sequence[int]) -> None:
        """The target's sequence now is ``tokens``: what was read before, and more."""
        if len(tokens) == self.seen:
            return
        for index in range(self.seen, len(tokens)):
            new = self._decoder.push((tokens[index],))
            self._pending = not new
            if new:
                self._text += new
                self._whole.append((index + 1, len(self._text)))
        self.seen = len(tokens)
        self._reencode()

    def cut(self, tokens: Sequence[int], text: str) -> list[int]:
        """A continuation of what was read as tokens of the target that follow ``tokens``; none where none fit."""
        marks = list(self._whole)
        for back in _WINDOWS:
            at, start = marks[max(0, len(marks) - 1 - back)]
            before = list(tokens[at:])
            ids = self._target.encode_continued(self._text[start:] + text)
            if ids[: len(before)] == before:
                return ids[len(before) :]
        # tokens without a text, such as special ones, do not begin what follows them
        return [] if self._is_broken(tokens) else self._target.encode_continued(text)

    def _is_broken(self, tokens: Sequence[int]) -> bool:
        """Whether the tokens end within a character."""
        return self._pending and bool(self._target.decode(tokens[self._whole[-1][0] :]))

    def _reencode(self) -> None:
        """The tokens of prompt and text; those of a long text's beginning are settled."""
        rest = self._text[self._cut :]
        ids = self._draft.encode_continued(rest) if rest else []
        while len(rest) > 2 * _KEPT:
            at = _gap(rest, len(rest) - _KEPT)
            head = self._draft.encode_continued(rest[:at])
            self._settled += head
            self._cut += at
            rest = rest[at:]
            ids = ids[len(head) :] if ids[: len(head)] == head else self._draft.encode_continued(rest)
        self.ids = [*self._settled, *ids]


def draft_prompt(
    target: Tokenizer, draft: Tokenizer, prompt: Sequence[int], request: GenerateRequest | None, limit: int
) -> list[int]:
    """What a reply follows in the draft model's tokens: in its own template, or else as the target has it."""
    if request is not None and request.raw and request.prompt:
        return draft.encode(request.prompt, add_bos=True)
    if request is None or not (request.raw or draft.info.chat_template):
        return _as_text(target, draft, prompt)

    def encode(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        if request.raw:
            return plain_tokens(draft, messages)
        return chat_tokens(draft, messages, request.thinking, request.tools)

    try:
        fit = fitted_text if request.raw else fitted
        ids = fit(encode, request.messages, limit, request.max_tokens, drop=True).ids
    except InputError:  # a template that refuses this conversation, or knows no tools
        return _as_text(target, draft, prompt)
    if ids is None:
        return _as_text(target, draft, prompt)
    return ids if _continues(request) else ids + _reasoning(target, draft, prompt, ids)


def _as_text(target: Tokenizer, draft: Tokenizer, prompt: Sequence[int]) -> list[int]:
    return draft.encode(target.decode(prompt), add_bos=True)


def _reasoning(target: Tokenizer, draft: Tokenizer, prompt: Sequence[int], ids: Sequence[int]) -> list[int]:
    """What brings the draft into a block of reasoning that the target's prompt has opened, or out of its own."""
    wanted, given = target.ends_in_thought(prompt), draft.ends_in_thought(ids)
    if wanted == given:
        return []
    return draft.encode_continued(f"{target.marks[0]}\n" if wanted else f"\n{draft.marks[1]}\n\n")


def _continues(request: GenerateRequest | None) -> bool:
    """Whether a reply goes on with a text, so that a space at its begin belongs to it."""
    return request is None or request.raw or bool(begun_reply(request.messages)[1]) or request.grammar is not None


def _gap(text: str, most: int) -> int:
    """Where a text is best cut, at ``most`` at the latest: before a space, so that both sides keep their tokens."""
    at = text.rfind(" ", 1, most)
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return at if at > 0 else most
