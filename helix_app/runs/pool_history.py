"""The cache over the time of a run: snapshots are deltas, so whole states are kept in between. No Qt."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from helix_app.protocol.events import CACHE_CELL, NO_OWNER, CacheSnapshot

CELL = np.dtype(CACHE_CELL)
KEY_FRAMES = 256  # deltas between two whole states: to go to any moment applies at most that many


@dataclass
class PoolView:
    """A pool at one moment.

    Attributes:
        cells: one CACHE_CELL record a block; ``owner`` points into ``owners``.
        owners: names of all sequences the run ever saw; the numbers never change.
        tables: blocks of each live sequence in order, as uint32 little-endian.
        used, cached, free: blocks.
        frame: number of the snapshot this is, -1 before the first.
    """

    cells: NDArray[np.void]
    block_size: int
    owners: tuple[str, ...] = ()
    tables: dict[str, bytes] = field(default_factory=dict)
    used: int = 0
    cached: int = 0
    free: int = 0
    frame: int = -1

    def copy(self) -> PoolView:
        """A state of its own to change."""
        return PoolView(
            self.cells.copy(),
            self.block_size,
            self.owners,
            dict(self.tables),
            self.used,
            self.cached,
            self.free,
            self.frame,
        )

    def blocks_of(self, name: str) -> list[int]:
        """The blocks of a sequence in order; empty when it is not live or its table is not known."""
        return [int(block) for block in np.frombuffer(self.tables.get(name, b""), "<u4")]


class PoolHistory:
    """All snapshots of one pool; any moment can be looked at.

    Attributes:
        most_applied: most deltas that one look had to apply (for tests and diagnostics).
    """

    def __init__(self) -> None:
        self._frames: list[CacheSnapshot] = []
        self._marks: list[int] = []  # rounds that were done when the snapshot came
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._keys: list[PoolView] = []
        self._key_frames: list[int] = []
        self._since_key = 0
        self._latest = PoolView(np.zeros(0, CELL), 16)  # after the last frame
        self._looked = self._latest  # where the last look was
        self._listed: dict[str, tuple[list[int], list[bytes]]] = {}  # name -> frames, and its blocks from each on
        self.most_applied = 0

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, snapshot: CacheSnapshot, rounds: int) -> None:
        """One more snapshot, after so many rounds."""
        self._frames.append(snapshot)
        self._marks.append(rounds)
        for name, blocks in snapshot.tables:
            frames, tables = self._listed.setdefault(name, ([], []))
            frames.append(len(self._frames) - 1)
            tables.append(blocks)
        self._apply(self._latest, len(self._frames) - 1)
        self._since_key += 1
        if not self._keys or self._since_key >= KEY_FRAMES:
            self._keys.append(self._latest.copy())
            self._key_frames.append(self._latest.frame)
            self._since_key = 0

    def at(self, rounds: int, name: str = "") -> PoolView:
        """The pool when so many rounds were done: as the last snapshot until then told it, else the first one.

        With ``name``, a snapshot in which that sequence is over gives way to one of the same round where it is not.
        """
        if not self._frames:
            return self._latest
        frame = last = max(0, bisect_right(self._marks, rounds) - 1)
        while name and frame and self._marks[frame] == self._marks[last]:
            if name in self._frames[frame].owners:
                last = frame
                break
            frame -= 1
        frame = last
        key = max(0, bisect_right(self._key_frames, frame) - 1)
        state = self._looked
        if not self._keys[key].frame <= state.frame <= frame:
            state = self._keys[key].copy()
        applied = 0
        while state.frame < frame:
            self._apply(state, state.frame + 1)
            applied += 1
        self.most_applied = max(self.most_applied, applied)
        self._looked = state
        return state

    def table_for(self, name: str, slot: int, frame: int) -> int | None:
        """The block that holds a slot of a sequence, as of a frame or as soon after it as its block is known."""
        frames, tables = self._listed.get(name, ([], []))
        at = max(0, bisect_right(frames, frame) - 1)
        for blocks in tables[at : at + 8]:
            index = slot // self._latest.block_size * 4
            if index + 4 <= len(blocks):
                return int(np.frombuffer(blocks, "<u4", 1, index)[0])
        return None

    def _apply(self, state: PoolView, frame: int) -> None:
        snapshot = self._frames[frame]
        if len(state.cells) != snapshot.num_blocks:
            state.cells = np.zeros(snapshot.num_blocks, CELL)
            state.cells["owner"] = NO_OWNER
        cells = np.frombuffer(snapshot.cells, CELL)
        if snapshot.owners:
            cells = cells.copy()
            numbers = np.full(NO_OWNER + 1, NO_OWNER, "<u2")
            numbers[: len(snapshot.owners)] = [self._number(name) for name in snapshot.owners]
            cells["owner"] = numbers[cells["owner"]]
        if snapshot.full:
            state.cells[:] = cells
            state.tables = {}
        else:
            indices = np.frombuffer(snapshot.indices, "<u4").astype(np.intp)
            inside = indices < len(state.cells)
            state.cells[indices[inside]] = cells[inside]
            state.tables = {name: blocks for name, blocks in state.tables.items() if name in snapshot.owners}
        state.tables.update(snapshot.tables)
        state.owners = tuple(self._names)
        state.block_size = max(1, snapshot.block_size)
        state.used, state.cached, state.free = snapshot.used_blocks, snapshot.cached_blocks, snapshot.free_blocks
        state.frame = frame

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._names) % NO_OWNER
            self._names.append(name)
        return self._numbers[name]
