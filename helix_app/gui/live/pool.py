"""The picture of a pool's state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_PASSED,
    BLOCK_SHARED,
    BLOCK_USED,
    NO_OWNER,
)

HUES = 8
MUTED = 0.42  # how much of a chat's colour a cached block of it keeps

Pixels = NDArray[np.uint32]


class CellColours:
    """The colours of the map as 0xffRRGGBB numbers."""

    def __init__(
        self, free: int, edge: int, cached: int, cached_dot: int, shared: int, speculative: int, hues: list[int]
    ) -> None:
        """``muted`` follows from the hues: what cached blocks of a chat are drawn in."""
        self.free, self.edge, self.cached, self.cached_dot = free, edge, cached, cached_dot
        self.shared, self.speculative = shared, speculative
        self.hues = np.array(hues, np.uint32)
        self.muted = _mixed(self.hues, free, MUTED)


def draw_cells(cells: NDArray[np.void], block_size: int, side: int, line: int, c: CellColours) -> Pixels:
    """Pictures of blocks.

    Args:
        cells: [n] CACHE_CELL records.
        side: pixels of a cell's edge.
        line: pixels of a thin line.

    Returns:
        [n, side, side] colours: free is background; used is filled from below in the hue of its
        sequence, striped from the ninth sequence on; draft slots are a vermillion cap over it with a
        dark line below; shared has an outline; cached is muted with a dot, in what is left of its owner's hue if it
        names one; what fell out of a window is so too, with a line across in place of the dot.
    """
    count = len(cells)
    state, owner = cells["state"], cells["owner"].astype(np.int64)
    y = np.arange(side).reshape(1, side, 1)
    x = np.arange(side).reshape(1, 1, side)
    full = np.minimum(cells["fill"].astype(np.int64), block_size)
    draft = np.minimum(cells["speculative"].astype(np.int64), full)
    height = np.ceil(full * side / block_size).astype(np.int64)
    cap = np.where(draft > 0, np.maximum(np.ceil(draft * side / block_size).astype(np.int64), min(2, side)), 0)
    top = (side - height).reshape(-1, 1, 1)  # first filled row
    below = np.minimum(side, side - height + cap).reshape(-1, 1, 1)  # first row under the draft slots
    held = ((state == BLOCK_USED) | (state == BLOCK_SHARED)).reshape(-1, 1, 1)
    passed = (state == BLOCK_PASSED).reshape(-1, 1, 1)
    cached = (state == BLOCK_CACHED).reshape(-1, 1, 1)

    out: Pixels = np.full((count, side, side), c.free, np.uint32)
    known = owner != NO_OWNER
    hue = np.where(known, c.hues[np.where(known, owner, 0) % len(c.hues)], c.edge).astype(np.uint32).reshape(-1, 1, 1)
    filled = y >= top
    np.copyto(out, np.broadcast_to(hue, out.shape), where=held & filled)
    period = max(4, 4 * line)
    stripes = ((x + y) % period < max(1, period // 3)) & (known & (owner >= HUES)).reshape(-1, 1, 1)
    np.copyto(out, np.uint32(c.shared), where=held & filled & stripes)
    np.copyto(out, np.uint32(c.speculative), where=held & filled & (y < below))
    faded = np.where(known, c.muted[np.where(known, owner, 0) % len(c.hues)], c.cached).astype(np.uint32)
    np.copyto(out, np.broadcast_to(faded.reshape(-1, 1, 1), out.shape), where=(cached | passed) & filled)
    dot = max(line, side // 5)
    middle = (side - dot) // 2
    spot = (x >= middle) & (x < middle + dot) & (y >= middle) & (y < middle + dot)
    np.copyto(out, np.uint32(c.cached_dot), where=cached & spot)
    across = np.abs(x - (side - 1 - y)) < line
    np.copyto(out, np.uint32(c.cached_dot), where=passed & across)
    rim = (x < line) | (x >= side - line) | (y < line) | (y >= side - line)
    np.copyto(out, np.uint32(c.edge), where=held & rim & ~filled)
    np.copyto(out, np.uint32(c.shared), where=(state == BLOCK_SHARED).reshape(-1, 1, 1) & rim)
    return out


def _mixed(colours: NDArray[np.uint32], back: int, share: float) -> NDArray[np.uint32]:
    """So much of each colour over a background, channel by channel."""
    over = colours.view(np.uint8).reshape(-1, 4).astype(np.float64)
    under = np.array([back], np.uint32).view(np.uint8).astype(np.float64)
    return np.rint(share * over + (1 - share) * under).astype(np.uint8).view(np.uint32).reshape(-1)


def pages_in_use(cells: NDArray[np.void], page: int) -> NDArray[np.intp]:
    """The blocks of every page of so many that holds something, in order; the first page where none does."""
    starts = np.arange(0, len(cells), page)
    held = np.logical_or.reduceat(cells["state"] != BLOCK_FREE, starts)
    held[0] |= not held.any()
    return np.flatnonzero(np.repeat(held, page)[: len(cells)])


def state_word(state: int) -> str:
    """Key of what a state is called; the widget translates it."""
    words = {BLOCK_USED: "used", BLOCK_SHARED: "shared", BLOCK_CACHED: "cached", BLOCK_PASSED: "passed"}
    return words.get(state, "free")


def grid_for(blocks: int, width: int, height: int, least: int, most: int) -> tuple[int, int]:
    """Pitch of a cell and number of columns so that all blocks fit, or the smallest pitch that stays legible."""
    for pitch in range(most, least - 1, -1):
        columns = max(1, width // pitch)
        if -(-blocks // columns) * pitch <= height:
            return pitch, columns
    return least, max(1, width // least)
