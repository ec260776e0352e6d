"""Blocks that no sequence uses, and the order in which they are given to one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from helix_app.engine.cache.pool.free_list import FreeList


class FreeBlocks:
    """Blank blocks, and cached ones: those that hold reusable tokens.

    Cached ones are taken when no blank one is left. Those that a window gave back go first, for only a prompt that
    leaves the known one close behind them needs them; then the least recently used.
    """

    def __init__(self, num_blocks: int, order: Iterable[int] | None) -> None:
        """``order`` is the order in which blank blocks are first handed out, adjacent ones apart; None for by place."""
        self._adjacent = order is None
        self._blank = FreeList(range(num_blocks) if order is None else order, num_blocks, by_region=self._adjacent)
        self._cached: OrderedDict[int, None] = OrderedDict()  # least recently used first
        self._passed: OrderedDict[int, None] = OrderedDict()  # given back by a window, longest ago first

    def __len__(self) -> int:
        return len(self._blank) + self.cached

    @property
    def cached(self) -> int:
        """How many hold reusable tokens."""
        return len(self._cached) + len(self._passed)

    def is_blank(self, block: int) -> bool:
        """Whether a block is free and holds nothing worth keeping."""
        return block in self._blank

    def is_cached(self, block: int) -> bool:
        """Whether a block is free and holds reusable tokens."""
        return block in self._cached or block in self._passed

    def is_passed(self, block: int) -> bool:
        """Whether a cached block was given back by a window."""
        return block in self._passed

    def add_blank(self, block: int) -> None:
        """A block with nothing worth keeping is free."""
        self._blank.add(block)

    def add_cached(self, block: int, passed: bool = False) -> None:
        """A block with reusable tokens is free; ``passed``: a window gave it back."""
        (self._passed if passed else self._cached)[block] = None

    def remove_cached(self, block: int) -> None:
        """Take out one that holds reusable tokens."""
        del (self._passed if block in self._passed else self._cached)[block]

    def take(self, wanted: int | None, last: bool) -> int:
        """Take a block out, whose tokens are lost then.

        Args:
            wanted: this one if it is to be had; None for the first one of a sequence.
            last: else one from the end of the pool, not from its beginning.
        """
        if self._adjacent and wanted is not None:
            if wanted in self._blank:
                self._blank.remove(wanted)
                return wanted
            if wanted in self._passed and not self._blank:
                del self._passed[wanted]
                return wanted
        if self._blank:
            return self._blank.pop(wanted is None or last, last=last and self._adjacent)
        return (self._passed or self._cached).popitem(last=False)[0]

    def all_cached(self) -> list[int]:
        """Those that hold reusable tokens, the first to be taken first."""
        return [*self._passed, *self._cached]
