"""What a request adds to or takes from logits before anything else is done to them.

In this order: the repetition penalty, on all tokens of the sequence; presence and frequency penalty, on those of the
reply alone, as OpenAI defines them; the logit bias. Target and draft go through the same function.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from helix_app.base.errors import InputError
from helix_app.engine.sampling.filters import penalise
from helix_app.protocol.requests import SamplingParams


def check_bias(params: SamplingParams, vocab: int) -> None:
    """Raise InputError for a logit bias on a token that a vocabulary of so many does not have."""
    for token, _ in params.logit_bias:
        if token >= vocab:
            hint = f"The model's tokens have the numbers 0 to {vocab - 1:,}."
            raise InputError("option_invalid", option="logit-bias", value=token, hint=hint)


def adjusts(params: SamplingParams) -> bool:
    """Whether these parameters change any logit."""
    return params.repetition_penalty != 1.0 or counts(params) or bool(params.logit_bias)


def counts(params: SamplingParams) -> bool:
    """Whether it matters how often the reply has a token."""
    return params.presence_penalty != 0.0 or params.frequency_penalty != 0.0


def adjusted(
    logits: torch.Tensor, params: SamplingParams, tokens: Sequence[int], begin: int, draft_ids: Sequence[int] = ()
) -> torch.Tensor:
    """Logits ``[rows, vocab]`` after penalties and bias; row j follows ``tokens`` and the first j draft tokens.

    Args:
        tokens: the sequence, prompt and reply.
        begin: index of the reply's first token.
        draft_ids: the drafted tokens that rows after the first also see.
    """
    if params.repetition_penalty != 1.0:
        seen = torch.tensor(sorted(set(tokens)), dtype=torch.int64)
        logits = penalise(logits, params.repetition_penalty, seen, draft_ids)
    if counts(params):
        said = said_counts(tokens[begin:], draft_ids, *logits.shape).to(logits)
        logits = logits - params.frequency_penalty * said
        logits = torch.where(said > 0, logits - params.presence_penalty, logits)
    if params.logit_bias:
        logits = logits + bias_row(params, logits.shape[-1]).to(logits)
    return logits


def said_counts(said: Sequence[int], draft_ids: Sequence[int], rows: int, vocab: int) -> torch.Tensor:
    """How often each token was said before each row ``[rows, vocab]``, float32."""
    first = torch.bincount(torch.tensor(said, dtype=torch.int64), minlength=vocab).float()
    found = first.repeat(rows, 1)
    for j, token in enumerate(draft_ids[: rows - 1]):
        found[j + 1 :, token] += 1.0
    return found


def bias_row(params: SamplingParams, vocab: int) -> torch.Tensor:
    """The logit bias of every token ``[1, vocab]``, float64; a token that is named twice has both."""
    row = torch.zeros(1, vocab, dtype=torch.float64)
    for token, bias in params.logit_bias:
        if token < vocab:  # a draft model may have fewer
            row[0, token] += bias
    return row
