"""Two drafts in one: what the text itself suggests costs nothing, a draft model knows more.

Both are offered in every round; the policy takes the one that promises more tokens per second. Where the model's tokens
lead into a passage that the text knows, the text goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.model import ModelDraft, propose_together
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner


class MixedDraft:
    """An n-gram draft and a draft model side by side.

    Attributes:
        ngram, model: the two.
    """

    kind = "mixed"

    def __init__(self, ngram: NgramDraft, model: ModelDraft) -> None:
        self.ngram, self.model = ngram, model

    @property
    def runner(self) -> ModelRunner:
        return self.model.runner

    def fresh(self, repeatable: bool = False) -> MixedDraft:
        return MixedDraft(self.ngram.fresh(repeatable), self.model.fresh(repeatable))

    def begin(self, sequence_id: str) -> None:
        self.ngram.begin(sequence_id)
        self.model.begin(sequence_id)

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        context, model, table = self.ngram.context_offers, self.model.offers, self.ngram.table_offers
        return (*context(tokens), *model(tokens), *table(tokens))

    def ask(self, request: DraftRequest) -> Ask | None:
        if self.asked(request.source) is self.ngram:
            return None
        return self.model.ask(request, self.ngram)

    def set_apart(self) -> None:
        self.model.set_apart()

    def without_model(self) -> NgramDraft:
        self.model.without_model()
        return self.ngram

    def follow(self, target: ModelRunner) -> None:
        self.model.follow(target)

    def propose(self, request: DraftRequest) -> Proposal:
        ask = self.ask(request)
        return self.ngram.propose(request) if ask is None else propose_together((ask,))[0]

    def asked(self, source: str) -> NgramDraft | ModelDraft:
        """Which of the two offers this source."""
        return self.model if source == self.model.source else self.ngram

    def settle(self, tokens: Sequence[int]) -> None:
        self.model.settle(tokens)

    def end(self) -> None:
        self.ngram.end()
        self.model.end()
