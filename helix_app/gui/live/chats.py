"""Which chat wrote which block, also when nobody uses it any more: its colour stays while the block is cached."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helix_app.protocol.events import BLOCK_CACHED, BLOCK_FREE, BLOCK_PASSED, BLOCK_SHARED, BLOCK_USED, NO_OWNER

_NOBODY = -1
_HALF = 0.5  # of a finished sequence's blocks: who takes so many of them over goes on with its chat


class Chats:
    """Remembers, from one state of a pool to the next, which sequence last used a block.

    A reply is a sequence of its own. One that takes over most blocks of a finished one is the same chat going on, and
    has its colour; one that shares a system prompt alone is another.

    Attributes:
        writer: of every block, the number of the sequence that used it last; -1 for none.
    """

    def __init__(self) -> None:
        self.writer: NDArray[np.int64] = np.zeros(0, np.int64)
        self._names: list[str] = []
        self._hues: list[int] = []  # of each name

    def reset(self) -> None:
        """Forget all."""
        self.writer = np.zeros(0, np.int64)
        self._names.clear()
        self._hues.clear()

    def follow(self, cells: NDArray[np.void], owners: tuple[str, ...], changed: NDArray[np.intp] | None = None) -> None:
        """Take in the state of the pool: ``cells`` are CACHE_CELL records of all its blocks.

        Args:
            changed: the blocks that the snapshot told of, whose owners are of ``owners``; None for all.
        """
        if len(self.writer) != len(cells):
            self.reset()
            self.writer = np.full(len(cells), _NOBODY, np.int64)
        state, owner = cells["state"], cells["owner"].astype(np.int64)
        told = np.ones(len(cells), np.bool_)
        if changed is not None:
            told[:] = False
            told[changed] = True
        used = told & ((state == BLOCK_USED) | (state == BLOCK_SHARED)) & (owner < len(owners))
        numbers = np.full(len(owners) + 1, _NOBODY, np.int64)
        for index in np.unique(owner[used]).tolist():
            numbers[index] = self._number(owners[index], np.flatnonzero(used & (owner == index)), owners)
        self.writer[used] = numbers[owner[used]]
        self.writer[state == BLOCK_FREE] = _NOBODY

    def hues(self) -> NDArray[np.int64]:
        """The colour of every block's chat, as a number from 0; NO_OWNER for none."""
        table = np.array([*self._hues, NO_OWNER], np.int64)
        return table[self.writer]

    def name(self, block: int) -> str:
        """Name of the sequence that used a block last; empty for none."""
        number = int(self.writer[block]) if block < len(self.writer) else _NOBODY
        return self._names[number] if number != _NOBODY else ""

    def blocks_of(self, name: str, cells: NDArray[np.void]) -> int:
        """How many blocks the chat of this sequence holds, those that are only cached included."""
        if name not in self._names or len(self.writer) != len(cells):
            return 0
        held = cells["state"] != BLOCK_FREE
        return int((held & (self.hues() == self._hues[self._names.index(name)])).sum())

    def _number(self, name: str, blocks: NDArray[np.intp], alive: tuple[str, ...]) -> int:
        """The number of a sequence; a new one gets the colour of the chat that it goes on with, or one that is free."""
        if name in self._names:
            return self._names.index(name)
        before = self.writer[blocks]
        hue = _NOBODY
        for number in np.unique(before[before != _NOBODY]).tolist():
            whole = int((self.writer == number).sum())
            if self._names[number] not in alive and (before == number).sum() > _HALF * whole:
                hue = self._hues[number]
        if hue == _NOBODY:
            seen = {self._hues[number] for number in np.unique(self.writer).tolist() if number != _NOBODY}
            seen |= {hue for known, hue in zip(self._names, self._hues) if known in alive}
            hue = next(free for free in range(len(seen) + 1) if free not in seen)
        self._names.append(name)
        self._hues.append(hue)
        return len(self._names) - 1


def coloured(cells: NDArray[np.void], hues: NDArray[np.int64]) -> NDArray[np.void]:
    """The cells with the colour of their chat in place of the owner, cached ones too."""
    out = cells.copy()
    held = (cells["state"] == BLOCK_CACHED) | (cells["state"] == BLOCK_PASSED) | (cells["owner"] != NO_OWNER)
    out["owner"] = np.where(held, hues, NO_OWNER).astype(np.uint16)
    return out
