"""Groups of layers with a window over one pool: what is given back, found again and shared."""

from __future__ import annotations

import pytest

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.protocol.events import BLOCK_PASSED, NO_BLOCK
from helix_app.runs.pool_state import PoolState

TEXT = list(range(100, 140))


def written(pool: BlockPool, name: str, count: int, step: int = 1) -> int:
    """A sequence of the first tokens of ``TEXT``, so many at a time. Returns what it found in the cache."""
    hit = pool.open(name, TEXT[:count])
    for end in range(hit + step, count + 1, step):
        pool.extend(name, end)
        pool.commit(name, TEXT[:end])
        pool.check_integrity()
    return hit


def held(pool: BlockPool, name: str) -> list[tuple[int, int]]:
    return [(group.begin, len(group.blocks)) for group in pool.tables()[name].groups]


@pytest.mark.parametrize(
    ("length", "begin"), [(3, 0), (5, 0), (8, 0), (9, 1), (12, 1), (13, 2), (16, 2), (17, 3)], ids=str
)
def test_a_block_goes_with_the_last_row_that_sees_it(length: int, begin: int) -> None:
    """A window of six: the row after 9 tokens sees tokens 4 to 9, and so no more of the first block of four."""
    pool = BlockPool(20, 4, windows=(0, 6))
    written(pool, "a", length)
    assert held(pool, "a") == [(0, -(-length // 4)), (begin, -(-length // 4) - begin)]
    assert pool.passed_blocks == begin


def test_drafted_rows_do_not_move_a_window() -> None:
    pool = BlockPool(20, 4, windows=(5,))
    written(pool, "a", 8)
    pool.extend("a", 17)
    assert held(pool, "a") == [(1, 4)]
    pool.truncate("a", 8)
    assert held(pool, "a") == [(1, 1)]


def test_memory_of_a_sequence_is_bounded_where_every_layer_has_a_window() -> None:
    pool = BlockPool(4, 4, windows=(6,))
    written(pool, "a", 40)
    assert (pool.used_blocks, pool.cached_blocks) == (2, 2)


def test_a_prompt_goes_on_where_each_group_has_what_its_next_row_sees() -> None:
    pool = BlockPool(40, 4, windows=(0, 6))
    written(pool, "a", 32)
    pool.close("a")
    assert written(pool, "b", 31) == 28
    assert held(pool, "b") == [(0, 8), (6, 2)]
    pool.close("b")
    # what fell out of the window is taken before anything else: only the end of the text can be gone on with then
    pool.open("other", ())
    pool.extend("other", 4 * 14)
    pool.close("other")
    assert [written(pool, f"at {end}", end, step=99) for end in (13, 21, 33)] == [0, 0, 32]


def test_what_a_window_gave_back_serves_a_prompt_that_parts_there() -> None:
    pool = BlockPool(40, 4, windows=(0, 6))
    written(pool, "a", 32)
    assert pool.open("b", [*TEXT[:13], 1, 2, 3]) == 12
    assert held(pool, "b") == [(0, 3), (1, 2)]
    pool.check_integrity()


def test_a_fork_needs_what_its_parent_still_has() -> None:
    pool = BlockPool(40, 4, windows=(0, 6))
    written(pool, "a", 22)
    assert [length for length in range(24) if pool.can_fork("a", length)] == [21, 22]
    pool.fork("a", "b", 21)
    with pytest.raises(ValueError):
        pool.fork("a", "c", 12)
    assert held(pool, "b") == [(0, 6), (4, 2)]
    assert len(pool.extend("b", 23)) == 2, "both groups' last blocks are copied before they are written into"
    pool.check_integrity()


def test_the_snapshot_tells_what_fell_out_of_the_window() -> None:
    pool, state = BlockPool(20, 4, windows=(0, 6)), PoolState()
    written(pool, "a", 3)
    state.apply(take_snapshot(pool, "target", full=True))
    for end in range(4, 18):
        pool.extend("a", end)
        pool.commit("a", TEXT[:end])
        state.apply(take_snapshot(pool, "target", full=False))
    table = pool.tables()["a"]
    assert (state.windows, state.passed, state.used, state.cached) == ((0, 6), 3, 7, 3)
    told = take_snapshot(pool, "target", full=True)
    state.apply(told)
    assert [int(cell["state"]) for cell in state.cells].count(BLOCK_PASSED) == 3
    assert told.tables[0][1] == b"".join(
        block.to_bytes(4, "little") for block in (*table.groups[0].blocks, *[NO_BLOCK] * 3, *table.groups[1].blocks)
    )
    assert [state.first_slot("a", block) for block in table.blocks] == [0, 4, 8, 12, 16, 12, 16]
    assert {int(state.cells["group"][block]) for block in table.groups[1].blocks} == {1}


def test_the_snapshot_tells_who_reads_without_blocks_of_its_own() -> None:
    state = PoolState()
    state.apply(take_snapshot(BlockPool(20, 4, windows=(0, 6), readers=(4, 16)), "target", full=True))
    assert state.readers == (4, 16)
    state.apply(take_snapshot(BlockPool(20, 4), "target", full=True))
    assert state.readers == ()
