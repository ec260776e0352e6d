"""The tensor behind the block pool: keys and values of every layer, in 16-token blocks.

Layout: ``[layers, 2 * kv_heads, slots, head_dim]``, the heads of the keys before those of the values, with
slot = block * block_size + offset. So the blocks of a sequence that happen to be adjacent are one strided view that
attention reads in place, a layer writes its keys and values at once, and a pass finds its place in all layers at once.
Layers of different groups (``layout.py``) share the tensor: a block belongs to the group of the sequence that uses it.

    slots   0 ........ 15 | 16 ....... 31 | 32 ....... 47 |
    blocks       0        |       1       |       2       |
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from helix_app.engine.cache.base import CacheView, LayerView
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.pooled import GroupedView, PooledCache, Window
from helix_app.engine.cache.state_cache import StateCache, StateView
from helix_app.engine.cache.zeros import zeros
from helix_app.engine.machine.untracked import untracked

Layers = tuple[torch.Tensor, ...]


class KVCache(PooledCache):
    """Keys and values of one model for all sequences.

    Attributes:
        keys, values: of each layer of a group, ``[kv_heads, slots, head_dim]``: views of the pool.
        parts: of each layer of a group, ``[2 * kv_heads * num_blocks, block_size * head_dim]``: the same.
        states: those of recurrent layers, None in a model without.
    """

    def _reserve(self) -> None:
        """Mutates: ``pool`` and its views, and ``states``."""
        config, size = self._config, self.block_size
        depth, heads = self.layout.depth, config.num_kv_heads
        with untracked(self.device):
            shape = (depth, 2 * heads, self.num_blocks * size, config.head_dim)
            self.pool = zeros(shape, self._dtype, self.device)
            # a row is one head's part of a block, which copies fast
            self.parts = self.pool.view(depth, -1, size * config.head_dim).unbind(0)
            self.keys = list(self.pool[:, :heads].unbind(0))
            self.values = list(self.pool[:, heads:].unbind(0))
        self.states: StateCache | None = None
        if config.recurrent is not None and self.layout.states:
            count = len(config.recurrent_layers)
            self.states = StateCache(config.recurrent, count, self.layout.states, size, self.device)

    def release(self) -> None:
        """Free the memory, whoever still holds this object."""
        if self.states is not None:
            self.states.release()
        self.pool, self.parts = torch.empty(0), ()
        self.keys, self.values = [], []

    def view(self, blocks: Sequence[int], length: int, rows: int) -> KVView:
        """Where one sequence's ``length`` tokens are, the last ``rows`` of which are about to be written.

        Its state, where there are such, is that of the first slot.
        """
        view = KVView(self, blocks, length, rows)
        if self.states is not None:
            view.states = self.states.view(0, length - rows, rows, length - rows)
        return view

    def view_of(self, table: BlockTable, rows: int) -> CacheView:
        """The same of a sequence of the pool, in all groups of layers."""
        views = [KVView(self, held.blocks, table.length, rows, held.begin) for held in table.groups]
        view = views[0] if len(views) == 1 else GroupedView(views, self.layout)
        if self.states is not None:
            view.states = self.states.view(table.state, table.length - rows, rows, table.verified)
        return view


class KVView(Window):
    """One forward pass's window on the cache, for the layers of one group.

    Attributes:
        cache: the cache that it looks at.
        states: the window on its state, None in a model without recurrent layers.
    """

    states: StateView | None = None
    drafting: LayerView | None = None

    def __init__(self, cache: KVCache, blocks: Sequence[int], length: int, rows: int, begin: int = 0) -> None:
        """``begin``: how many of the sequence's first blocks are not there any more."""
        super().__init__(cache.block_size, blocks, length, rows, begin)
        self.cache = cache
        self._index_of = cache.layout.indices
        self._found: tuple[Layers, Layers, Layers] | None = None
        self._padded = False
        self._index: tuple[torch.Tensor, torch.Tensor] | None = None
        self._new: Layers | None = None

    def write(self, layer: int, kv: torch.Tensor, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new rows of a layer and give all keys and values of the sequence.

        Args:
            kv: ``[2 * kv_heads, rows, head_dim]``, keys before values.
            padded: give whole blocks; what stands behind the sequence's end is finite and means nothing.

        Returns:
            keys and values, each ``[1, kv_heads, length, head_dim]``: views of the pool when contiguous.
        """
        index = self._index_of[layer]
        if not self.contiguous:
            self._put(index, kv)
            return self._all_of(index, padded)
        if self._found is None or self._padded != padded:
            self._found, self._padded = self._find(padded), padded
        rows, keys, values = self._found
        rows[index].copy_(kv)
        return keys[index], values[index]

    def seen(self, layer: int, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """What ``write`` gives, of a layer whose new rows are there already."""
        index = self._index_of[layer]
        if not self.contiguous:
            return self._all_of(index, padded)
        if self._found is None or self._padded != padded:
            self._found, self._padded = self._find(padded), padded
        return self._found[1][index], self._found[2][index]

    def put(self, layer: int, kv: torch.Tensor) -> None:
        """Write the new rows of a layer, as ``write``, and give nothing."""
        self._put(self._index_of[layer], kv)

    def _put(self, index: int, kv: torch.Tensor) -> None:
        new = self._new_rows()
        if new is None:
            self.cache.pool[index][:, self._scattered()[0][self._length - self._rows : self._length]] = kv
        else:
            new[index].copy_(kv)

    def read(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A copy of the sequence's keys and values of a layer, each ``[kv_heads, length, head_dim]``."""
        index = self._index_of[layer]
        pool = self.cache.pool[index]
        if self.contiguous:
            both = pool[:, self._base : self._base + self._length].clone()
        else:
            both = self._gathered(index).view(pool.shape[0], -1, pool.shape[2])[:, : self._length]
        keys, values = both.chunk(2)
        return keys, values

    def _find(self, padded: bool) -> tuple[Layers, Layers, Layers]:
        """The new rows, all keys and all values in every layer: made at once, which a pass has to wait for less."""
        pool, heads, begin = self.cache.pool, self.cache.pool.shape[1] // 2, self._base
        end = begin + self._length
        whole = pool[:, None, :, begin : begin + self.padded_length if padded else end]
        return (
            pool[:, :, end - self._rows : end].unbind(0),
            whole[:, :, :heads].unbind(0),
            whole[:, :, heads:].unbind(0),
        )

    def at(self, layer: int) -> KVView:
        """The view of a layer's group: this one."""
        return self

    def _all_of(self, index: int, padded: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of blocks that are not adjacent."""
        heads, dim = self.cache.pool.shape[1] // 2, self.cache.pool.shape[3]
        both = self._gathered(index)
        shape = (1, heads, self.padded_length if padded else self._length, dim)
        strides = (0, self.padded_length * dim, dim, 1)
        return both.as_strided(shape, strides), both.as_strided(shape, strides, heads * self.padded_length * dim)

    def _new_rows(self) -> Layers | None:
        """The new rows in every layer, where their slots lie side by side though the sequence's blocks do not."""
        if self._new is None:
            (slot, _, count), *_ = runs_of(self.blocks, self.cache.block_size, self._length - self._rows, self._length)
            self._new = self.cache.pool[:, :, slot : slot + count].unbind(0) if count == self._rows else ()
        return self._new or None

    def _scattered(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The slots of blocks that are not adjacent, and the rows of ``KVCache.parts`` that hold them."""
        if self._index is None:
            cache = self.cache
            table = torch.tensor(self.blocks, dtype=torch.int64).to(cache.device)
            heads = torch.arange(cache.pool.shape[1], device=cache.device)
            self._index = self._slots_of(table), (heads[:, None] * cache.num_blocks + table).view(-1)
        return self._index

    def _gathered(self, index: int) -> torch.Tensor:
        """The sequence's blocks side by side, ``[2 * kv_heads * blocks, block_size * head_dim]``: a head's blocks after
        those of the head before."""
        return self.cache.parts[index].index_select(0, self._scattered()[1])


def runs_of(blocks: Sequence[int], size: int, begin: int, end: int) -> list[tuple[int, int, int]]:
    """Tokens ``begin`` to ``end`` as pieces of neighbouring slots: (first slot, first new row, how many)."""
    runs: list[tuple[int, int, int]] = []
    at = begin
    while at < end:
        count = min(end, (at // size + 1) * size) - at
        slot = blocks[at // size] * size + at % size
        if runs and runs[-1][0] + runs[-1][2] == slot:
            runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + count)
        else:
            runs.append((slot, at - begin, count))
        at += count
    return runs
