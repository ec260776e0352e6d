"""What a reply's grammar allows: a mask over the vocabulary before each token, and tokens that are forced.

The mask of a row holds the tokens that the grammar allows after those before it. Where the grammar forces the next
bytes, it holds only the token that the tokenizer itself would write them with, so that the reply is cut into tokens as
the texts were that the model learnt from. Either way it is a function of the tokens before, so the masked distribution
is the same whatever is drafted. Target and draft are masked alike, before temperature and filters. A draft that is
drawn on the device is not: verification corrects for that as for any other difference of the two.

A token is forced where its mask holds no other. Drafting it costs nothing, and it is always accepted.

Where the model reasons first, the grammar begins after that: inside reasoning all tokens are allowed but those that end
the reply. A model that may reason can open its reasoning with its first token, if the mark is a single token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from helix_app.base.errors import InputError

if TYPE_CHECKING:
    from llguidance import LLMatcher


@dataclass(frozen=True)
class Tokens:
    """What a grammar must know of the vocabulary.

    Attributes:
        texts: bytes of each token.
        eos: tokens that end a reply.
        width: of the target's logits; more than there are tokens where they are padded.
    """

    texts: Sequence[bytes]
    eos: frozenset[int]
    width: int


@dataclass(frozen=True)
class Thought:
    """How far a model's reasoning is; a value that tokens lead on from.

    Attributes:
        state: ``may``: the next token may open it; ``inside``: until its closing mark was said; ``over``.
        open_token: that opens it.
        close: bytes of the mark that closes it.
        tail: the last bytes said inside it.
    """

    state: Literal["may", "inside", "over"] = "over"
    open_token: int = -1
    close: bytes = b""
    tail: bytes = b""

    def after(self, token: int, text: bytes) -> Thought:
        """One token later."""
        if self.state == "inside":
            tail = (self.tail + text)[-len(self.close) - len(text) :]
            state: Literal["inside", "over"] = "over" if self.close in tail else "inside"
            return Thought(state, self.open_token, self.close, tail[-len(self.close) :])
        opens = self.state == "may" and token == self.open_token
        return Thought("inside" if opens else "over", self.open_token, self.close)


class GrammarMask:
    """The grammar of one reply, as far as the reply is.

    Every question about tokens that are only drafted leaves it as it was.
    """

    def __init__(self, matcher: LLMatcher, tokens: Tokens, thought: Thought = Thought()) -> None:
        self._matcher, self._tokens, self._thought = matcher, tokens, thought
        self._first: torch.Tensor | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing but the end may follow."""
        return self._thought.state == "over" and self._matcher.is_stopped() and not self._matcher.is_error()

    def consume(self, token: int) -> bool:
        """One more token of the reply; False where the grammar does not allow it.

        Raises:
            InputError: the grammar turned out too complex.
        """
        self._first = None
        thought = self._thought
        self._thought = thought.after(token, self._text(token))
        if thought.state == "inside" or self._thought.state == "inside":
            return True
        return self._matcher.try_consume_tokens([token]) == 1

    def rows(self, draft_ids: Sequence[int]) -> torch.Tensor:
        """Masks ``[k + 1, width]`` of the rows after 0 to k drafted tokens.

        Rows after a token that is not allowed hold all tokens: that token is certainly rejected.
        """
        with self._along(draft_ids) as masks:
            found = list(masks)
        rest = len(draft_ids) + 1 - len(found)
        return torch.cat((torch.stack(found), torch.ones(rest, self._tokens.width, dtype=torch.bool)))

    def after(self, draft_ids: Sequence[int]) -> torch.Tensor | None:
        """The mask ``[width]`` after drafted tokens; None where one of them is not allowed or ends the reply."""
        with self._along(draft_ids) as masks:
            found = list(masks)
        return found[-1] if len(found) > len(draft_ids) else None

    def allowed(self, draft_ids: Sequence[int]) -> int:
        """How many of these tokens are allowed before the first that is not."""
        with self._along(draft_ids) as masks:
            found = list(masks)
        last = len(found) - 1
        return last + (last < len(draft_ids) and bool(found[last][draft_ids[last]]))

    def forced(self, most: int) -> tuple[int, ...]:
        """The tokens that must come next, ``most`` at most."""
        found: list[int] = []
        with self._undone() as consumed:
            while len(found) < most and self._thought.state == "over" and not self._matcher.is_stopped():
                next_ids = self._matcher.compute_ff_tokens()
                if not next_ids or self._matcher.try_consume_tokens(next_ids[:1]) != 1:
                    break
                consumed.append(next_ids[0])
                found.append(next_ids[0])
        self._check()
        return tuple(found)

    # ----------------------------------------------------------------- details

    @contextmanager
    def _undone(self) -> Iterator[list[int]]:
        """What is consumed in it, and put into the list, is taken back."""
        consumed: list[int] = []
        try:
            yield consumed
        finally:
            if consumed and not self._matcher.is_error():
                self._matcher.rollback(len(consumed))

    @contextmanager
    def _along(self, draft_ids: Sequence[int]) -> Iterator[Iterator[torch.Tensor]]:
        """Masks before each drafted token and after the last, up to one that is not allowed or ends the reply."""
        with self._undone() as consumed:
            yield self._walk(draft_ids, consumed)

    def _walk(self, draft_ids: Sequence[int], consumed: list[int]) -> Iterator[torch.Tensor]:
        thought = self._thought
        if self._first is None:
            self._first = self._row(thought)
        row = self._first
        for token in draft_ids:
            yield row
            if not bool(row[token]) or token in self._tokens.eos:
                return
            before, thought = thought, thought.after(token, self._text(token))
            if before.state != "inside" and thought.state != "inside":
                if self._matcher.try_consume_tokens([token]) != 1:
                    self._check()
                    return
                consumed.append(token)
            row = self._row(thought)
        yield row

    def _row(self, thought: Thought) -> torch.Tensor:
        row = torch.zeros(self._tokens.width, dtype=torch.bool)
        eos = sorted(self._tokens.eos)
        if thought.state == "inside":
            row[: len(self._tokens.texts)] = True
            row[eos] = False
            return row
        if self._matcher.is_stopped() and not self._matcher.is_error():
            row[eos] = True
            return row
        forced = self._matcher.compute_ff_tokens()
        if forced:
            row[forced[0]] = True
        else:
            bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
            allowed = np.unpackbits(bits, bitorder="little")[: len(self._tokens.texts)]
            row[: len(allowed)] = torch.from_numpy(allowed.astype(bool))
            if bool(row[eos].any()):
                row[eos] = True
        if thought.state == "may":
            row[thought.open_token] = True
        self._check()
        return row

    def _check(self) -> None:
        if self._matcher.is_error():
            raise InputError("grammar_failed", reason=" ".join(self._matcher.get_error().split())[:300])

    def _text(self, token: int) -> bytes:
        return self._tokens.texts[token] if token < len(self._tokens.texts) else b""


def masked(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Logits ``[rows, vocab]`` with minus infinity where a token is not allowed."""
    return logits.masked_fill(~allowed.to(logits.device), float("-inf"))
