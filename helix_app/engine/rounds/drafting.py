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


def propose_all(rounds: Sequence[Round]) -> None:
    """Draft what the rounds chose. Mutates: their proposals and draft seconds.

    Raises:
        DraftFault: whatever the device raised.
    """
    try:
        _propose_all(rounds)
    except (RuntimeError, MemoryError) as exc:
        raise DraftFault(str(exc)) from exc


def _propose_all(rounds: Sequence[Round]) -> None:
    asking: list[tuple[Round, Ask]] = []
    for one in rounds:
        ask = one.reply.ask(one)
        if ask is not None:
            asking.append((one, ask))
        elif one.choice.k > 0:
            begin = time.perf_counter()
            one.reply.propose(one)
            one.draft_seconds += time.perf_counter() - begin
    if not asking:
        return
    begin = time.perf_counter()
    proposals = propose_together([ask for _, ask in asking])
    seconds = (time.perf_counter() - begin) / len(asking)
    for (one, _), proposal in zip(asking, proposals):
        one.proposal = proposal
        one.draft_seconds += seconds


def run_pass(runner: ModelRunner, batch: Sequence[Rows], rounds: Sequence[Round]) -> list[torch.Tensor]:
    """One pass of the target; what was drafted on the device comes home with its logits, in one transfer.

    Mutates: pending proposals of the rounds, and their draft seconds.

    Args:
        batch: slots reserved; those of the rounds come first.
    """
    pending = [one.proposal.pending for one in rounds]
    carried = [tensor for waits in pending if waits is not None for tensor in waits.sent]
    begin = time.perf_counter()
    results = runner.forward_many(batch, reserved=True, carried=carried)
    seconds = time.perf_counter() - begin
    logits, home = results[: len(batch)], iter(results[len(batch) :])
    for i, (one, waits) in enumerate(zip(rounds, pending)):
        if waits is not None:
            one.proposal = waits.arrived([next(home) for _ in waits.sent])
            logits[i] = logits[i][: one.proposal.count + 1]
            # the device drafted while the host went on, and the host waited for it in this pass
            most = _DRAFT_SHARE * (one.draft_seconds + seconds)
            one.draft_seconds = max(one.draft_seconds, min(waits.seconds, most))
    return logits
