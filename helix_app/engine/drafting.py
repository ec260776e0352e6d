"""Proposals of one pass: every reply's own draft, and one batch for all that ask the same draft model."""

from __future__ import annotations

import time
from collections.abc import Sequence

from helix_app.engine.control.policy import K_MAX
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import Ask, ModelDraft, propose_together
from helix_app.engine.reply import Round


def propose_all(plans: Sequence[Round]) -> None:
    """Draft what the plans say. Mutates: their proposals and draft seconds."""
    asking: list[tuple[Round, ModelDraft]] = []
    for plan in plans:
        model = _model_of(plan)
        if model is not None:
            asking.append((plan, model))
        elif plan.choice.k > 0:
            begin = time.perf_counter()
            plan.reply.propose(plan)
            plan.draft_seconds += time.perf_counter() - begin
    if not asking:
        return
    begin = time.perf_counter()
    proposals = propose_together([_ask(plan, model) for plan, model in asking])
    seconds = (time.perf_counter() - begin) / len(asking)
    for (plan, _), proposal in zip(asking, proposals):
        plan.proposal = proposal
        plan.draft_seconds += seconds


def _model_of(plan: Round) -> ModelDraft | None:
    """The draft model that this plan asks, None for a draft without one."""
    draft = plan.reply.draft
    if isinstance(draft, MixedDraft):
        draft = draft.asked(plan.choice.source)
    return draft if plan.choice.k > 0 and isinstance(draft, ModelDraft) else None


def _ask(plan: Round, model: ModelDraft) -> Ask:
    reply, k = plan.reply, plan.choice.k
    text = reply.draft.ngram if isinstance(reply.draft, MixedDraft) else None
    most = k if plan.choice.reason == "fixed" else max(k, min(K_MAX, reply.room))
    return Ask(model, reply.tokens, k, reply.request.sampling, reply.uniform, reply.draft_seed, text, most)
