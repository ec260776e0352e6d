"""Speculative verification: which drafted tokens stand, and which token follows them.

Algorithm 1 of Leviathan, Kalman and Matias, "Fast inference from transformers via speculative decoding"
(arXiv 2211.17192), and Chen et al., "Accelerating large language model decoding with speculative sampling"
(2302.01318). The emitted tokens are distributed exactly as if the target alone had drawn them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.sampling.filters import pick
from helix_app.protocol.events import Provenance


@dataclass(frozen=True)
class Verdict:
    """What a round emits: the first ``accepted`` drafted tokens, then ``next_token``.

    ``provenance`` of the next token: ``corrected`` after a rejection, ``bonus`` after full acceptance, ``plain``
    when nothing was drafted.
    """

    accepted: int
    next_token: int
    provenance: Provenance


def acceptance_probs(
    target_probs: torch.Tensor, draft_ids: Sequence[int], draft_probs: torch.Tensor | None
) -> list[float]:
    """min(1, p/q) of each drafted token, given that those before it stood.

    Args:
        target_probs: ``[k + 1, vocab]``, row j after j drafted tokens.
        draft_probs: ``[k, vocab]``; None for a draft without probabilities, which counts as one-hot.
    """
    result = []
    for j, token in enumerate(draft_ids):
        target = float(target_probs[j, token])
        draft = 1.0 if draft_probs is None else float(draft_probs[j, token])
        # a sampled token always has q > 0; if rounding says otherwise the ratio's limit is 1
        result.append(min(1.0, target / draft) if draft > 0 else 1.0)
    return result


def residual(target_row: torch.Tensor, draft_id: int, draft_row: torch.Tensor | None) -> torch.Tensor:
    """Unnormalised max(p - q, 0) ``[vocab]``: what the next token is drawn from after a rejection.

    Where rounding leaves nothing (p and q equal), the target's own row stands in, since then a rejection has
    probability zero.
    """
    if draft_row is None:
        left = target_row.clone()
        left[draft_id] = 0.0
    else:
        left = (target_row - draft_row).clamp_min(0.0)
    return left if float(left.sum()) > 0 else target_row


def verify(
    target_probs: torch.Tensor,
    draft_ids: Sequence[int],
    draft_probs: torch.Tensor | None,
    uniforms: Sequence[float],
) -> Verdict:
    """Accept a prefix of the drafted tokens and choose one more token.

    Args:
        target_probs: ``[k + 1, vocab]``, the target's distribution after every filter.
        draft_ids: k drafted tokens.
        draft_probs: ``[k, vocab]``, the distributions they were drawn from; None for one-hot.
        uniforms: k + 1 independent numbers in [0, 1): one for each test, the last for the next token.
    """
    k = len(draft_ids)
    for j, probability in enumerate(acceptance_probs(target_probs, draft_ids, draft_probs)):
        if uniforms[j] < probability:
            continue
        row = None if draft_probs is None else draft_probs[j]
        left = residual(target_probs[j], draft_ids[j], row)
        return Verdict(j, pick(left, uniforms[k]), "corrected")
    return Verdict(k, pick(target_probs[k], uniforms[k]), "bonus" if k else "plain")


def verify_greedy(likeliest: Sequence[int], draft_ids: Sequence[int]) -> Verdict:
    """``verify`` at temperature 0, where p is 1 for the target's likeliest token and 0 for any other.

    Args:
        likeliest: the target's, after each prefix of the k drafted tokens: k + 1.
    """
    k = len(draft_ids)
    for j, token in enumerate(draft_ids):
        if token != likeliest[j]:
            return Verdict(j, likeliest[j], "corrected")
    return Verdict(k, likeliest[k], "bonus" if k else "plain")
