"""The gated delta rule: a state that each row decays and corrects.

    S_t = a_t S_(t-1) + k_t d_t',   d_t = b_t (v_t - a_t S_(t-1)' k_t),   o_t = S_t' q_t

with a state S ``[key_dim, value_dim]`` for each value head, a decay a in (0, 1], a rate b in (0, 1), a query, key and
value for each row. All in float32. ``steps`` goes row by row, and a row's bits do not depend on how many come after it;
``chunked`` gives the same numbers but for rounding with products of whole chunks of rows. Both give d, for with it
``replay_`` makes the state behind any row again: what a rejected draft added is left out, not taken back.

Sources: Gated Delta Networks (arXiv 2412.06464); for the chunks DeltaNet in parallel over the length of a sequence
(arXiv 2406.06484), here with the decays inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from helix_app.engine.cache.state_cache import Added, replay_

_CHUNK = 64  # rows


@dataclass(frozen=True)
class DeltaRows:
    """What rows bring, in float32.

    Attributes:
        queries, keys: ``[rows, heads, key_dim]``, of length one, queries also scaled.
        values: ``[rows, heads, value_dim]``.
        log_decays, rates: ``[rows, heads]``.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    values: torch.Tensor
    log_decays: torch.Tensor
    rates: torch.Tensor

    def part(self, begin: int, end: int) -> DeltaRows:
        """Some of the rows."""
        return DeltaRows(*(tensor[begin:end] for tensor in vars(self).values()))


def steps(state: torch.Tensor, rows: DeltaRows) -> tuple[torch.Tensor, Added]:
    """Row by row. Mutates: the state, which is that before the last row then.

    Returns:
        What is read ``[rows, heads, value_dim]``, and what the rows add.
    """
    decays = rows.log_decays.exp()
    both = torch.stack((rows.keys, rows.queries), dim=2)  # [rows, heads, 2, key_dim]
    meets = (rows.keys * rows.queries).sum(-1, keepdim=True)  # [rows, heads, 1]
    outputs: list[torch.Tensor] = []
    deltas: list[torch.Tensor] = []
    for row, (decay, rate, value, meet) in enumerate(
        zip(decays.unsqueeze(2).unbind(0), rows.rates.unsqueeze(2).unbind(0), rows.values.unbind(0), meets.unbind(0))
    ):
        if row:
            replay_(state, Added(decays[row - 1 : row], rows.keys[row - 1 : row], deltas[-1].unsqueeze(0)))
        held = torch.bmm(both[row], state)  # what the state says to the key, and to the query
        delta = (value - decay * held[:, 0]) * rate
        deltas.append(delta)
        outputs.append(decay * held[:, 1] + meet * delta)
    return torch.stack(outputs), Added(decays, rows.keys, torch.stack(deltas))


def chunked(state: torch.Tensor, rows: DeltaRows) -> tuple[torch.Tensor, Added]:
    """Chunk by chunk. Mutates: the state, which is that behind the last row then. Returns as ``steps``."""
    count = rows.keys.shape[0]
    pieces = [_chunk(state, rows.part(at, at + _CHUNK)) for at in range(0, count, _CHUNK)]
    outputs, deltas = (torch.cat(part) for part in zip(*pieces))
    return outputs, Added(rows.log_decays.exp(), rows.keys, deltas)


def _chunk(state: torch.Tensor, rows: DeltaRows) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and deltas ``[rows, heads, value_dim]`` of some rows; advances the state."""
    queries, keys, values = (x.transpose(0, 1) for x in (rows.queries, rows.keys, rows.values))  # [heads, rows, dim]
    # [heads, rows], since the chunk's beginning; in float64, for small differences of large numbers count
    fallen = rows.log_decays.double().cumsum(0).transpose(0, 1)
    rates = rows.rates.transpose(0, 1).unsqueeze(2)
    # how much is left at row i of what row j added: 0 for later rows, whose exponents would overflow
    count = keys.shape[1]
    later = torch.ones(count, count, dtype=torch.bool, device=keys.device).triu_(1)
    left = (fallen.unsqueeze(2) - fallen.unsqueeze(1)).masked_fill_(later, float("-inf")).float().exp_()
    decays = fallen.float().exp().unsqueeze(2)
    # d = b (v - decay S'k - sum over earlier rows of left * (k . k_j) d_j), a triangular system
    system = (rates * (keys @ keys.transpose(1, 2)) * left).tril_(-1)
    known = rates * (values - decays * (keys @ state))
    deltas = torch.linalg.solve_triangular(system, known, upper=False, unitriangular=True)
    outputs = decays * (queries @ state) + (queries @ keys.transpose(1, 2) * left) @ deltas
    to_the_end = (fallen[:, -1:] - fallen).float().exp().unsqueeze(2)
    state.mul_(decays[:, -1:]).baddbmm_((keys * to_the_end).transpose(1, 2), deltas)
    return outputs.transpose(0, 1), deltas.transpose(0, 1)


def convolved(before: torch.Tensor, rows: torch.Tensor, weights: Sequence[torch.Tensor]) -> torch.Tensor:
    """A causal convolution of each channel by itself, and SiLU: ``[rows, channels]`` in float32.

    Args:
        before: the inputs of the rows before, ``[len(weights) - 1, channels]``.
        weights: ``[channels]`` of each row that is seen, the row's own last.
    """
    seen, count = torch.cat((before, rows)), rows.shape[0]
    out = seen[:count] * weights[0]
    for at, weight in enumerate(weights[1:], 1):
        out.addcmul_(seen[at : at + count], weight)
    return F.silu(out)


def of_length_one(x: torch.Tensor) -> torch.Tensor:
    """Each vector ``[..., dim]`` divided by its length."""
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6)
