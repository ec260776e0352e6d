"""Single passes of a loaded model at a context of any length, and the bytes they read."""

from __future__ import annotations

import time

import torch

from helix_app.engine.cache.pool.states import NO_STATE, StateCopy
from helix_app.engine.kernels.attention import Span
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.make import make_cache

LINEARS = ("qkv", "out", "gate_up", "down")  # of each layer, in the order they run; the output head comes last


class Passes:
    """A decoder with a cache of its own, whose keys and values are random numbers.

    Attributes:
        longest: tokens the cache holds.
        exact: passes are those of a reply whose tokens must not depend on drafts (see ``attention.Span``).
    """

    def __init__(self, decoder: AnyDecoder, block_size: int, longest: int, exact: bool) -> None:
        self.decoder, self.longest, self.exact = decoder, longest, exact
        blocks = -(-longest // block_size)
        self._cache = make_cache(decoder.config, blocks, block_size, decoder.cache_dtype, decoder.device)
        with untracked(decoder.device):
            for tensor in (*self._cache.keys, *self._cache.values):
                tensor.normal_()
        self._blocks = range(blocks)

    def logits(self, context: int, rows: int) -> torch.Tensor:
        """One pass of the last ``rows`` of ``context`` tokens; logits on the CPU."""
        self._set_state(context - rows)
        return self._logits(context, rows)

    def _set_state(self, tokens: int) -> None:
        """An empty one stands for that behind so many tokens."""
        if self._cache.states is not None:
            self._cache.states.copy(StateCopy(NO_STATE, tokens, 0))

    def _logits(self, context: int, rows: int) -> torch.Tensor:
        ids = torch.arange(rows, device=self.decoder.device)
        span = Span(context - rows, rows, self._cache.view(self._blocks, context, rows), rows, self.exact)
        return self.decoder.forward_many(ids, (span,)).cpu()

    def seconds(self, context: int, rows: int) -> float:
        """How long that takes."""
        self._set_state(context - rows)
        begin = time.perf_counter()
        self._logits(context, rows)
        return time.perf_counter() - begin


def kv_bytes(decoder: AnyDecoder, context: int) -> int:
    """Bytes of keys, values and states that one row reads at a context."""
    config = decoder.config
    total = 0
    for i in range(config.num_layers):
        heads, window = config.heads(i), config.layer(i).window
        seen = 0 if config.layer(i).recurrent else min(window or context, context)
        total += 2 * heads.kv * heads.dim * seen
    return total * decoder.cache_dtype.itemsize + config.state_bytes
