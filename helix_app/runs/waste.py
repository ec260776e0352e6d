"""What the cache wastes and what paging saves, at one moment of a run. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helix_app.protocol.events import BLOCK_SHARED, BLOCK_USED, PoolName
from helix_app.runs.pool_state import PoolState
from helix_app.runs.trace import Trace


@dataclass(frozen=True)
class Ledger:
    """Slots and bytes.

    Attributes:
        part_filled_blocks, empty_slots: blocks in use that are not full, and the slots in them that hold nothing.
        speculative_slots: slots that hold draft tokens nobody has judged yet.
        rolled_back_slots: written for draft tokens that were rejected, and freed again, since the reply began.
        shared_blocks, shared_spared: blocks that several sequences use, and how many more there would be without.
        sequences: that use blocks.
        paged_bytes: memory of the blocks in use; None where the size of a block is not known.
        contiguous_bytes: what those sequences would hold if each had reserved the whole context at its start.
        passed_blocks: that those sequences do without, because their tokens fell out of the window of their layers.
        used_states, kept_states: of recurrent layers, in use and kept for prompts to come.
        kept_bytes: memory of the latter; None where the size of a state is not known.
    """

    part_filled_blocks: int
    empty_slots: int
    speculative_slots: int
    rolled_back_slots: int
    shared_blocks: int
    shared_spared: int
    sequences: int
    paged_bytes: int | None
    contiguous_bytes: int | None
    passed_blocks: int = 0
    used_states: int = 0
    kept_states: int = 0
    kept_bytes: int | None = None

    @property
    def saved_bytes(self) -> int | None:
        """What paging saves against contiguous reservation."""
        if self.paged_bytes is None or self.contiguous_bytes is None:
            return None
        return self.contiguous_bytes - self.paged_bytes


def ledger(trace: Trace, view: PoolState, rounds: int, pool: PoolName = "target") -> Ledger:
    """The books when so many rounds were done; ``view`` is the pool then."""
    cells, size = view.cells, view.block_size
    held = cells[np.isin(cells["state"], (BLOCK_USED, BLOCK_SHARED))]
    part = held[held["fill"] < size]
    shared = held[held["state"] == BLOCK_SHARED]
    sequences = len(view.tables) or len(np.unique(held["owner"]))
    ready = trace.ready
    block_bytes = 0 if ready is None else ready.target_block_bytes if pool == "target" else ready.draft_block_bytes
    state_bytes = 0 if ready is None else ready.target_state_bytes if pool == "target" else ready.draft_state_bytes
    paged = contiguous = None
    if ready is not None and block_bytes:
        states = view.used_states * state_bytes  # paging spares nothing of them
        paged = len(held) * block_bytes + states
        contiguous = sequences * -(-ready.context_length // size) * block_bytes * len(view.windows) + states
    done = min(rounds, len(trace.rejected))
    return Ledger(
        part_filled_blocks=len(part),
        empty_slots=int(size * len(part) - part["fill"].astype(np.int64).sum()),
        speculative_slots=int(held["speculative"].astype(np.int64).sum()),
        rolled_back_slots=trace.rejected[done - 1] if done else 0,
        shared_blocks=len(shared),
        shared_spared=int(shared["refcount"].astype(np.int64).sum()) - len(shared),
        sequences=sequences,
        paged_bytes=paged,
        contiguous_bytes=contiguous,
        passed_blocks=view.passed,
        used_states=view.used_states,
        kept_states=view.kept_states,
        kept_bytes=view.kept_states * state_bytes if state_bytes else None,
    )
