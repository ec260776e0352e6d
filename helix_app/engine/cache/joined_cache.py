"""The cache for devices where every operator costs: keys and values of a layer are one tensor.

Layout per layer: ``[2 * kv_heads, slots, head_dim]``, the heads of the keys before those of the values. One operator
writes both, one gathers both from scattered blocks, one copies or wipes a block. Index tensors are made on the host.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from helix_app.engine.cache.base import LayerView, bytes_per_block
from helix_app.engine.cache.kv_cache import runs_of
from helix_app.engine.cache.layout import whole
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.pooled import Window
from helix_app.engine.cache.state_cache import StateCache, StateView
from helix_app.modelfiles.config import ModelConfig

_FEW_RUNS = 2  # pieces of neighbouring slots that are written one by one


class JoinedCache:
    """A ``KVCache`` whose ``keys`` and ``values`` are views of ``joined``, one tensor a layer instead of one pool.

    Layers with a window keep all tokens, as the others do: they share their blocks. There are no recurrent layers.
    """

    states: StateCache | None = None

    def __init__(
        self, config: ModelConfig, num_blocks: int, block_size: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.num_blocks, self.block_size, self.device = num_blocks, block_size, device
        self._config, self._dtype, self.layout = config, dtype, whole(config.num_layers)
        heads = config.num_kv_heads
        shape = (2 * heads, num_blocks * block_size, config.head_dim)
        self.joined = [torch.zeros(shape, dtype=dtype, device=device) for _ in range(config.num_layers)]
        self.keys = [tensor.narrow(0, 0, heads) for tensor in self.joined]
        self.values = [tensor.narrow(0, heads, heads) for tensor in self.joined]

    def release(self) -> None:
        self.keys, self.values, self.joined = [], [], []

    @property
    def block_bytes(self) -> int:
        return bytes_per_block(self._config, self.block_size, self._dtype)

    def replaced(self, num_blocks: int) -> JoinedCache:
        self.release()
        return JoinedCache(self._config, num_blocks, self.block_size, self._dtype, self.device)

    def view(self, blocks: Sequence[int], length: int, rows: int) -> JoinedView:
        return JoinedView(self, blocks, length, rows)

    def view_of(self, table: BlockTable, rows: int) -> JoinedView:
        return JoinedView(self, table.blocks, table.length, rows)

    def copy_block(self, source: int, destination: int) -> None:
        size = self.block_size
        for tensor in self.joined:
            tensor.narrow(1, destination * size, size).copy_(tensor.narrow(1, source * size, size))

    def scrub(self, blocks: Sequence[int], begin: int = 0) -> None:
        size = self.block_size
        for block in blocks:
            for tensor in self.joined:
                tensor.narrow(1, block * size + begin, size - begin).zero_()


class JoinedView(Window):
    """One forward pass's window on a ``JoinedCache``."""

    states: StateView | None = None
    drafting: LayerView | None = None

    def __init__(self, cache: JoinedCache, blocks: Sequence[int], length: int, rows: int) -> None:
        super().__init__(cache.block_size, blocks, length, rows)
        self._cache, size = cache, cache.block_size
        self._runs = runs_of(self.blocks, size, length - rows, length)
        self._written: torch.Tensor | None = None
        self._blocks: torch.Tensor | None = None
        heads = torch.arange(2 * cache.keys[0].shape[0])[:, None]
        if len(self._runs) > _FEW_RUNS:
            slots = torch.cat([torch.arange(slot, slot + count) for slot, _, count in self._runs])
            self._written = (heads * (cache.num_blocks * size) + slots).view(-1).to(cache.device)
        if not self.contiguous:
            self._blocks = (heads * cache.num_blocks + torch.tensor(self.blocks)).view(-1).to(cache.device)

    def at(self, layer: int) -> JoinedView:
        return self

    def write_joined(self, layer: int, kv: torch.Tensor) -> torch.Tensor:
        """Write the new rows of a layer, keys before values, ``[2 * kv_heads, rows, head_dim]``.

        Returns:
            All keys and values of the sequence, ``[2 * kv_heads, padded_length, head_dim]``: a view of the pool when
            contiguous. What stands behind the sequence's end is finite and means nothing.
        """
        self.put(layer, kv)
        return self._all(self._cache.joined[layer])

    def put(self, layer: int, kv: torch.Tensor) -> None:
        joined = self._cache.joined[layer]
        if self._written is not None:
            flat = joined.view(-1, joined.shape[2])
            flat.index_put_((self._written,), kv.reshape(-1, joined.shape[2]))
        else:
            for slot, row, count in self._runs:
                joined.narrow(1, slot, count).copy_(kv if count == self._rows else kv.narrow(1, row, count))

    def write(self, layer: int, kv: torch.Tensor, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        both = self.write_joined(layer, kv)
        keys, values = self._split(both, self.padded_length if padded else self._length)
        return keys.unsqueeze(0), values.unsqueeze(0)

    def seen(self, layer: int, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = self._split(self._all(self._cache.joined[layer]), self.padded_length if padded else self._length)
        return keys.unsqueeze(0), values.unsqueeze(0)

    def read(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self._split(self._all(self._cache.joined[layer]).clone(), self._length)

    def _all(self, joined: torch.Tensor) -> torch.Tensor:
        if self._blocks is None:
            return joined.narrow(1, self._base, self.padded_length)
        heads, _, dim = joined.shape
        pool = joined.view(heads * self._cache.num_blocks, -1)  # a row is one head's part of a block
        return pool.index_select(0, self._blocks).view(heads, -1, dim)

    @staticmethod
    def _split(both: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        heads = both.shape[0] // 2
        return both.narrow(0, 0, heads).narrow(1, 0, length), both.narrow(0, heads, heads).narrow(1, 0, length)
