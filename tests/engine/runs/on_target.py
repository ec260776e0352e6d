"""Runners and sessions of a tiny target and of what drafts for it on its own cache: its layer, or a head."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Union

from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.models.base import HiddenDecoder
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.events import RoundDone
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.tiny import EOS_ID
from tests.engine.runs.crowds import Models, check_empty
from tests.engine.runs.paged import paged

Runners = tuple[ModelRunner, ModelRunner]


def over_one_pool(
    target: HiddenDecoder,
    layer: Union[NextTokenLayer, EagleHead],
    config: ModelConfig,
    blocks: int,
    order: Sequence[int] | None = None,
    size: int = 16,
) -> Runners:
    """Runners of a target and of its layer or head; ``config`` says what their cache holds."""
    runner = paged(target, blocks, size, order, config)
    draft = ModelRunner(layer, runner.pool, runner.cache)
    draft.hidden = DraftStates(TargetStates(runner, layer))
    return runner, draft


class OnTarget(Models):
    """A target, and a layer or a head for it; loaded once.

    Attributes:
        kind: of the draft, as a session is asked for it.
        layer: the layer or head.
    """

    kind: str
    layer: Union[NextTokenLayer, EagleHead]

    def runners(self, blocks: int, order: Sequence[int] | None, size: int) -> Runners:
        """Of the target, and of the layer or head."""
        raise NotImplementedError

    def drafter(self, layer: ModelRunner) -> Draft:
        """A draft by the layer or head."""
        raise NotImplementedError

    def session(
        self,
        draft: str = "none",
        blocks: int = 128,
        order: Sequence[int] | None = None,
        draft_blocks: int = 128,
        size: int = 16,
    ) -> Session:
        """A fresh session that drafts by ``none``, ``ngram``, ``kind`` or ``mixed-`` and that."""
        runner, layer = self.runners(blocks, order, size)
        own = self.drafter(layer)
        if self.kind not in draft:
            runner.hidden = None
        kinds: dict[str, Draft | None] = {"none": None, "ngram": NgramDraft(), self.kind: own}
        kinds[f"mixed-{self.kind}"] = MixedDraft(NgramDraft(), own)
        return Session(runner, self.tokenizer, kinds[draft], frozenset({EOS_ID}))


def rounds(session: Session, request: GenerateRequest) -> list[RoundDone]:
    """The rounds of a reply by itself."""
    events = list(write_reply(session, request, threading.Event()))
    check_empty(session)
    return [event for event in events if isinstance(event, RoundDone)]


def proposals(found: Sequence[RoundDone]) -> list[tuple[int, ...]]:
    """The tokens that each round proposed."""
    return [tuple(token.token_id for token in each.proposed) for each in found]
