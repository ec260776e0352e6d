"""The ledger of a pool: what is in use, spared and kept, by hand on pools of a few blocks."""

from __future__ import annotations

from dataclasses import replace

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.runs.pool_state import PoolState
from helix_app.runs.trace import Trace
from helix_app.runs.waste import ledger
from tests.runs.made_runs import READY


def seen(pool: BlockPool) -> PoolState:
    """What a snapshot says of it."""
    state = PoolState()
    state.apply(take_snapshot(pool, "target", full=True))
    return state


def trace(**changes: int) -> Trace:
    made = Trace()
    made.ready = replace(READY, block_size=4, context_length=40, target_block_bytes=100, **changes)
    return made


def grown(pool: BlockPool, name: str, tokens: list[int]) -> None:
    pool.open(name, tokens)
    pool.extend(name, len(tokens))
    pool.commit(name, tokens)


def test_slots_and_bytes_of_a_pool() -> None:
    pool = BlockPool(20, 4)
    grown(pool, "a", list(range(10)))
    pool.fork("a", "b", 10)
    pool.extend("a", 12)
    found = ledger(trace(), seen(pool), 0)
    assert (found.sequences, found.part_filled_blocks, found.empty_slots, found.speculative_slots) == (2, 1, 2, 2)
    assert (found.shared_blocks, found.shared_spared) == (2, 2)
    assert (found.paged_bytes, found.contiguous_bytes, found.saved_bytes) == (400, 2000, 1600)
    assert (found.used_states, found.kept_states, found.kept_bytes) == (0, 0, None)


def test_states_of_recurrent_layers_are_in_use_and_not_spared() -> None:
    pool = BlockPool(20, 4, states=5)
    grown(pool, "a", list(range(10)))
    grown(pool, "b", list(range(20, 30)))
    pool.close("a")
    found = ledger(trace(target_state_bytes=7000), seen(pool), 0)
    assert (found.used_states, found.kept_states, found.kept_bytes) == (1, 2, 14_000)
    assert (found.paged_bytes, found.contiguous_bytes, found.saved_bytes) == (7300, 8000, 700)


def test_without_the_size_of_a_block_nothing_is_said_of_bytes() -> None:
    pool = BlockPool(20, 4, states=5)
    grown(pool, "a", list(range(10)))
    found = ledger(Trace(), seen(pool), 0)
    assert (found.paged_bytes, found.saved_bytes, found.kept_bytes, found.used_states) == (None, None, None, 1)
