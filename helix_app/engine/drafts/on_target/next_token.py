"""The target's own layer for it as draft (multi-token prediction): one layer a token, on the target's own cache.

The target's passes write its keys and values with theirs (``models/drafting/next_token.py``), so it never has to
catch up. Its first step takes the hidden state of the target's latest row, each later one the state that its own step
before gave.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.models.drafting.hidden_states import DraftStates
from helix_app.engine.models.runner import ModelRunner


class NextTokenDraft(SelfDraft):
    """Drafts one token at a time. ``runner`` joins the layer with the target's own pool and cache."""

    kind = "mtp"
    source = "mtp"

    def __init__(self, runner: ModelRunner, target_vocab: int) -> None:
        super().__init__(runner, target_vocab)
        self._drawing = False

    def fresh(self, repeatable: bool = False) -> NextTokenDraft:
        return NextTokenDraft(self.runner, self._vocab)

    def without_model(self) -> NgramDraft:
        hidden = self.runner.hidden
        if isinstance(hidden, DraftStates):
            hidden.target.stop()
        return super().without_model()

    def catch_up(self, tokens: Sequence[int]) -> list[int]:
        self._drawing = True
        return super().catch_up(tokens)

    def drawn(self, tokens: Sequence[int]) -> None:
        super().drawn(tokens)
        self._over()

    def end(self) -> None:
        self._over()
        super().end()

    def give_up(self) -> None:
        """Its numbers are none: draft nothing more for this sequence. Only it reads what it wrote, and the target's
        pass writes there again."""
        if self.sequence is not None and self._drawing:  # later on, the slots behind are those of the target's pass
            self.runner.pool.truncate(self.sequence, self.runner.pool.tables()[self.sequence].verified)
        self._over()
        self.sequence = None

    def _over(self) -> None:
        if self.sequence is not None and self.runner.hidden is not None:
            self.runner.hidden.forget(self.sequence)
        self._drawing = False
