"""What a sequence wants of a draft that is a model, and what came of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch

from helix_app.base.errors import CacheExhaustedError, NumericsError
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.sampling.coupled import coupled_draw
from helix_app.engine.sampling.filters import distribution, likeliest, one_hot, pick
from helix_app.engine.sampling.grammar import masked
from helix_app.engine.sampling.penalties import adjusted, adjusts


class Drafter(Protocol):
    """A draft that is a model with a sequence of its own (``model.ModelDraft``, ``self_draft.SelfDraft``).

    Attributes:
        runner: of the model.
        sequence: id of the sequence it serves, None for none.
    """

    runner: ModelRunner
    sequence: str | None

    def catch_up(self, tokens: Sequence[int]) -> list[int]:
        """Run all but the last rows that its cache lacks; returns those."""
        ...

    def confirm(self, tokens: Sequence[int]) -> None:
        """The pass that ran the last of ``tokens`` gave numbers."""
        ...

    def drawn(self, tokens: Sequence[int]) -> None:
        """Drafting after ``tokens`` is over for this round."""
        ...

    def fit(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits ``[rows, vocab]`` as wide as the target's."""
        ...

    def give_up(self) -> None:
        """Draft nothing more for this sequence."""
        ...


@dataclass
class Ask:
    """What one sequence wants of its draft model, and what came of it so far.

    Attributes:
        text: goes on with the proposal as soon as it ends in a long match, at no cost.
        ended: the grammar leaves nothing more to draft.
    """

    draft: Drafter
    request: DraftRequest
    text: NgramDraft | None = None
    then: str = ""
    own: int | None = None
    ids: list[int] = field(default_factory=list)
    rows: list[torch.Tensor] = field(default_factory=list)
    ended: bool = False

    on_host: ClassVar[bool] = False  # what is drawn is looked at before more is

    @property
    def given(self) -> Sequence[int]:
        """The tokens that the draft's model goes on with."""
        return self.request.tokens

    @property
    def own_tokens(self) -> list[int]:
        """What its model drew so far, in the tokens of that model."""
        return self.ids

    def finish(self) -> None:
        """Drafting is over for this round."""
        self.draft.drawn(self.request.tokens)

    def draw(self, logits: torch.Tensor) -> None:
        """Draw the next token from logits ``[1, vocab]``; none where the grammar leaves no token to the draft."""
        request, params = self.request, self.request.params
        if adjusts(params):
            logits = adjusted(logits, params, (*request.tokens, *self.ids), request.begin)
        if request.grammar is not None:
            allowed = request.grammar.after(self.ids)
            if allowed is None or not bool(torch.isfinite(logits[0, allowed]).any()):
                self.ended = True
                return
            logits = masked(logits, allowed)
        if params.temperature == 0:
            best = likeliest(logits)
            self.rows.append(one_hot(best, logits))
            token = int(best)
        else:
            self.rows.append(distribution(logits, params))
            row = self.rows[-1][0]
            at = len(request.tokens) + len(self.ids)
            token = pick(row, request.uniform()) if request.seed is None else coupled_draw(row, request.seed, at)
        self.ids.append(token)
        room = (request.max_tokens or request.k) - len(self.ids)
        if self.text is not None and room > 0:
            length, more = self.text.goes_on(request.tokens, self.ids, room)
            if length and request.grammar is not None:
                more = more[: request.grammar.allowed([*self.ids, *more]) - len(self.ids)]
            if length and more:
                self.own, self.then = len(self.ids), f"ngram:{length}"
                self.rows.append(one_hot(torch.tensor(more), logits.expand(len(more), -1)))
                self.ids += more

    @property
    def done(self) -> bool:
        """Whether nothing more is to be drawn."""
        return self.ended or self.own is not None or len(self.ids) >= self.request.k

    def proposal(self) -> Proposal:
        """The tokens drawn."""
        return Proposal(tuple(self.ids), torch.cat(self.rows), self.own, self.then) if self.ids else Proposal()


def begun(asks: Sequence[Ask]) -> list[tuple[Ask, list[int]]]:
    """Those of whom something can be drafted, each with the rows that its model has to run first, slots reserved.

    Left out are those whose draft cache is full, and those whose logits are not numbers: they are given up.
    """
    active: list[tuple[Ask, list[int]]] = []
    for ask in asks:
        draft, k = ask.draft, ask.request.k
        if k <= 0 or draft.sequence is None:
            continue
        tokens = ask.given
        if not tokens or len(tokens) + k > draft.runner.max_tokens:
            continue
        try:
            ids = draft.catch_up(tokens)
            draft.runner.reserve(draft.sequence, len(tokens))
            active.append((ask, ids))
        except CacheExhaustedError:
            pass
        except NumericsError:
            draft.give_up()
    return active
