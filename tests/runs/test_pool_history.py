"""The cache over a run: any moment is what all snapshots until then make, and owners keep their numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from helix_app.protocol.events import CacheSnapshot, RoundDone
from helix_app.runs import pool_history
from helix_app.runs.pool_history import PoolHistory
from helix_app.runs.pool_state import CELL, PoolState
from helix_app.runs.run import Run
from tests.runs.made_runs import made_run

FREE = (0, 0, 0, 0, 0, 0xFFFF)


@pytest.fixture(scope="module")
def run() -> Run:
    return made_run(300, prompt=37, k_most=5)


def snapshot(
    full: bool, owners: tuple[str, ...], cells: list[tuple[int, ...]], **tables: tuple[int, ...]
) -> CacheSnapshot:
    """The first blocks of a pool of three, and tables of those owners."""
    packed = np.array(cells, CELL).tobytes()
    indices = b"" if full else np.arange(len(cells), dtype="<u4").tobytes()
    named = tuple((name, np.array(blocks, "<u4").tobytes()) for name, blocks in tables.items())
    return CacheSnapshot("target", 3, 16, full, indices, packed, owners, 1, 0, 2, named)


def test_the_pool_at_any_moment_is_what_all_snapshots_until_then_make(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_history, "KEY_FRAMES", 16)
    history, state, rounds = PoolHistory(), PoolState(), 0
    expected: dict[int, tuple[bytes, dict[str, bytes]]] = {}
    tables: dict[str, bytes] = {}
    for item in run.items:
        if isinstance(item.event, RoundDone):
            rounds += 1
        elif isinstance(item.event, CacheSnapshot):
            history.add(item.event, rounds)
            state.apply(item.event)
            kept = {} if item.event.full else {n: b for n, b in tables.items() if n in item.event.owners}
            tables = {**kept, **dict(item.event.tables)}
            expected[rounds] = (state.cells[["state", "fill", "speculative", "refcount"]].tobytes(), tables)
    order = list(expected)
    random.Random(3).shuffle(order)
    for moment in [*order, *sorted(order), *sorted(order, reverse=True)]:
        view = history.at(moment)
        assert view.cells[["state", "fill", "speculative", "refcount"]].tobytes() == expected[moment][0]
        assert view.tables == expected[moment][1]
    assert 0 < history.most_applied < 16


def test_owners_keep_their_numbers_when_others_end() -> None:
    history = PoolHistory()

    history.add(snapshot(True, ("a", "b"), [(1, 16, 0, 0, 1, 0), (1, 9, 0, 0, 1, 1), FREE]), 0)
    history.add(snapshot(False, ("b",), [FREE]), 1)  # a ended; b's own block did not change
    its, more = (1, 16, 0, 0, 1, 0), (1, 2, 0, 0, 1, 0)
    history.add(snapshot(False, ("b",), [FREE, its, more]), 2)  # b is now the first of the owners
    for moment, blocks in ((1, (1,)), (2, (1, 2))):
        view = history.at(moment)
        assert {view.owners[view.cells["owner"][block]] for block in blocks} == {"b"}


def test_an_empty_history_has_no_blocks() -> None:
    assert len(PoolHistory().at(3).cells) == 0
    assert len(PoolHistory()) == 0


def test_a_moment_before_the_first_snapshot_is_the_first_and_one_after_the_last_is_the_last() -> None:
    history = PoolHistory()
    for rounds, fill in ((3, 4), (7, 9)):
        history.add(snapshot(True, ("a",), [(1, fill, 0, 0, 1, 0), FREE, FREE]), rounds)
    assert [int(history.at(moment).cells["fill"][0]) for moment in (0, 3, 6, 7, 100)] == [4, 4, 4, 9, 9]
    assert len(history) == 2


def test_a_sequence_that_ends_in_a_round_can_still_be_seen_in_it() -> None:
    history = PoolHistory()
    history.add(snapshot(True, (), [FREE] * 3), 4)
    history.add(snapshot(False, ("a",), [(1, 9, 0, 0, 1, 0)], a=(0,)), 5)
    history.add(snapshot(False, (), [FREE]), 5)
    assert history.at(5).tables == {}
    assert list(history.at(5, "a").tables) == ["a"]
    assert list(history.at(9, "a").tables) == ["a"]
    assert history.at(5, "nobody").tables == {}
    assert history.at(4, "a").tables == {}  # only in the round where it was


def test_a_block_is_known_as_of_a_frame_or_as_soon_as_it_is_told() -> None:
    history = PoolHistory()
    used = (1, 16, 0, 0, 1, 0)
    history.add(snapshot(True, ("a",), [used, FREE, FREE], a=(0,)), 0)
    history.add(snapshot(False, ("a",), [used, FREE], a=(0, 2)), 1)
    history.add(snapshot(False, ("a",), [used, used], a=(1, 2)), 2)
    assert [history.table_for("a", 3, frame) for frame in (0, 1, 2)] == [0, 0, 1]
    assert [history.table_for("a", 20, frame) for frame in (0, 1, 2)] == [2, 2, 2]
    assert history.table_for("a", 99, 0) is None
    assert history.table_for("b", 0, 0) is None
