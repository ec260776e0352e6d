"""Block tables in snapshots: however deltas are merged, whoever applies them knows every live sequence's blocks."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from helix_app.engine.cache.block_pool import BlockPool
from helix_app.engine.cache.snapshot import take_snapshot
from helix_app.protocol.events import CacheSnapshot
from helix_app.runs.pool_state import PoolState, merge


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
        assert one_by_one.blocks_of(name) == table.blocks
