"""What caches of one tensor have in common, and what each window on a cache knows of a sequence's blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import torch

from helix_app.engine.cache.base import LayerView, bytes_per_block
from helix_app.engine.cache.layout import Layout, whole_of
from helix_app.engine.cache.state_cache import StateView
from helix_app.engine.machine.untracked import untracked
from helix_app.modelfiles.config import ModelConfig

Own = TypeVar("Own", bound="PooledCache")
View = TypeVar("View", bound=LayerView)


class PooledCache(ABC):
    """A cache whose blocks lie side by side in one tensor, ``pool``: ``[..., slots, width]``; see ``base.Cache``.

    Attributes:
        num_blocks, block_size: of the pool that says who owns which block.
        layout: the groups of layers.
        pool: all of it.
    """

    pool: torch.Tensor

    def __init__(
        self,
        config: ModelConfig,
        num_blocks: int,
        block_size: int,
        dtype: torch.dtype,
        device: torch.device,
        layout: Layout | None = None,
    ) -> None:
        """Reserve the memory, all zeros: slots that were never written may be read under a mask.

        On CPUs the system hands out pages only as blocks are first written.

        Args:
            layout: one group that keeps all tokens unless given.
        """
        self.num_blocks, self.block_size, self.device = num_blocks, block_size, device
        self.layout = layout or whole_of(config)
        self._config, self._dtype = config, dtype
        self._reserve()

    @abstractmethod
    def _reserve(self) -> None:
        """Make ``pool``, and the views of it."""

    @abstractmethod
    def release(self) -> None:
        """Free the memory, whoever still holds this object."""

    def replaced(self: Own, num_blocks: int) -> Own:
        """An empty cache of another size; the memory of this one is freed first.

        Raises:
            RuntimeError: the device's own errors; this cache is gone all the same.
        """
        self.release()
        return type(self)(self._config, num_blocks, self.block_size, self._dtype, self.device, self.layout)

    @property
    def block_bytes(self) -> int:
        """Memory of one block of this cache."""
        return bytes_per_block(self._config, self.block_size, self._dtype, self.layout)

    def copy_block(self, source: int, destination: int) -> None:
        """Copy one block over all layers."""
        size = self.block_size
        a, b = source * size, destination * size
        with untracked(self.device):
            self.pool[..., b : b + size, :] = self.pool[..., a : a + size, :]

    def scrub(self, blocks: Sequence[int], begin: int = 0) -> None:
        """Zero blocks from slot ``begin`` on, over all layers: what is no number must not be read even under a mask."""
        size = self.block_size
        with untracked(self.device):
            for block in blocks:
                self.pool[..., block * size + begin : (block + 1) * size, :] = 0


class Window:
    """Where a sequence's tokens lie in a cache, for the layers of one group; what ``base.LayerView`` says of it."""

    def __init__(self, block_size: int, blocks: Sequence[int], length: int, rows: int, begin: int = 0) -> None:
        """
        Args:
            length: tokens of the sequence, the last ``rows`` of which are about to be written.
            begin: how many of the sequence's first blocks are not there any more.
        """
        self.block_size, self.begin, self.first = block_size, begin, begin * block_size
        # counted from the first slot that is there, from here on
        self._length, self._rows = length - self.first, rows
        self.blocks = used = blocks[: -(-self._length // block_size)]
        self._base = used[0] * block_size if used else 0
        self.contiguous = all(block * block_size == self._base + i * block_size for i, block in enumerate(used))
        self.padded_length = len(used) * block_size

    def _slots_of(self, table: torch.Tensor) -> torch.Tensor:
        """The slots of blocks, ``[blocks]`` to ``[blocks * block_size]``."""
        return (table[:, None] * self.block_size + torch.arange(self.block_size, device=table.device)).view(-1)


class GroupedView(Generic[View]):
    """The same for all layers of a model whose groups have their own blocks, as ``base.CacheView``.

    Attributes:
        views: of each group.
    """

    states: StateView | None = None
    drafting: LayerView | None = None

    def __init__(self, views: Sequence[View], layout: Layout) -> None:
        self.views, self._places = tuple(views), layout.places

    def at(self, layer: int) -> View:
        """The view of a layer's group, or of the one whose keys and values it reads."""
        return self.views[self._places[layer][0]]

    def read(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As ``LayerView.read``, of the tokens that are still there."""
        return self.at(layer).read(layer)
