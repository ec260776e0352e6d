"""Tokens of a round as events tell them: what was drafted, what was emitted, and how probable it was."""

from __future__ import annotations

import torch

from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.rounds.replies.judgement import Judgement
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import Alternative, EmittedToken, ProposedToken, Provenance
from helix_app.protocol.requests import GenerateRequest

_LEAST = -9999.0  # a logarithm that JSON can hold, as OpenAI gives it


def emitted_token(
    tokenizer: Tokenizer, request: GenerateRequest, token: int, provenance: Provenance, judgement: Judgement, row: int
) -> EmittedToken:
    """A token of the reply, from a row of its round; with what else was probable, as far as the request asks."""
    logprob: float | None = None
    alternatives: tuple[Alternative, ...] = ()
    if request.logprobs or request.alternatives > 0:
        logprobs = judgement.logits[row].float().log_softmax(dim=-1).clamp_min(_LEAST)
        logprob = float(logprobs[token])
        alternatives = _alternatives(tokenizer, logprobs, request.alternatives)
    return EmittedToken(
        token_id=token,
        text=tokenizer.token_text(token),
        provenance=provenance,
        target_prob=judgement.prob(row, token),
        alternatives=alternatives,
        logprob=logprob,
    )


def _alternatives(tokenizer: Tokenizer, logprobs: torch.Tensor, count: int) -> tuple[Alternative, ...]:
    values, ids = logprobs.topk(min(count, logprobs.shape[-1]))
    pairs = zip(ids.tolist(), values.tolist(), values.exp().tolist())
    return tuple(Alternative(i, tokenizer.token_text(i), prob, logprob) for i, logprob, prob in pairs)


def proposed_tokens(
    tokenizer: Tokenizer, proposal: Proposal, judgement: Judgement, scored: int
) -> tuple[ProposedToken, ...]:
    """The first ``scored`` drafted tokens, as the target scored them."""
    return tuple(
        ProposedToken(
            token_id=token,
            text=tokenizer.token_text(token),
            draft_prob=1.0 if proposal.probs is None else float(proposal.probs[j, token]),
            target_prob=judgement.prob(j, token),
        )
        for j, token in enumerate(proposal.ids[:scored])
    )
