"""The tensor behind the block pool where layers differ in their heads.

Layout: ``[planes, slots, width]``, slot = block * block_size + offset, divided as ``layout.Planes`` says. A layer's
keys and values are its planes, or its part of them: ``[2 * kv_heads, slots, head_dim]``, the heads of the keys before
those of the values, in steps of ``width``. So the blocks of a sequence that happen to be adjacent are read in place,
whatever the size of a layer's heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from helix_app.engine.cache.base import LayerView
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.pooled import GroupedView, PooledCache, Window
from helix_app.engine.cache.state_cache import StateCache, StateView
from helix_app.engine.cache.zeros import zeros
from helix_app.engine.machine.untracked import untracked

Both = tuple[torch.Tensor, torch.Tensor]


class PlaneCache(PooledCache):
    """Keys and values of one model for all sequences; its layout is one with planes.

    Attributes:
        joined: of each layer, ``[2 * kv_heads, slots, head_dim]``: views of the pool, of one that shares the other's.
        keys, values: of each layer that has its own, ``[kv_heads, slots, head_dim]``: the same.
    """

    states: StateCache | None = None

    def _reserve(self) -> None:
        """Mutates: ``pool`` and its views, divided as the layout's planes say."""
        planes, slots = self.layout.planes, self.num_blocks * self.block_size
        assert planes is not None
        with untracked(self.device):
            self.pool = zeros((planes.count, slots, planes.width), self._dtype, self.device)
            self.joined = []
            for group, index in self.layout.places:
                kv_heads, dim = planes.shapes[group]
                plane, begin = planes.place(group, index)
                self.joined.append(self.pool[plane : plane + 2 * kv_heads, :, begin : begin + dim])
            own = [joined for i, joined in enumerate(self.joined) if self._config.layer(i).shares is None]
            self.keys = [joined[: joined.shape[0] // 2] for joined in own]
            self.values = [joined[joined.shape[0] // 2 :] for joined in own]

    def release(self) -> None:
        """Free the memory, whoever still holds this object."""
        self.pool, self.joined, self.keys, self.values = torch.empty(0), [], [], []

    def view(self, blocks: Sequence[int], length: int, rows: int) -> PlaneView:
        """Where a sequence's ``length`` tokens are, of layers that all have the same blocks."""
        return PlaneView(self, blocks, length, rows)

    def view_of(self, table: BlockTable, rows: int) -> GroupedView[PlaneView]:
        """Where one sequence's tokens are, in all groups of layers."""
        views = [PlaneView(self, held.blocks, table.length, rows, held.begin) for held in table.groups]
        return GroupedView(views, self.layout)


class PlaneView(Window):
    """One forward pass's window on the cache, for the layers of one group; as ``base.LayerView``."""

    states: StateView | None = None
    drafting: LayerView | None = None

    def __init__(self, cache: PlaneCache, blocks: Sequence[int], length: int, rows: int, begin: int = 0) -> None:
        """``begin``: how many of the sequence's first blocks are not there any more."""
        super().__init__(cache.block_size, blocks, length, rows, begin)
        self.cache = cache
        self._found: torch.Tensor | None = None

    def write(self, layer: int, kv: torch.Tensor, padded: bool = False) -> Both:
        """Write the new rows of a layer ``[2 * kv_heads, rows, head_dim]`` and give what ``seen`` gives."""
        self.put(layer, kv)
        return self.seen(layer, padded)

    def put(self, layer: int, kv: torch.Tensor) -> None:
        """Write the new rows of a layer, as ``write``, and give nothing."""
        joined, begin = self.cache.joined[layer], self._length - self._rows
        if self.contiguous:
            joined[:, self._base + begin : self._base + self._length].copy_(kv)
        else:
            joined[:, self._slots()[begin : self._length]] = kv

    def seen(self, layer: int, padded: bool = False) -> Both:
        """All keys and all values, each ``[1, kv_heads, length, head_dim]``, from the first slot that is there: views
        of the pool when contiguous. ``padded``: whole blocks."""
        both = self._all(layer, self.padded_length if padded else self._length).unsqueeze(0)
        half = both.shape[1] // 2
        return both[:, :half], both[:, half:]

    def read(self, layer: int) -> Both:
        """A copy of the sequence's keys and values of a layer, each ``[kv_heads, length, head_dim]``."""
        keys, values = self._all(layer, self._length).clone().chunk(2)
        return keys, values

    def at(self, layer: int) -> PlaneView:
        """The view of a layer's group: this one."""
        return self

    def _all(self, layer: int, length: int) -> torch.Tensor:
        joined = self.cache.joined[layer]
        if self.contiguous:
            return joined[:, self._base : self._base + length]
        return joined.index_select(1, self._slots()[:length])

    def _slots(self) -> torch.Tensor:
        """The slots of blocks that are not adjacent."""
        if self._found is None:
            self._found = self._slots_of(torch.tensor(self.blocks, dtype=torch.int64).to(self.cache.device))
        return self._found
