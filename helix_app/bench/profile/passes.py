"""Single passes of a loaded model at a context of any length, and the bytes they read."""

from __future__ import annotations

import time
from typing import Any

import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.kernels.attention import Span
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.device_layers import make_cache

LINEARS = ("qkv", "out", "gate_up", "down")  # of each layer, in the order they run; the output head comes last


class Passes:
    """A decoder with a cache of its own, whose keys and values are random numbers.

    Attributes:
        longest: tokens the cache holds.
        exact: passes are those of a reply whose tokens must not depend on drafts (see ``decoder.Span``).
    """

    def __init__(self, decoder: Decoder, block_size: int, longest: int, exact: bool) -> None:
        self.decoder, self.longest, self.exact = decoder, longest, exact
        blocks = -(-longest // block_size)
        self._cache = make_cache(decoder.config, blocks, block_size, decoder.cache_dtype, decoder.device)
        with untracked(decoder.device):
            for tensor in (*self._cache.keys, *self._cache.values):
                tensor.normal_()
        self._blocks = range(blocks)

    def logits(self, context: int, rows: int) -> torch.Tensor:
        """One pass of the last ``rows`` of ``context`` tokens; logits on the CPU."""
        ids = torch.arange(rows, device=self.decoder.device)
        span = Span(context - rows, rows, self._cache.view(self._blocks, context, rows), rows, self.exact)
        return self.decoder.forward_many(ids, (span,)).cpu()

    def seconds(self, context: int, rows: int) -> float:
        """How long that takes."""
        begin = time.perf_counter()
        self.logits(context, rows)
        return time.perf_counter() - begin


def bytes_of(part: Any) -> int:
    """Bytes of the tensors that a part of a model holds, packed ones as they are packed."""
    if isinstance(part, torch.Tensor):
        return part.numel() * part.dtype.itemsize
    return sum(bytes_of(t) for t in vars(part).values() if isinstance(t, torch.Tensor))


def weight_bytes(decoder: Decoder) -> int:
    """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
    layers = sum(bytes_of(part) for layer in decoder._layers for part in vars(layer).values())
    row = decoder.config.hidden_size * decoder._embed.dtype.itemsize
    return layers + bytes_of(decoder._norm) + bytes_of(decoder._head) + row


def kv_bytes(decoder: Decoder, context: int) -> int:
    """Bytes of keys and values that attention of one row reads at a context."""
    return KVCache.bytes_per_block(decoder.config, context, decoder.cache_dtype)
