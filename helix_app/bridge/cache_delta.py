"""Two snapshots of one cache pool as one: what the second changes laid over what the first showed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from helix_app.protocol.events import CACHE_CELL, NO_OWNER, CacheSnapshot

_CELL = np.dtype(CACHE_CELL)
_INDEX = np.dtype("<u4")


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
    old_cells, owners = _renamed(older, newer.owners)
    new_cells = np.frombuffer(newer.cells, _CELL)
    new_indices = np.frombuffer(newer.indices, _INDEX)
    alive = dict(item for item in older.tables if item[0] in newer.owners)
    tables = tuple({**alive, **dict(newer.tables)}.items())
    if older.full:
        cells = old_cells
        cells[new_indices] = new_cells
        return replace(newer, full=True, indices=b"", cells=cells.tobytes(), owners=owners, tables=tables)
    # The last cell of each block counts: unique() keeps first occurrences, so look from the end.
    indices = np.concatenate([np.frombuffer(older.indices, _INDEX), new_indices])
    cells = np.concatenate([old_cells, new_cells])
    kept, last = np.unique(indices[::-1], return_index=True)
    cells = cells[::-1][last]
    return replace(newer, indices=kept.astype(_INDEX).tobytes(), cells=cells.tobytes(), owners=owners, tables=tables)


def _renamed(older: CacheSnapshot, names: tuple[str, ...]) -> tuple[npt.NDArray[np.void], tuple[str, ...]]:
    """The cells of ``older`` (a copy) with owners numbered by ``names``, and ``names`` with what was missing."""
    cells = np.frombuffer(older.cells, _CELL).copy()
    if older.owners == names[: len(older.owners)]:
        return cells, names
    owned = cells["owner"] != NO_OWNER
    owners = list(names)
    table = np.arange(len(older.owners), dtype="<u2")
    for number in np.unique(cells["owner"][owned]):
        name = older.owners[number]
        if name not in owners:
            owners.append(name)
        table[number] = owners.index(name)
    cells["owner"][owned] = table[cells["owner"][owned]]
    return cells, tuple(owners)
