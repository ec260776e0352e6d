"""Blocks with nothing worth keeping, in the order in which they are handed out.

A sequence whose blocks lie side by side is read in place; one with scattered blocks is gathered. So a new sequence
begins where nobody else is writing: the pool is seen as a few regions, and it takes the start of an empty one while
there is such a one. Every operation is O(1) (a look at 16 counters).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

_REGIONS = 16


class FreeList:
    """An ordered set of blocks."""

    def __init__(self, blocks: Iterable[int], num_blocks: int, by_region: bool) -> None:
        """``by_region`` lets sequences begin in empty regions; without it order alone decides."""
        self._blocks: OrderedDict[int, None] = OrderedDict.fromkeys(blocks)
        self._size = -(-num_blocks // _REGIONS)  # blocks of a region
        self._counts = [0] * -(-num_blocks // self._size) if by_region else []
        for block in self._blocks:
            self._count(block, 1)

    def __len__(self) -> int:
        return len(self._blocks)

    def __contains__(self, block: object) -> bool:
        return block in self._blocks

    def add(self, block: int) -> None:
        """Put a block at the end."""
        assert block not in self._blocks
        self._blocks[block] = None
        self._count(block, 1)

    def remove(self, block: int) -> None:
        """Take this block out."""
        del self._blocks[block]
        self._count(block, -1)

    def pop(self, first_of_sequence: bool = False, last: bool = False) -> int:
        """Take a block out: the start of an empty region for a new sequence, else the first in order.

        Args:
            last: take the last such region, or the last in order.
        """
        block = self._start(last) if first_of_sequence else None
        if block is None:
            block = next(reversed(self._blocks) if last else iter(self._blocks))
        self.remove(block)
        return block

    def _start(self, last: bool) -> int | None:
        regions = list(enumerate(self._counts))
        for region, count in reversed(regions) if last else regions:
            if count == self._size:
                return region * self._size
        return None

    def _count(self, block: int, by: int) -> None:
        if self._counts:
            self._counts[block // self._size] += by
