"""Coupled verification: the text is a function of the target's distributions, the seed and the position alone.

The Gumbel-max trick draws a token as argmax(log p + g). With the noise g fixed by (seed, position, token id), the
target has one answer at each position whatever was drafted, so the same seed gives the same text with speculation on
or off. A draft that picks with the same noise from its own distribution agrees with the target with probability at
least (1 - TV) / (1 + TV), TV being the total variation distance of the two (Daliri, Musco and Suresh, "Coupling
without communication and drafter-invariant speculative decoding", arXiv 2408.07978).

The noise is counter-based: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014)
over the token ids, in integers up to the last step, so that it is the same on every machine. It must never change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from helix_app.engine.sampling.verification import Verdict

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_ONE = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_CHUNK = 16384  # token ids at a time, so that they stay in the processor's cache


def gumbel_noise(seed: int, position: int, vocab: int) -> torch.Tensor:
    """Standard Gumbel noise ``[vocab]``, float64 on the CPU, for the token at ``position`` of the sequence.

    The first ``vocab`` values do not depend on ``vocab``, so models that pad differently share them.
    """
    return torch.from_numpy(_noise(seed, position, np.arange(vocab, dtype=np.uint64)))


def coupled_pick(probs_row: torch.Tensor, noise: torch.Tensor) -> int:
    """argmax(log p + noise) over the tokens with p > 0, the lowest id among equals.

    Args:
        probs_row: ``[vocab]`` of any dtype on any device; need not be normalised.
        noise: ``[vocab]`` from ``gumbel_noise``.

    Raises:
        ValueError: no token has p > 0, or noise of another width.
    """
    if noise.shape != probs_row.shape:
        raise ValueError(f"noise for {noise.shape[0]} tokens, probabilities of {probs_row.shape[0]}")
    ids, scores = _support(probs_row)
    return int(ids[(scores + noise.numpy()[ids]).argmax()])


def coupled_draw(probs_row: torch.Tensor, seed: int, position: int) -> int:
    """``coupled_pick`` with the noise of a position, which is made only for the tokens with p > 0."""
    ids, scores = _support(probs_row)
    if len(ids) > 1:
        scores = scores + _noise(seed, position, ids.astype(np.uint64))
    return int(ids[scores.argmax()])


def verify_coupled(target_probs: torch.Tensor, draft_ids: Sequence[int], seed: int, position: int) -> Verdict:
    """Accept drafted tokens while they are what the target itself draws, then emit the target's own.

    Args:
        target_probs: ``[k + 1, vocab]``, the target's distribution after every filter.
        draft_ids: k drafted tokens.
        seed: 0..2^63 - 1.
        position: index in the sequence of the first of these tokens; row j is for ``position + j``.
    """
    k = len(draft_ids)
    for j, token in enumerate(draft_ids):
        own = coupled_draw(target_probs[j], seed, position + j)
        if own != token:
            return Verdict(j, own, "corrected")
    return Verdict(k, coupled_draw(target_probs[k], seed, position + k), "bonus" if k else "plain")


def _support(probs_row: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the tokens with p > 0, and their log p."""
    row = probs_row.detach().cpu()
    array = (row.float() if row.dtype == torch.bfloat16 else row).numpy()
    ids = np.flatnonzero(array > 0)
    if not len(ids):
        raise ValueError("no token has a probability over 0")
    return ids, np.log(array[ids].astype(np.float64))


def _noise(seed: int, position: int, ids: np.ndarray) -> np.ndarray:
    """-log(-log(u)) for token ids ``[n]`` uint64, u = (2 m + 1) / 2^53 with m of 52 bits: never 0 nor 1."""
    key = np.uint64(_key(seed, position))
    noise = np.empty(len(ids))
    for begin in range(0, len(ids), _CHUNK):
        bits = (ids[begin : begin + _CHUNK] + np.uint64(1)) * np.uint64(_GAMMA)
        bits += key
        bits ^= bits >> np.uint64(30)  # from here to the last shift: the finaliser of splitmix64
        bits *= np.uint64(_MIX_1)
        bits ^= bits >> np.uint64(27)
        bits *= np.uint64(_MIX_2)
        bits ^= bits >> np.uint64(31)
        bits >>= np.uint64(12)
        bits |= _ONE  # as a float: 1 + m / 2^52
        uniform = bits.view(np.float64) - (1.0 - 2.0**-53)  # exact
        noise[begin : begin + _CHUNK] = -np.log(-np.log(uniform))
    return noise


def _key(seed: int, position: int) -> int:
    """One 64-bit number of a seed and a position; distinct positions of a seed have distinct keys."""
    return _mix(_mix((seed + _GAMMA) & _MASK) + (position + 1) * _GAMMA & _MASK)


def _mix(z: int) -> int:
    """splitmix64's finaliser on a Python integer."""
    z = (z ^ (z >> 30)) * _MIX_1 & _MASK
    z = (z ^ (z >> 27)) * _MIX_2 & _MASK
    return z ^ (z >> 31)
