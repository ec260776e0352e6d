"""A draft model with another tokenizer: what it writes goes through text into the target's tokens.

Its tokens say nothing of the target's, so it drafts by its likeliest token, and what comes of its text is proposed as
certain, as n-gram drafts are: the reply is distributed as the target alone would have it. It keeps a sequence of its
own, in its own tokens. The end of a text may be cut otherwise once more of it is there; its cache then goes back to
where the old and the new tokens part, and never further than the tokens that stay.

Assisted generation across tokenizers: Timor et al., "Accelerating LLM Inference with Lossless Speculative Decoding
Algorithms for Heterogeneous Vocabularies" (arXiv 2502.05202), string-level exact match.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.model import CHUNK, ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.drafts.rereading import Rereading
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.sampling.filters import check_logits, likeliest
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer

_MORE_STEPS = 4  # of the draft beyond one a token: its tokens may be shorter than the target's


@dataclass(frozen=True)
class Languages:
    """The tokenizers of a target and of its draft model.

    Attributes:
        ends: tokens of the draft model that end what it writes.
    """

    target: Tokenizer
    draft: Tokenizer
    ends: Collection[int]

    def end(self, token: int) -> bool:
        """Whether a token of the draft model is no text: the end, padding, or a special one that marks no reasoning."""
        if token in self.ends or token >= self.draft.size:
            return True
        return token in self.draft.special_ids and not self.draft.decode((token,))


class ReencodedDraft(ModelDraft):
    """Drafts one token at a time, in tokens of its own."""

    kind = "reencoded"
    source = "reencoded"

    def __init__(self, runner: ModelRunner, target_vocab: int, languages: Languages) -> None:
        super().__init__(runner, target_vocab)
        self.languages = languages
        self._rereading: Rereading | None = None
        self._in_cache: list[int] = []  # its own tokens that its cache holds
        self._caught_up = False  # its cache holds a beginning of what it was last given

    def fresh(self, repeatable: bool = False) -> ReencodedDraft:
        return ReencodedDraft(self.runner, self._vocab, self.languages)

    def begin(self, sequence_id: str) -> None:
        super().begin(sequence_id)
        self._rereading, self._in_cache, self._caught_up = None, [], False

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        seen, own = 0, 0
        if self._rereading is not None:
            seen, own = self._rereading.seen, len(self._rereading.ids)
        late = len(tokens) - seen
        room = self.runner.max_tokens - own - late
        if self.sequence is None or room < 1:
            return ()
        step = self._cost(1, own + late)
        return (DraftOption(self.source, room, step, max(0.0, self._cost(late, own + late) - step)),)

    def ask(self, request: DraftRequest, text: NgramDraft | None = None) -> TextAsk:
        return TextAsk(self, request, text)

    def reread(self, request: DraftRequest) -> Rereading:
        """The sequence as its model reads it."""
        if self._rereading is None:
            prompt, limit = request.tokens[: request.begin], self.runner.max_tokens
            self._rereading = Rereading(self.languages.target, self.languages.draft, prompt, request.asked, limit)
        self._rereading.read(request.tokens)
        return self._rereading

    def catch_up(self, tokens: Sequence[int]) -> list[int]:
        """As ``ModelDraft.catch_up``, of its own tokens: first cut what is written otherwise now."""
        name, stable = self.sequence, self._stable
        assert name is not None
        if not self._opened:
            # nothing after the stable ones may be taken for verified: it could not be cut any more
            have = self.runner.open(name, tokens[: stable + 1], self.apart)
            self._in_cache, self._opened = list(tokens[:have]), True
        same = _shared(self._in_cache, tokens, len(tokens) - 1)
        self.runner.pool.truncate(name, same)
        self._in_cache, self._caught_up = list(tokens[:same]), True
        rest = list(tokens[same:])
        while len(rest) > CHUNK:
            check_logits(self.runner.forward(name, rest[:CHUNK], 1))
            self._in_cache += rest[:CHUNK]
            self.runner.pool.commit(name, tokens[: min(len(self._in_cache), stable)])
            rest = rest[CHUNK:]
        return rest

    def confirm(self, tokens: Sequence[int]) -> None:
        verified = min(self._stable, len(tokens) - 1)  # the last may run again
        self.runner.pool.commit(self.sequence or "", tokens[:verified])

    def note(self, tokens: Sequence[int]) -> None:
        """These are its own tokens, of which its cache holds those that ran."""
        if self._caught_up and self.sequence is not None:
            self._in_cache = list(tokens[: self.runner.length(self.sequence)])
        self._caught_up = False

    def fit(self, logits: torch.Tensor) -> torch.Tensor:
        return logits  # of tokens of its own

    def settle(self, tokens: Sequence[int]) -> None:
        pass  # what the target's tokens read like is looked at when it is next asked

    @property
    def _stable(self) -> int:
        return 0 if self._rereading is None else self._rereading.stable


@dataclass
class TextAsk(Ask):
    """What one sequence wants of a draft model that writes in tokens of its own.

    Attributes:
        draft: whose model is asked.
        drawn: tokens of the draft model.
        ids: the target's tokens that their text gives.
    """

    on_host: ClassVar[bool] = True
    draft: ReencodedDraft
    drawn: list[int] = field(default_factory=list)
    _given: list[int] | None = None
    _written: str = ""
    _decoder: StreamDecoder | None = None

    @property
    def own_tokens(self) -> list[int]:
        return self.drawn

    @property
    def given(self) -> Sequence[int]:
        if self._given is None:
            self._given = self.draft.reread(self.request).ids
        return self._given

    def draw(self, logits: torch.Tensor) -> None:
        """Take the likeliest token of logits ``[1, draft's vocab]``; one that is no text ends the proposal."""
        languages = self.draft.languages
        token = int(likeliest(logits))
        if languages.end(token):
            self.ended = True
            return
        if self._decoder is None:
            self._decoder = StreamDecoder(languages.draft, self.given)
        self.drawn.append(token)
        new = self._decoder.push((token,))
        if new:
            self._written += new
            self.ids = self.draft.reread(self.request).cut(self.request.tokens, self._written)

    @property
    def done(self) -> bool:
        k, room = self.request.k, self.draft.runner.max_tokens - len(self.given) + 1  # the last one drawn never runs
        return self.ended or len(self.ids) >= k or len(self.drawn) >= min(2 * k + _MORE_STEPS, room)

    def finish(self) -> None:
        if self._given is not None:
            self.draft.note([*self._given, *self.drawn])

    def proposal(self) -> Proposal:
        """The target's tokens as certain ones, and what the text has after them."""
        request = self.request
        ids, own, then = self.ids[: request.k], None, ""
        room = (request.max_tokens or request.k) - len(ids)
        if self.text is not None and ids and room > 0:
            length, more = self.text.goes_on(request.tokens, ids, room)
            if length and more:
                own, then, ids = len(ids), f"ngram:{length}", [*ids, *more]
        if request.grammar is not None:
            ids = ids[: request.grammar.allowed(ids)]
            if own is not None and len(ids) <= own:
                own, then = None, ""
        return Proposal(tuple(ids), None, own, then)


def _shared(a: Sequence[int], b: Sequence[int], most: int) -> int:
    """Length of the common beginning, at most ``most``."""
    most = min(most, len(a), len(b))
    if list(a[:most]) == list(b[:most]):
        return most
    return next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)
