"""What the kernels of recurrent layers compute, step by step in numpy, equal to the last bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helix_app.engine.kernels.packed.delta.kernels import LENGTH_EPS, LOG_TERMS
from helix_app.engine.kernels.packed.reference import Arithmetic, Floats, lanes_summed

_32 = np.float32


@dataclass(frozen=True)
class Heads:
    """Numbers of heads and their sizes; value head h has key head h modulo their number if ``tiled``."""

    keys: int
    values: int
    key_dim: int
    value_dim: int
    tiled: bool

    def key_of(self, head: int) -> int:
        return head % self.keys if self.tiled else head // (self.values // self.keys)


def dots(a: Arithmetic, x: Floats, y: Floats) -> Floats:
    """Sums of products over the last axis, eight lanes at a time."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    totals = np.zeros((*shape[:-1], 8), dtype=_32)
    for at in range(0, shape[-1], 8):
        totals = a.fma(x[..., at : at + 8], y[..., at : at + 8], totals)
    return lanes_summed(totals)


def sigmoid(a: Arithmetic, x: Floats) -> Floats:
    negative = x < 0
    small = a.exp(np.where(negative, x, -x))
    return np.asarray(np.where(negative, small, _32(1)) / (small + _32(1)), dtype=_32)


def decays(a: Arithmetic, speeds: Floats, decay: Floats, bias: Floats) -> Floats:
    """``exp(decay * softplus(speeds + bias))``."""
    x = speeds + bias
    positive = x > 0
    small = a.exp(np.where(positive, -x, x))
    z = small / (small + _32(2))
    square, series = z * z, np.full_like(x, 1 / (2 * LOG_TERMS - 1))
    for term in range(LOG_TERMS - 2, -1, -1):
        series = a.fma(series, square, _32(1 / (2 * term + 1)))
    softplus = np.where(positive, x, _32(0)) + z * _32(2) * series
    return a.exp(np.asarray(softplus * decay, dtype=_32))


def convolved(a: Arithmetic, before: Floats, rows: Floats, taps: Floats) -> Floats:
    """Rows ``[rows, channels]`` behind the inputs ``before`` ``[kernel - 1, channels]``, by ``taps`` of each."""
    seen, total = np.concatenate((before, rows)), np.zeros_like(rows)
    for at, weight in enumerate(taps):
        total = a.fma(seen[at : at + len(rows)], weight, total)
    return total * sigmoid(a, total)


def of_length_one(a: Arithmetic, x: Floats, factor: float) -> Floats:
    length = np.sqrt(dots(a, x, x) + _32(LENGTH_EPS))
    return np.asarray(x * (_32(factor) / length)[..., None], dtype=_32)


@dataclass
class Rule:
    """A state ``[value heads, key_dim, value_dim]`` that rows go through; what they add is kept."""

    arithmetic: Arithmetic
    heads: Heads
    state: Floats

    def advance(self, keys: Floats, decays: Floats, deltas: Floats) -> None:
        """The state behind a row: its keys ``[key heads, key_dim]``, and what it adds ``[value heads, value_dim]``."""
        own = np.stack([keys[self.heads.key_of(h)] for h in range(self.heads.values)])
        faded = self.state * decays[:, None, None]
        self.state = self.arithmetic.fma(own[:, :, None], deltas[:, None], faded)

    def row(
        self, queries: Floats, keys: Floats, values: Floats, decays: Floats, rates: Floats
    ) -> tuple[Floats, Floats]:
        """What a row reads and what it adds, each ``[value heads, value_dim]``."""
        a, deltas, read = self.arithmetic, np.zeros_like(values), np.zeros_like(values)
        meets = dots(a, queries, keys)
        for h in range(self.heads.values):
            own = self.heads.key_of(h)
            to_key, to_query = np.zeros((2, self.heads.value_dim), dtype=_32)
            for k, q, line in zip(keys[own], queries[own], self.state[h]):
                to_key, to_query = a.fma(k, line, to_key), a.fma(q, line, to_query)
            deltas[h] = rates[h] * a.fma(-decays[h], to_key, values[h])
            read[h] = a.fma(meets[own], deltas[h], decays[h] * to_query)
        return read, deltas


def gated(a: Arithmetic, read: Floats, gates: Floats, weights: Floats, eps: float) -> Floats:
    """Heads ``[rows, heads, dim]``, normed, times SiLU of their gates."""
    rows, heads, dim = read.shape
    normed = a.normed(read.reshape(-1, dim), weights, eps).reshape(read.shape)
    return np.asarray(normed * (gates * sigmoid(a, gates)), dtype=_32).reshape(rows, heads * dim)
