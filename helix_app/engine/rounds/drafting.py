"""Proposals of one pass: every reply's own draft, and one batch for all that ask the same draft model."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.model import propose_together
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.rounds.replies.reply import Round

_DRAFT_SHARE = 0.9  # of a round's time that a draft on the device is taken to have at most


class DraftFault(RuntimeError):
    """Drafting failed on the device; its cause is the library's own error. The target may still be able to go on."""


def propose_all(plans: Sequence[Round]) -> None:
    """Draft what the plans say. Mutates: their proposals and draft seconds.

    Raises:
        DraftFault: whatever the device raised.
    """
    try:
        _propose_all(plans)
    except (RuntimeError, MemoryError) as exc:
        raise DraftFault(str(exc)) from exc


def _propose_all(plans: Sequence[Round]) -> None:
    asking: list[tuple[Round, Ask]] = []
    for plan in plans:
        ask = plan.reply.ask(plan)
        if ask is not None:
            asking.append((plan, ask))
        elif plan.choice.k > 0:
            begin = time.perf_counter()
            plan.reply.propose(plan)
            plan.draft_seconds += time.perf_counter() - begin
    if not asking:
        return
    begin = time.perf_counter()
    proposals = propose_together([ask for _, ask in asking])
    seconds = (time.perf_counter() - begin) / len(asking)
    for (plan, _), proposal in zip(asking, proposals):
        plan.proposal = proposal
        plan.draft_seconds += seconds


def run_pass(runner: ModelRunner, batch: Sequence[Rows], plans: Sequence[Round]) -> list[torch.Tensor]:
    """One pass of the target; what was drafted on the device comes home with its logits, in one transfer.

    Mutates: pending proposals of the plans, and their draft seconds.

    Args:
        batch: slots reserved; the rows of the plans come first.
    """
    pending = [plan.proposal.pending for plan in plans]
    carried = [tensor for one in pending if one is not None for tensor in one.sent]
    begin = time.perf_counter()
    results = runner.forward_many(batch, reserved=True, carried=carried)
    seconds = time.perf_counter() - begin
    logits, home = results[: len(batch)], iter(results[len(batch) :])
    for i, (plan, one) in enumerate(zip(plans, pending)):
        if one is not None:
            plan.proposal = one.arrived([next(home) for _ in one.sent])
            logits[i] = logits[i][: plan.proposal.count + 1]
            # the device drafted while the host went on, and the host waited for it in this pass
            most = _DRAFT_SHARE * (plan.draft_seconds + seconds)
            plan.draft_seconds = max(plan.draft_seconds, min(one.seconds, most))
    return logits
