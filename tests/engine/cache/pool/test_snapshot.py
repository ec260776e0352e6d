"""What a snapshot tells of a pool: states of recurrent layers, and how often content gave way."""

from __future__ import annotations

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot


def grown(pool: BlockPool, name: str, tokens: list[int]) -> None:
    pool.open(name, tokens)
    pool.extend(name, len(tokens))
    pool.commit(name, tokens)


def test_states_in_use_and_kept_are_counted() -> None:
    pool = BlockPool(4, 4, states=5)
    grown(pool, "a", list(range(9)))
    told = take_snapshot(pool, "target", full=True)
    assert (told.states, told.used_states, told.kept_states) == (5, 1, 1)
    pool.close("a")
    told = take_snapshot(pool, "target", full=False)
    assert (told.used_states, told.kept_states, told.evicted_blocks) == (0, 1, 0)
    grown(pool, "b", list(range(20, 29)))
    told = take_snapshot(pool, "target", full=False)
    assert (told.used_states, told.kept_states, told.evicted_blocks) == (1, 1, 1), "its checkpoint went with a block"


def test_without_recurrent_layers_there_are_no_states() -> None:
    pool = BlockPool(4, 4)
    grown(pool, "a", list(range(9)))
    told = take_snapshot(pool, "target", full=True)
    assert (told.states, told.used_states, told.kept_states, told.used_blocks) == (0, 0, 0, 3)
