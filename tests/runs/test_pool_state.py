"""States of a pool: however deltas are merged, whoever applies them knows every block and every sequence's table."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.protocol.events import CacheSnapshot
from helix_app.runs.pool_state import CELL, PoolState, merge, mergeable
from tests.runs.made_runs import delta


def step(pool: BlockPool, chance: random.Random, lengths: dict[str, int], look: Callable[[], None]) -> None:
    """One change that a scheduler might make; it may ``look`` while a draft is still unjudged."""
    what = chance.random()
    if what < 0.2 and len(lengths) < 4:
        name = f"s{chance.randrange(1000)}"
        if name not in lengths:
            lengths[name] = pool.open(name, list(range(chance.randrange(60))))
    elif lengths:
        name = chance.choice(list(lengths))
        if what < 0.3:
            pool.close(name)
            del lengths[name]
        elif what < 0.4 and len(lengths) < 4 and f"{name}f" not in lengths:
            pool.fork(name, f"{name}f", lengths[name])
            lengths[f"{name}f"] = lengths[name]
        else:
            extra, kept = chance.randrange(40), chance.randrange(40)
            pool.extend(name, lengths[name] + extra)
            if chance.random() < 0.5:
                look()
            lengths[name] += min(kept, extra)
            pool.commit(name, list(range(lengths[name])))
            pool.truncate(name, lengths[name])
    pool.check_integrity()


def known(tables: dict[str, bytes], snapshot: CacheSnapshot) -> dict[str, bytes]:
    """What somebody knows after one more snapshot."""
    kept = {} if snapshot.full else {name: blocks for name, blocks in tables.items() if name in snapshot.owners}
    return {**kept, **dict(snapshot.tables)}


@pytest.mark.parametrize("seed", range(12))
def test_deltas_and_their_mergers_tell_the_tables_of_the_pool(seed: int) -> None:
    chance = random.Random(seed)
    pool, lengths = BlockPool(64), {}
    tables: dict[str, bytes] = {}
    waiting: CacheSnapshot | None = take_snapshot(pool, "target", full=True)
    sent = deltas = 0

    def look() -> None:
        nonlocal waiting, deltas
        newer = take_snapshot(pool, "target", full=chance.random() < 0.03)
        deltas += len(newer.tables) < len(newer.owners)
        waiting = newer if waiting is None else merge(waiting, newer)

    for _ in range(120):
        step(pool, chance, lengths, look)
        look()
        assert waiting is not None
        if chance.random() < 0.4:
            tables, waiting = known(tables, waiting), None
            sent += 1
            alive = pool.tables()
            shown = {name: np.frombuffer(blocks, "<u4").tolist() for name, blocks in tables.items()}
            assert {name: shown.get(name) for name in alive} == {n: table.blocks for n, table in alive.items()}
    assert sent > 20
    assert deltas > 20  # tables that did not change are not sent again


@pytest.mark.parametrize("seed", range(6))
def test_a_merged_snapshot_leaves_the_state_that_its_parts_leave(seed: int) -> None:
    chance = random.Random(seed)
    pool, lengths = BlockPool(64), {}
    numbers: dict[str, int] = {}
    one_by_one, merged = PoolState(), PoolState()
    waiting: CacheSnapshot | None = None
    compared = 0

    def look() -> None:
        nonlocal waiting, compared
        newer = take_snapshot(pool, "target", full=not one_by_one.cells.size)
        for name in newer.owners:
            numbers.setdefault(name, len(numbers))
        one_by_one.apply(newer, numbers)
        waiting = newer if waiting is None else merge(waiting, newer)
        if chance.random() < 0.3:
            merged.apply(waiting, numbers)
            waiting = None
            assert [merged.owner_name(block) for block in range(64)] == [one_by_one.owner_name(b) for b in range(64)]
            assert merged.cells.tobytes() == one_by_one.cells.tobytes()
            assert merged.tables == one_by_one.tables
            compared += 1

    for _ in range(120):
        step(pool, chance, lengths, look)
        look()
    assert compared > 20
    for name, table in pool.tables().items():
        assert [one_by_one.first_slot(name, block) for block in table.blocks] == [*range(0, table.length, 16)]
        assert one_by_one.first_slot(name, next(b for b in range(64) if b not in table.blocks)) is None


# --------------------------------------------------------------------------- by hand


def fills(state: PoolState) -> list[int]:
    return [int(fill) for fill in state.cells["fill"]]


def whole(*fill: int) -> CacheSnapshot:
    """Every block of a pool."""
    return replace(delta(dict(enumerate(fill)), blocks=len(fill)), full=True, indices=b"")


def test_a_change_of_a_pool_never_seen_begins_with_free_blocks() -> None:
    state = PoolState()
    assert state.apply(delta({1: 5, 3: 7}, blocks=4)) is None  # all may have changed
    assert fills(state) == [0, 5, 0, 7]
    assert [state.owner_name(block) for block in range(4)] == [""] * 4
    changed = state.apply(delta({3: 2}, blocks=4, owners=("a",), owner=0))
    assert changed is not None
    assert changed.tolist() == [3]
    assert (fills(state), state.owner_name(3), state.owner_name(1)) == ([0, 5, 0, 2], "a", "")


def test_a_pool_of_another_size_is_another_pool() -> None:
    state = PoolState()
    state.apply(whole(1, 2, 3))
    assert state.apply(delta({0: 9}, blocks=2)) is None
    assert fills(state) == [9, 0]
    state.reset()
    assert len(state.cells) == 0


def test_blocks_that_a_pool_does_not_have_are_left_out() -> None:
    state = PoolState()
    state.apply(whole(1, 2))
    changed = state.apply(delta({1: 5, 77: 9}, blocks=2))
    assert changed is not None
    assert (changed.tolist(), fills(state)) == ([1], [1, 5])


def test_a_copy_changes_alone() -> None:
    state = PoolState()
    state.apply(whole(1, 2))
    other = state.copy()
    other.apply(delta({0: 9}, blocks=2, owners=("a",)))
    other.tables["a"] = b""
    assert (fills(state), fills(other)) == ([1, 2], [9, 2])
    assert state.tables == {}


def test_owners_are_renumbered() -> None:
    older = delta({0: 1, 1: 1}, owners=("x", "y"), owner=1)
    newer = delta({1: 2}, owners=("y", "z"), owner=1)
    merged = merge(older, newer)
    assert merged.owners == ("y", "z")
    assert list(np.frombuffer(merged.cells, CELL)["owner"]) == [0, 1]


@pytest.mark.parametrize(
    ("newer", "together"),
    [
        (delta({0: 1}), True),
        (delta({0: 1}, blocks=7), False),
        (whole(1, 2), True),  # whatever was before
        (replace(delta({0: 1}), block_size=8), False),
        (replace(delta({0: 1}), pool="draft"), False),
        (replace(whole(1, 2), pool="draft"), False),
    ],
)
def test_only_changes_of_one_pool_become_one(newer: CacheSnapshot, together: bool) -> None:
    older = delta({0: 1})
    assert mergeable(older, newer) is together
    if newer.full and together:
        assert merge(older, newer) is newer
