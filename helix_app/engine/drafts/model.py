"""A smaller model with the same vocabulary as draft."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import torch

from helix_app.base.errors import CacheExhaustedError, NumericsError
from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ask import Ask, begun
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_device import draw_together
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.sampling.filters import check_logits

CHUNK = 512  # prompt tokens a forward pass


class ModelDraft:
    """Drafts with a model of its own, one token at a time.

    Its cache may lag behind the target's while nothing is drafted; it catches up in one pass when asked again.

    Attributes:
        sequence: id of the sequence it serves.
        apart: its own sequence takes nothing from the prefix cache of the draft model, and leaves nothing there.
    """

    kind = "model"
    source = "model"  # what its offers are remembered under

    def __init__(self, runner: ModelRunner, target_vocab: int) -> None:
        """``target_vocab`` is the width of the target's logits; models of one family pad differently."""
        self.runner, self._vocab = runner, target_vocab
        self.sequence: str | None = None
        self.apart = False
        self._opened = False

    def begin(self, sequence_id: str) -> None:
        self.sequence, self._opened = sequence_id, False

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        room = self.runner.max_tokens - len(tokens)
        if self.sequence is None or room < 1:
            return ()
        have = self.runner.length(self.sequence) if self._opened else 0
        step = self._cost(1, len(tokens))
        return (DraftOption(self.source, room, step, max(0.0, self._cost(len(tokens) - have, len(tokens)) - step)),)

    def fresh(self, repeatable: bool = False) -> ModelDraft:
        return ModelDraft(self.runner, self._vocab)

    def ask(self, request: DraftRequest, text: NgramDraft | None = None) -> Ask:
        """``text`` goes on with the proposal as soon as it can."""
        return Ask(self, request, text)

    def set_apart(self) -> None:
        self.apart = True

    def without_model(self) -> NgramDraft:
        return NgramDraft()

    def follow(self, target: ModelRunner) -> None:
        pass  # it has a pool and a cache of its own

    def propose(self, request: DraftRequest) -> Proposal:
        return propose_together((self.ask(request),))[0]

    def settle(self, tokens: Sequence[int]) -> None:
        if self._opened and self.sequence is not None:
            # slots before the last token agree with it: they were verified, or drafted and accepted
            self.runner.commit(self.sequence, tokens[: min(self.runner.length(self.sequence), len(tokens) - 1)])

    def end(self) -> None:
        if self.sequence is not None:
            self.runner.close(self.sequence)
        self.sequence, self._opened = None, False

    def give_up(self) -> None:
        """Its numbers are none: keep nothing of this sequence and draft nothing more for it."""
        if self.sequence is not None:
            self.runner.discard(self.sequence)
        self.sequence, self._opened = None, False

    def _cost(self, rows: int, context: int) -> float:
        return self.runner.costs.expect(rows, context) or 0.0

    def catch_up(self, tokens: Sequence[int]) -> list[int]:
        """Open the sequence if need be and run all but the last rows it has not seen; returns those.

        Raises:
            CacheExhaustedError: its pool is full.
            NumericsError: the logits are not numbers.
        """
        name = self.sequence
        assert name is not None
        if not self._opened:
            self.runner.open(name, tokens, self.apart)
            self._opened = True
        # a target padded to more tokens may write one this model has no embedding for; any other stands in
        known = self.runner.decoder.config.vocab_size
        ids = [token if token < known else 0 for token in tokens[self.runner.length(name) :]]
        while len(ids) > CHUNK:
            pool = self.runner.pool  # a window, and a state, moves on with what is verified
            if self.runner.is_synchronous or any(pool.windows) or pool.states.slots:
                check_logits(self.runner.forward(name, ids[:CHUNK], 1))
                self.runner.pool.commit(name, tokens[: self.runner.length(name)])
            else:  # numbers that are none show in the rows that attend to these, before ``confirm``
                self.runner.launch((Rows(name, ids[:CHUNK], 1),))
            ids = ids[CHUNK:]
        return ids

    def confirm(self, tokens: Sequence[int]) -> None:
        """The pass that ran the last of ``tokens`` gave numbers: its cache holds them all."""
        self.runner.pool.commit(self.sequence or "", tokens)

    def drawn(self, tokens: Sequence[int]) -> None:
        """Drafting after ``tokens`` is over for this round."""

    def fit(self, logits: torch.Tensor) -> torch.Tensor:
        """As many columns as the target has: surplus ones cut, missing ones impossible."""
        width = logits.shape[-1]
        if width >= self._vocab:
            return logits[:, : self._vocab]
        return torch.nn.functional.pad(logits, (0, self._vocab - width), value=float("-inf"))


def propose_together(asks: Sequence[Ask]) -> list[Proposal]:
    """``ModelDraft.propose`` for several sequences of one model, their steps batched.

    A sequence whose draft cache is full stops early, and so does one whose logits are not numbers: a draft may always
    stop before its next token is drawn. On a device that the host need not wait for, the proposals are pending.
    """
    if asks and not (asks[0].draft.runner.is_synchronous or asks[0].on_host):
        return draw_together(asks)
    active = begun(asks)
    first = True
    while active:
        runner = active[0][0].draft.runner
        batch = [Rows(ask.draft.sequence or "", ids, 1) for ask, ids in active]
        for (ask, _), logits in zip(active, runner.forward_many(batch, reserved=True)):
            try:
                check_logits(logits)
            except NumericsError:
                ask.draft.give_up()
                continue
            if first:
                ask.draft.confirm(ask.given)
            ask.draw(ask.draft.fit(logits))
        first = False
        going = [ask for ask, _ in active if ask.draft.sequence is not None and not ask.done]
        active = []
        for ask in going:
            with suppress(CacheExhaustedError):
                runner.reserve(ask.draft.sequence or "", len(ask.given) + len(ask.own_tokens))
                active.append((ask, ask.own_tokens[-1:]))
    for ask in asks:
        ask.finish()
    return [ask.proposal() for ask in asks]
