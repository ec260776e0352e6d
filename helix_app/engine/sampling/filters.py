"""From logits to the distribution a token is drawn from, and one draw from it.

Target and draft go through the same functions with the same parameters: speculative sampling is lossless only if
both sides are the distributions *after* every filter. All functions keep the dtype they are given (float32 in
the engine, float64 in proofs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from helix_app.base.errors import InputError, NumericsError
from helix_app.protocol.requests import SamplingParams

_SMALLEST_PENALTY = 1e-30  # a smaller one decides as this one does, but what is divided by it is infinite


def check_params(params: SamplingParams) -> None:
    """Raise InputError for a value of the wrong type or outside its range."""
    seed = params.seed
    rules = (
        ("temperature", _within(params.temperature, 0, 100), "It is a number from 0 (most likely token) to 100."),
        ("top-k", type(params.top_k) is int and params.top_k >= 0, "It is a whole number; 0 keeps all tokens."),
        ("top-p", _within(params.top_p, 0, 1) and params.top_p > 0, "It is a number over 0 and up to 1."),
        ("min-p", _within(params.min_p, 0, 1), "It is a number from 0 to 1."),
        (
            "repetition-penalty",
            _within(params.repetition_penalty, 0, 100) and params.repetition_penalty > 0,
            "It is a number over 0; 1 switches it off.",
        ),
        (
            "seed",
            seed is None or (type(seed) is int and 0 <= seed < 2**63),
            "It is a whole number from 0 to 2^63 - 1.",
        ),
        ("presence-penalty", _within(params.presence_penalty, -2, 2), "It is a number from -2 to 2; 0 is off."),
        ("frequency-penalty", _within(params.frequency_penalty, -2, 2), "It is a number from -2 to 2; 0 is off."),
        (
            "logit-bias",
            isinstance(params.logit_bias, tuple) and all(_is_bias(each) for each in params.logit_bias),
            "Give pairs of a token's number and a number from -100 to 100.",
        ),
    )
    for name, good, hint in rules:
        if not good:
            value = getattr(params, name.replace("-", "_"))
            raise InputError("option_invalid", option=name, value=value, hint=hint)


def _within(value: object, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _is_bias(pair: object) -> bool:
    if not isinstance(pair, tuple) or len(pair) != 2:
        return False
    token, bias = pair
    return type(token) is int and token >= 0 and _within(bias, -100, 100)


def check_logits(logits: torch.Tensor) -> None:
    """Raise NumericsError unless every row ``[rows, vocab]`` has a finite largest value."""
    largest = logits.numpy().max(axis=-1) if _plain(logits) else logits.amax(dim=-1)
    if not all(map(math.isfinite, largest.tolist())):
        raise NumericsError()


def _plain(logits: torch.Tensor) -> bool:
    """Whether NumPy can read them as they lie: it finds the largest of a row in a sixth of PyTorch's time."""
    return logits.device.type == "cpu" and logits.dtype in (torch.float32, torch.float64) and not logits.requires_grad


def penalise(logits: torch.Tensor, penalty: float, seen: torch.Tensor, draft_ids: Sequence[int]) -> torch.Tensor:
    """Apply the repetition penalty (CTRL, arXiv 1909.05858) to each row.

    Args:
        logits: ``[rows, vocab]``; row j follows the sequence and the first j draft tokens.
        seen: distinct token ids of the sequence.
        draft_ids: the drafted tokens that rows after the first also see.
    """
    if penalty == 1.0:
        return logits
    rows, vocab = logits.shape
    mask = torch.zeros(rows, vocab, dtype=torch.bool)
    mask[:, seen] = True
    for j, token in enumerate(draft_ids[: rows - 1]):
        mask[j + 1 :, token] = True
    return torch.where(mask.to(logits.device), punished(logits, penalty), logits)


def punished(logits: torch.Tensor, penalty: float) -> torch.Tensor:
    """Logits after the repetition penalty, of tokens that were there before; finite, however small it is."""
    penalty = max(penalty, _SMALLEST_PENALTY)
    return torch.where(logits > 0, logits / penalty, logits * penalty)


def distribution(logits: torch.Tensor, params: SamplingParams) -> torch.Tensor:
    """Probabilities ``[rows, vocab]`` after temperature, top-k, top-p and min-p, in this order.

    Temperature 0 puts all mass on the most likely token, the lowest id among equals.
    """
    if params.temperature == 0:
        return one_hot(likeliest(logits), logits)
    # the likeliest token at 0: then no temperature, however small, divides to infinity
    scaled = (logits - logits.amax(dim=-1, keepdim=True)) / max(params.temperature, torch.finfo(logits.dtype).tiny)
    vocab = logits.shape[-1]
    top_k = min(params.top_k, vocab) or vocab
    if top_k == vocab and params.top_p >= 1.0:
        return _min_p(scaled.softmax(dim=-1), params.min_p)
    if top_k < vocab:
        values, ids = scaled.topk(top_k, dim=-1)  # descending
    else:
        values, ids = scaled.sort(dim=-1, descending=True, stable=True)
    probs = values.softmax(dim=-1)
    if params.top_p < 1.0:
        before = probs.cumsum(dim=-1) - probs  # mass of the likelier tokens
        probs = torch.where(before < params.top_p, probs, torch.zeros_like(probs))
    probs = _min_p(probs, params.min_p)
    return torch.zeros_like(scaled).scatter_(-1, ids, probs)


def likeliest(logits: torch.Tensor) -> torch.Tensor:
    """The id ``[rows]`` of the most likely token of each row, the lowest among equals: what temperature 0 draws."""
    return torch.from_numpy(logits.numpy().argmax(axis=-1)) if _plain(logits) else logits.argmax(dim=-1)


def checked_likeliest(logits: torch.Tensor) -> list[int]:
    """``likeliest`` after ``check_logits``, in one look at them: what is no number counts as the largest."""
    best = likeliest(logits)
    check_logits(logits.gather(-1, best.unsqueeze(-1)))
    return list(map(int, best.tolist()))


def one_hot(ids: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Rows ``[rows, vocab]``, as of ``like``, with all mass on a token each (``[rows]``)."""
    return torch.zeros_like(like).scatter_(-1, ids.unsqueeze(-1), 1.0)


def _min_p(probs: torch.Tensor, min_p: float) -> torch.Tensor:
    if min_p > 0.0:
        floor = probs.amax(dim=-1, keepdim=True) * min_p
        probs = torch.where(probs >= floor, probs, torch.zeros_like(probs))
    return probs / probs.sum(dim=-1, keepdim=True)


def pick(weights: torch.Tensor, uniform: float) -> int:
    """The index that ``uniform`` in [0, 1) selects from unnormalised ``weights`` ``[vocab]`` by inverse CDF.

    A weight of zero is never selected.
    """
    cumulative = weights.cumsum(dim=-1)
    index = int(torch.searchsorted(cumulative, uniform * cumulative[-1], right=True))
    if index >= weights.shape[-1] or weights[index] <= 0:  # rounding at the upper end
        index = int(weights.nonzero()[-1])
    return index
