"""A smaller model with the same vocabulary as draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from helix_app.engine.control.policy import Offer
from helix_app.engine.drafts.base import Proposal
from helix_app.engine.runner import ModelRunner
from helix_app.engine.sampling import distribution, penalise, pick
from helix_app.engine.tokenizer import Tokenizer
from helix_app.errors import CacheExhaustedError, DraftMismatchError
from helix_app.events import SamplingParams

_CHUNK = 512  # prompt tokens a forward pass


def check_vocabulary(target: Tokenizer, draft: Tokenizer) -> None:
    """Compare the vocabularies token by token.

    Raises:
        DraftMismatchError: they differ in size or name a token differently; the first difference is named.
    """
    for i in range(min(target.size, draft.size)):
        if target.token(i) != draft.token(i):
            raise DraftMismatchError(token=i, draft_token=repr(draft.token(i)), target_token=repr(target.token(i)))
    if target.size != draft.size:
        raise DraftMismatchError("draft_vocab_size", draft_size=draft.size, target_size=target.size)


class ModelDraft:
    """Drafts with a model of its own, one token at a time.

    Its cache may lag behind the target's while nothing is drafted; it catches up in one pass when asked again.
    """

    kind = "model"

    def __init__(self, runner: ModelRunner, target_vocab: int) -> None:
        """``target_vocab`` is the width of the target's logits; models of one family pad differently."""
        self.runner, self._vocab = runner, target_vocab
        self._sequence: str | None = None
        self._label = ""
        self._opened = False

    def begin(self, sequence_id: str, label: str) -> None:
        self._sequence, self._label, self._opened = sequence_id, label, False

    def offers(self, tokens: Sequence[int]) -> tuple[Offer, ...]:
        room = self.runner.max_tokens - len(tokens)
        if self._sequence is None or room < 1:
            return ()
        have = self.runner.length(self._sequence) if self._opened else 0
        step = self._cost(1, len(tokens))
        return (Offer("model", room, step, max(0.0, self._cost(len(tokens) - have, len(tokens)) - step)),)

    def propose(
        self, tokens: Sequence[int], k: int, params: SamplingParams, uniform: Callable[[], float], source: str = ""
    ) -> Proposal:
        name = self._sequence
        if k <= 0 or name is None or len(tokens) + k > self.runner.max_tokens:
            return Proposal()
        if not self._opened:
            self.runner.open(name, tokens, self._label)
            self._opened = True
        ids: list[int] = []
        rows: list[torch.Tensor] = []
        try:
            logits = self._catch_up(name, tokens)
            seen = torch.tensor(sorted(set(tokens)), dtype=torch.int64) if params.repetition_penalty != 1.0 else None
            while True:
                if seen is not None:
                    extra = torch.tensor(ids, dtype=torch.int64)
                    logits = penalise(logits, params.repetition_penalty, torch.cat((seen, extra)), ())
                rows.append(distribution(logits, params))
                ids.append(self._pick(rows[-1][0], params, uniform))
                if len(ids) == k:
                    break
                logits = self._fit(self.runner.forward(name, ids[-1:], 1))
        except CacheExhaustedError:
            pass  # a draft may always stop before its next token is drawn
        return Proposal(tuple(ids), torch.cat(rows)) if ids else Proposal()

    def settle(self, tokens: Sequence[int]) -> None:
        if self._opened and self._sequence is not None:
            # slots before the last token agree with it: they were verified, or drafted and accepted
            self.runner.commit(self._sequence, tokens[: min(self.runner.length(self._sequence), len(tokens) - 1)])

    def end(self) -> None:
        if self._sequence is not None:
            self.runner.close(self._sequence)
        self._sequence, self._opened = None, False

    def _cost(self, rows: int, context: int) -> float:
        return self.runner.costs.expect(rows, context) or 0.0

    def _catch_up(self, name: str, tokens: Sequence[int]) -> torch.Tensor:
        # a target padded to more tokens may write one this model has no embedding for; any other stands in
        known = self.runner.decoder.config.vocab_size
        missing = [token if token < known else 0 for token in tokens[self.runner.length(name) :]]
        for begin in range(0, len(missing), _CHUNK):
            logits = self.runner.forward(name, missing[begin : begin + _CHUNK], 1)
            self.runner.pool.commit(name, tokens[: self.runner.length(name)])
        return self._fit(logits)

    def _fit(self, logits: torch.Tensor) -> torch.Tensor:
        """As many columns as the target has: surplus ones cut, missing ones impossible."""
        width = logits.shape[-1]
        if width >= self._vocab:
            return logits[:, : self._vocab]
        return torch.nn.functional.pad(logits, (0, self._vocab - width), value=float("-inf"))

    @staticmethod
    def _pick(row: torch.Tensor, params: SamplingParams, uniform: Callable[[], float]) -> int:
        return int(row.argmax()) if params.temperature == 0 else pick(row, uniform())
