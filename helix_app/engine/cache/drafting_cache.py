"""The cache of a target beside that of a layer of other heads that drafts for it.

Both lie in the blocks of one pool, each in a tensor of its own: the layer's keys and values of a token have the slot
that those of the target's layers have which see all tokens. So they are found by the same prefixes, forked, cut and
given up with theirs, and the target's cache is to the byte what it is alone, whoever reads it. Blocks of layers with a
window have room for them that nobody uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from helix_app.engine.cache.base import Cache, CacheView
from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.cache.layout import Layout
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.state_cache import StateCache
from helix_app.modelfiles.config import ModelConfig


class DraftingCache:
    """Keys and values of a target and of its layer for all sequences (``base.Cache``); views of it are the target's,
    and have the layer's as ``drafting``.

    Attributes:
        layout: the groups of the target's layers; the layer is the last one.
        target, own: the two.
        keys, values: those of the target, and last the layer's.
        states: those of the target's recurrent layers, None in a model without.
    """

    def __init__(self, target: Cache, own: KVCache, layout: Layout) -> None:
        self.target, self.own, self.layout = target, own, layout
        self.num_blocks, self.block_size, self.device = target.num_blocks, target.block_size, target.device
        self.keys, self.values = [*target.keys, *own.keys], [*target.values, *own.values]
        self.states: StateCache | None = target.states
        self._group = layout.places[-1][0]

    @property
    def block_bytes(self) -> int:
        """Memory of one block of both."""
        return self.target.block_bytes + self.own.block_bytes

    def release(self) -> None:
        """Free the memory, whoever still holds this object."""
        self.target.release()
        self.own.release()
        self.keys, self.values = [], []

    def replaced(self, num_blocks: int) -> DraftingCache:
        """An empty cache of another size; the memory of this one is freed first.

        Raises:
            RuntimeError: the device's own errors; this cache is gone all the same.
        """
        self.release()
        return DraftingCache(self.target.replaced(num_blocks), self.own.replaced(num_blocks), self.layout)

    def view(self, blocks: Sequence[int], length: int, rows: int) -> CacheView:
        """Where one sequence's ``length`` tokens are, of layers that all have the same blocks."""
        view = self.target.view(blocks, length, rows)
        view.drafting = self.own.view(blocks, length, rows)
        return view

    def view_of(self, table: BlockTable, rows: int) -> CacheView:
        """The same of a sequence of the pool, in all groups of layers."""
        view, held = self.target.view_of(table, rows), table.groups[self._group]
        view.drafting = KVView(self.own, held.blocks, table.length, rows, held.begin)
        return view

    def copy_block(self, source: int, destination: int) -> None:
        """Copy one block over all layers."""
        self.target.copy_block(source, destination)
        self.own.copy_block(source, destination)

    def scrub(self, blocks: Sequence[int], begin: int = 0) -> None:
        """Zero blocks from slot ``begin`` on, over all layers."""
        self.target.scrub(blocks, begin)
        self.own.scrub(blocks, begin)


def own_cache(
    config: ModelConfig, num_blocks: int, block_size: int, dtype: torch.dtype, device: torch.device, layout: Layout
) -> KVCache:
    """That of the layer alone, which is the last one of ``config`` and ``layout``."""
    assert layout.apart is not None
    kv_heads, dim = layout.apart
    alone = replace(config, num_layers=1, layers=(), num_kv_heads=kv_heads, head_dim=dim, recurrent=None)
    return KVCache(alone, num_blocks, block_size, dtype, device, Layout((0,), ((0, 0),) * len(layout.places), 1))
