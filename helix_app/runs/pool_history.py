"""The cache over the time of a run: snapshots are deltas, so whole states are kept in between. No Qt."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from helix_app.protocol.events import NO_BLOCK, NO_OWNER, CacheSnapshot
from helix_app.runs.pool_state import PoolState

KEY_FRAMES = 256  # deltas between two whole states: to go to any moment applies at most that many


class PoolHistory:
    """All snapshots of one pool; any moment can be looked at. Owners in its states are those of the whole run.

    Attributes:
        most_applied: most deltas that one look had to apply (for tests and diagnostics).
    """

    def __init__(self) -> None:
        self._frames: list[CacheSnapshot] = []
        self._marks: list[int] = []  # rounds that were done when the snapshot came
        self._numbers: dict[str, int] = {}  # of all sequences that the run ever saw; they never change
        self._keys: list[PoolState] = []
        self._key_frames: list[int] = []
        self._since_key = 0
        self._latest = PoolState()  # after the last frame
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

    def at(self, rounds: int, name: str = "") -> PoolState:
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
            if index + 4 <= len(blocks) // len(self._latest.windows):  # those of the first group of layers
                block = int(np.frombuffer(blocks, "<u4", 1, index)[0])
                return None if block == NO_BLOCK else block
        return None

    def _apply(self, state: PoolState, frame: int) -> None:
        snapshot = self._frames[frame]
        for name in snapshot.owners:
            self._numbers.setdefault(name, len(self._numbers) % NO_OWNER)
        state.apply(snapshot, self._numbers)
        state.frame = frame
