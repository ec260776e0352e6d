"""What snapshots of a cache pool say: whole states, changes laid over them, and two changes as one. No Qt, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from helix_app.protocol.events import CACHE_CELL, NO_OWNER, CacheSnapshot

CELL = np.dtype(CACHE_CELL)
_INDEX = np.dtype("<u4")

Cells = NDArray[np.void]


@dataclass
class PoolState:
    """Every block of one pool.

    Attributes:
        cells: one CACHE_CELL record a block; ``owner`` points into ``owners``.
        owners: names of the sequences.
        tables: blocks of each live sequence in order, as uint32 little-endian.
        used, cached, free: blocks.
        windows: tokens that the layers of each group look back over; 0 is all.
        passed: blocks that the live sequences do without, because their tokens fell out of a window.
        states, used_states, kept_states: of recurrent layers: room, those in use, and those kept for prompts to come.
        frame: number of the snapshot this is, where somebody counts them; -1 before the first.
        readers: of each group, layers that read there and have no blocks of their own; () for none.
    """

    cells: Cells = field(default_factory=lambda: np.zeros(0, CELL))
    block_size: int = 16
    owners: tuple[str, ...] = ()
    tables: dict[str, bytes] = field(default_factory=dict)
    used: int = 0
    cached: int = 0
    free: int = 0
    windows: tuple[int, ...] = (0,)
    passed: int = 0
    states: int = 0
    used_states: int = 0
    kept_states: int = 0
    frame: int = -1
    readers: tuple[int, ...] = ()

    def reset(self) -> None:
        """Forget every block."""
        self.cells = self.cells[:0]

    def copy(self) -> PoolState:
        """A state of its own to change."""
        return replace(self, cells=self.cells.copy(), tables=dict(self.tables))

    def apply(self, snapshot: CacheSnapshot, numbers: Mapping[str, int] | None = None) -> NDArray[np.intp] | None:
        """Take a snapshot in; returns the blocks that changed, None when all may have.

        A delta for a pool never seen in full, or of another size, starts from free blocks.

        Args:
            numbers: what ``owner`` is for each name, in all snapshots; None takes those of the snapshot, which blocks
                that it does not tell of may not share.
        """
        whole = snapshot.full or len(self.cells) != snapshot.num_blocks
        if len(self.cells) != snapshot.num_blocks:
            self.cells = np.zeros(snapshot.num_blocks, CELL)
            self.cells["owner"] = NO_OWNER
        self.owners = snapshot.owners if numbers is None else tuple(numbers)
        self.block_size = max(1, snapshot.block_size)
        self.used, self.cached, self.free = snapshot.used_blocks, snapshot.cached_blocks, snapshot.free_blocks
        self.windows, self.passed = snapshot.windows or (0,), snapshot.passed_blocks
        self.states, self.used_states, self.kept_states = snapshot.states, snapshot.used_states, snapshot.kept_states
        self.readers = snapshot.readers
        self.tables = _tables(self.tables, snapshot)
        cells = _cells(snapshot, numbers)
        if snapshot.full:
            self.cells[: len(cells)] = cells[: len(self.cells)]
            return None
        indices = _indices(snapshot)[: len(cells)]
        inside = indices < len(self.cells)
        self.cells[indices[inside]] = cells[: len(indices)][inside]
        return None if whole else indices[inside]

    def owner_name(self, index: int) -> str:
        """Name of the sequence that uses a block, empty when none does."""
        owner = int(self.cells["owner"][index])
        return self.owners[owner] if owner != NO_OWNER and owner < len(self.owners) else ""

    def first_slot(self, name: str, block: int) -> int | None:
        """The slot that a block begins with in a sequence; None where it has not got it, or that is not known."""
        table = np.frombuffer(self.tables.get(name, b""), _INDEX)
        found = np.flatnonzero(table == block)
        return int(found[0]) % (len(table) // len(self.windows)) * self.block_size if len(found) else None


def mergeable(older: CacheSnapshot, newer: CacheSnapshot) -> bool:
    """Whether ``merge`` can make one snapshot of these two."""
    if older.pool != newer.pool:
        return False
    return newer.full or (older.num_blocks, older.block_size) == (newer.num_blocks, newer.block_size)


def merge(older: CacheSnapshot, newer: CacheSnapshot) -> CacheSnapshot:
    """One snapshot with the effect of ``older`` and then ``newer``. Both must be ``mergeable``.

    The owners of the result are those of ``newer``, then those that only cells of ``older`` still name.
    """
    if newer.full:
        return newer
    before, after = _indices(older), _indices(newer)
    told = np.zeros(newer.num_blocks, np.bool_)
    told[after] = True
    lasting = ~told[before]
    owners = newer.owners
    if older.owners != owners[: len(older.owners)]:
        named = [older.owners[number] for number in np.unique(_cells(older)["owner"][lasting]) if number != NO_OWNER]
        owners = (*owners, *(name for name in named if name not in owners))
    cells = _cells(older, {name: number for number, name in reversed(list(enumerate(owners)))})
    if older.full:
        cells = cells.copy()
        cells[after] = _cells(newer)
    else:
        cells = np.concatenate([cells[lasting], _cells(newer)])
    return replace(
        newer,
        full=older.full,
        indices=b"" if older.full else np.concatenate([before[lasting], after]).astype(_INDEX).tobytes(),
        cells=cells.tobytes(),
        owners=owners,
        tables=tuple(_tables(dict(older.tables), newer).items()),
    )


def _indices(snapshot: CacheSnapshot) -> NDArray[np.intp]:
    """The blocks that a snapshot tells of."""
    if snapshot.full:
        return np.arange(snapshot.num_blocks)
    return np.frombuffer(snapshot.indices, _INDEX).astype(np.intp)


def _cells(snapshot: CacheSnapshot, numbers: Mapping[str, int] | None = None) -> Cells:
    """The cells of a snapshot; with ``numbers``, owners are numbered by these, those without one are nobody."""
    cells = np.frombuffer(snapshot.cells, CELL)
    if numbers is None or all(numbers.get(name) == number for number, name in enumerate(snapshot.owners)):
        return cells
    table = np.full(NO_OWNER + 1, NO_OWNER, "<u2")
    table[: len(snapshot.owners)] = [numbers.get(name, NO_OWNER) for name in snapshot.owners]
    cells = cells.copy()
    cells["owner"] = table[cells["owner"]]
    return cells


def _tables(known: dict[str, bytes], snapshot: CacheSnapshot) -> dict[str, bytes]:
    """What is known of the tables after one more snapshot: a sequence that it does not name is over."""
    kept = {} if snapshot.full else {name: blocks for name, blocks in known.items() if name in snapshot.owners}
    return {**kept, **dict(snapshot.tables)}
