"""What a draft is to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner


class Draft(Protocol):
    """Proposes tokens. One draft serves one sequence at a time."""

    kind: str

    @property
    def runner(self) -> ModelRunner | None:
        """Of the model that it asks; None for a draft without one."""
        ...

    def fresh(self, repeatable: bool = False) -> Draft:
        """One of the same kind for another sequence; models and caches are shared.

        A ``repeatable`` one proposes nothing that depends on what was learnt from earlier replies.
        """
        ...

    def begin(self, sequence_id: str) -> None:
        """A new sequence starts."""
        ...

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        """What it could propose after ``tokens``, the source it trusts most first; nothing is drawn yet."""
        ...

    def propose(self, request: DraftRequest) -> Proposal:
        """Up to ``request.k`` tokens, from a source it offered; fewer or none where it cannot."""
        ...

    def ask(self, request: DraftRequest) -> Ask | None:
        """``propose`` as a question to its model, for many replies at once; None where no model is asked."""
        ...

    def set_apart(self) -> None:
        """Take nothing from the prefix cache of a draft model, and leave nothing there."""
        ...

    def without_model(self) -> Draft:
        """What is left of it where its model fails; itself where it asks none."""
        ...

    def follow(self, target: ModelRunner) -> None:
        """The target has another pool and cache; whoever lives on them moves along."""
        ...

    def settle(self, tokens: Sequence[int]) -> None:
        """Verification is done and the sequence now is ``tokens``: forget what was rejected."""
        ...

    def end(self) -> None:
        """The sequence is over."""
        ...
