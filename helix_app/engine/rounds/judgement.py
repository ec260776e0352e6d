"""What a round came to, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from helix_app.engine.sampling.verification import Verdict


@dataclass(frozen=True)
class Judgement:
    """What became of a proposal.

    Attributes:
        verdict: how much of it stands, and the next token.
        target_probs: the target's distributions ``[k + 1, vocab]``.
        logits: of the target, as they came, ``[k + 1, vocab]``.
    """

    verdict: Verdict
    target_probs: torch.Tensor
    logits: torch.Tensor


@dataclass(frozen=True)
class Timing:
    """Seconds of a round.

    Attributes:
        verify: the target's pass and the judgement.
        begin: when the round began, on ``time.perf_counter``.
        share: what a token costs this reply in a crowd without drafting; None when it is alone.
        cost: what the round cost this reply in a crowd; None when it is alone.
    """

    verify: float
    begin: float
    share: float | None = None
    cost: float | None = None
