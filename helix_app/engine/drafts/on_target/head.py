"""A draft head made for its target (EAGLE-3): one layer a token, on the target's own cache.

It drafts as a layer of the target's own does (``next_token.py``). Its logits are of a part of the vocabulary; tokens
outside have the probability 0, so that verification stays exact: min(1, p/q), and p itself is left of them.
"""

from __future__ import annotations

import torch

from helix_app.engine.drafts.on_target.next_token import NextTokenDraft
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.runner import ModelRunner


class HeadDraft(NextTokenDraft):
    """Drafts one token at a time. ``runner`` joins the head with the target's own pool and cache."""

    kind = "head"
    source = "head"

    def __init__(self, runner: ModelRunner, target_vocab: int) -> None:
        super().__init__(runner, target_vocab)
        assert isinstance(runner.decoder, EagleHead)
        self._tokens, self._on_host = runner.decoder.tokens, runner.decoder.tokens_on_host

    def fresh(self, repeatable: bool = False) -> HeadDraft:
        return HeadDraft(self.runner, self._vocab)

    def fit(self, logits: torch.Tensor) -> torch.Tensor:
        """As many columns as the target has; -inf for tokens that the head cannot draft."""
        if self._tokens is None or self._on_host is None:
            return super().fit(logits)
        tokens = self._on_host if logits.device.type == "cpu" else self._tokens
        wide = logits.new_full((logits.shape[0], self._vocab), float("-inf"))
        return wide.index_copy_(1, tokens, logits)
