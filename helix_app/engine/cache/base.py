"""What a cache is to a runner, and a window on it to attention; ``models/make.py`` chooses which one a model gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from helix_app.engine.cache.layout import Layout
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.state_cache import StateCache, StateView
from helix_app.modelfiles.config import ModelConfig


class LayerView(Protocol):
    """One forward pass's window on the cache, for one layer and those that share its blocks.

    Attributes:
        blocks: those of the sequence, in order, through the one of its last token.
        block_size: tokens of each.
        first: the position of the first slot, 0 where no window has passed any.
        contiguous: the blocks are adjacent, so attention reads the pool in place; otherwise it gathers.
        padded_length: slots of the sequence's blocks, through the end of the last one.
    """

    blocks: Sequence[int]
    block_size: int
    first: int
    contiguous: bool
    padded_length: int

    def write(self, layer: int, kv: torch.Tensor, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new rows of a layer and give all keys and values of the sequence.

        Args:
            kv: ``[2 * kv_heads, rows, head_dim]``, keys before values.
            padded: give whole blocks; what stands behind the sequence's end is finite and means nothing.

        Returns:
            keys and values, each ``[1, kv_heads, length, head_dim]``, from the first slot on that is there: views of
            the pool when contiguous.
        """
        ...

    def seen(self, layer: int, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """What ``write`` gives, of a layer whose new rows are there already."""
        ...

    def put(self, layer: int, kv: torch.Tensor) -> None:
        """Write the new rows of a layer, as ``write``, and give nothing."""
        ...

    def read(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A copy of the sequence's keys and values of a layer, each ``[kv_heads, length, head_dim]``."""
        ...


class CacheView(Protocol):
    """One forward pass's window on the cache, for all layers.

    Attributes:
        states: that on the states of recurrent layers, None in a model without.
        drafting: that on a layer which lies apart (``drafting_cache.py``), None without one.
    """

    states: StateView | None
    drafting: LayerView | None

    def at(self, layer: int) -> LayerView:
        """What a layer sees."""
        ...

    def read(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As ``LayerView.read``."""
        ...


class Cache(Protocol):
    """Keys and values of one model for all sequences.

    Attributes:
        num_blocks, block_size: of the pool that says who owns which block.
        layout: the groups of layers that share blocks.
        keys, values: of each layer of a group, ``[kv_heads, slots, head_dim]``; of each layer that has its own, where
            layers differ in their heads.
        states: those of recurrent layers, None in a model without.
    """

    num_blocks: int
    block_size: int
    layout: Layout
    device: torch.device
    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    states: StateCache | None

    @property
    def block_bytes(self) -> int:
        """Memory of one block of this cache."""
        ...

    def release(self) -> None:
        """Free the memory, whoever still holds this object."""
        ...

    def replaced(self, num_blocks: int) -> Cache:
        """An empty cache of another size; the memory of this one is freed first.

        Raises:
            RuntimeError: the device's own errors; this cache is gone all the same.
        """
        ...

    def view(self, blocks: Sequence[int], length: int, rows: int) -> CacheView:
        """Where one sequence's ``length`` tokens are, the last ``rows`` of which are about to be written."""
        ...

    def view_of(self, table: BlockTable, rows: int) -> CacheView:
        """The same of a sequence of the pool, in all groups of layers."""
        ...

    def copy_block(self, source: int, destination: int) -> None:
        """Copy one block over all layers."""
        ...

    def scrub(self, blocks: Sequence[int], begin: int = 0) -> None:
        """Zero blocks from slot ``begin`` on, over all layers: what is no number must not be read even under a mask."""
        ...


def bytes_per_block(config: ModelConfig, block_size: int, dtype: torch.dtype, layout: Layout | None = None) -> int:
    """Memory of one block, keys and values, over all layers that have their own or those of a group."""
    if layout is None:
        own = (config.heads(i) for i in range(config.num_layers) if config.layer(i).shares is None)
        return sum(2 * heads.kv * heads.dim for heads in own) * block_size * dtype.itemsize
    return layout.numbers(config) * block_size * dtype.itemsize
