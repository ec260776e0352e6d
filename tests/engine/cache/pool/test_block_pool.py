"""The block pool against a model that keeps whole token lists and searches them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.protocol.events import BLOCK_USED, CACHE_CELL

_CELL = np.dtype(CACHE_CELL)
Cell = tuple[int, int, int, int, str]  # state, fill, speculative, refcount, owner


# --------------------------------------------------------------------------- one promise each


def hold(pool: BlockPool, name: str, tokens: Sequence[int], *, verified: int | None = None) -> int:
    """A sequence that has run these tokens; returns its prefix hit."""
    hit = pool.open(name, tokens)
    pool.extend(name, len(tokens))
    pool.commit(name, list(tokens[: len(tokens) if verified is None else max(verified, hit)]))
    return hit


def test_a_finished_sequence_is_found_again() -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(11))
    pool.close("a")
    assert (pool.cached_blocks, pool.used_blocks) == (2, 0)
    assert hold(pool, "b", range(11)) == 8


@pytest.mark.parametrize(("length", "hit"), [(4, 0), (5, 4), (8, 4), (9, 8), (1, 0), (0, 0)])
def test_a_hit_ends_before_the_last_token_of_the_prompt(length: int, hit: int) -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(16))
    assert pool.open("b", range(length)) == hit


def test_a_sequence_apart_takes_nothing_and_leaves_nothing() -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(9))
    pool.close("a")
    kept = {block for block in range(8) if pool.is_cached(block)}
    assert pool.open("apart", range(9), apart=True) == 0
    pool.extend("apart", 17)
    pool.commit("apart", list(range(17)))
    pool.check_integrity()
    pool.fork("apart", "fork", 9)
    pool.extend("fork", 12)
    pool.commit("fork", list(range(12)))
    pool.check_integrity()
    pool.close("apart")
    pool.close("fork")
    assert {block for block in range(8) if pool.is_cached(block)} == kept
    assert pool.open("b", range(17)) == 8
    pool.check_integrity()


def test_chains_meet_only_if_every_token_is_the_same() -> None:
    pool = BlockPool(16, 4)
    hold(pool, "a", [1, 2, 3, 4, 5, 6, 7, 8, 0])
    assert pool.open("other root", [1, 2, 3, 9, 5, 6, 7, 8, 0]) == 0
    assert pool.open("other tail", [1, 2, 3, 4, 5, 6, 7, 9, 0]) == 4
    assert pool.open("tail first", [5, 6, 7, 8, 1, 2, 3, 4, 0]) == 0
    assert pool.open("same", [1, 2, 3, 4, 5, 6, 7, 8, 1]) == 8


def test_equal_hashes_are_not_equal_tokens() -> None:
    class Same(int):
        def __hash__(self) -> int:
            return 0

    pool = BlockPool(8, 2)
    hold(pool, "a", [Same(1), Same(2), Same(3)])
    assert pool.open("b", [Same(2), Same(1), Same(3)]) == 0
    assert pool.open("c", [Same(1), Same(2), Same(9)]) == 2


def test_unverified_blocks_are_never_shared() -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(12), verified=6)
    assert pool.open("b", range(12)) == 4
    pool.close("a")
    assert pool.open("c", range(12)) == 4
    assert pool.cached_blocks == 0  # what was never verified is not worth keeping


def test_rejected_tokens_leave_no_trace() -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", [1, 2, 3, 4, 5, 6])
    pool.extend("a", 12)  # six drafted tokens over two more blocks, all rejected
    pool.truncate("a", 6)
    assert len(pool.tables()["a"].blocks) == 2
    pool.extend("a", 9)
    pool.commit("a", [1, 2, 3, 4, 5, 6, 70, 80, 90])
    assert pool.open("b", [1, 2, 3, 4, 5, 6, 70, 80, 90]) == 8
    assert pool.open("c", [1, 2, 3, 4, 5, 6, 7, 8, 9]) == 4


def test_tails_go_before_roots_and_the_oldest_sequence_first() -> None:
    pool = BlockPool(6, 2)
    hold(pool, "old", [1, 2, 3, 4, 5, 6])
    pool.close("old")
    hold(pool, "new", [7, 8, 9, 10])
    pool.close("new")
    assert pool.cached_blocks == 5
    hits = []
    for blocks in range(1, 7):
        hold(pool, "push", [100 + blocks] * (2 * blocks), verified=0)
        pool.close("push")
        hits.append((_peek(pool, [1, 2, 3, 4, 5, 6, 0]), _peek(pool, [7, 8, 9, 10, 0])))
    assert hits == [(6, 4), (4, 4), (2, 4), (0, 4), (0, 2), (0, 0)]


def _peek(pool: BlockPool, tokens: list[int]) -> int:
    """The hit these tokens would have; leaves the order of eviction as it is."""
    order = pool._free.all_cached()
    hit = pool.open("peek", tokens)
    pool.close("peek")
    for block in order:
        pool._free.remove_cached(block)
        pool._free.add_cached(block)
    return hit


def test_a_used_prefix_outlives_an_unused_one() -> None:
    pool = BlockPool(4, 2)
    hold(pool, "a", [1, 2, 3])
    pool.close("a")
    hold(pool, "b", [4, 5, 6])
    pool.close("b")
    hold(pool, "a again", [1, 2, 9])
    pool.close("a again")
    hold(pool, "push", [0] * 6, verified=0)  # blank blocks and the least recently used one
    pool.close("push")
    assert _peek(pool, [1, 2, 3]) == 2
    assert _peek(pool, [4, 5, 6]) == 0


def test_a_prompt_run_again_in_full_does_not_lose_its_tail() -> None:
    """A prompt of whole blocks runs its last block again; the copy in use must keep the chain alive."""
    pool = BlockPool(6, 2)
    hold(pool, "a", [1, 2, 3, 4])
    pool.close("a")
    hold(pool, "b", [1, 2, 3, 4])  # hits one block, holds its own copy of the other
    pool.extend("b", 7)
    pool.commit("b", [1, 2, 3, 4, 5, 6, 7])
    hold(pool, "push", [9, 9, 9], verified=0)  # takes the free blocks
    pool.close("push")
    pool.close("b")
    assert _peek(pool, [1, 2, 3, 4, 5, 6, 7]) == 6
    pool.check_integrity()


def test_exhaustion_changes_nothing_and_names_the_pool() -> None:
    pool = BlockPool(4, 4)
    hold(pool, "a", range(9))
    before = take_snapshot(pool, "target", full=True)
    pool.open("b", [])
    with pytest.raises(CacheExhaustedError) as caught:
        pool.extend("b", 5)
    assert caught.value.fields == {"blocks": "4"}
    pool.close("b")
    assert take_snapshot(pool, "target", full=True) == before
    pool.open("c", [])
    pool.extend("c", 4)  # what is left can still be had
    assert pool.free_blocks == 0


def test_used_blocks_are_never_evicted() -> None:
    pool = BlockPool(4, 2)
    hold(pool, "a", [1, 2, 3, 4])
    hold(pool, "b", [5, 6, 7])
    pool.close("b")
    pool.open("c", [])
    pool.extend("c", 4)
    with pytest.raises(CacheExhaustedError):
        pool.extend("c", 5)
    assert pool.open("d", [1, 2, 3, 4, 0]) == 4


def test_blocks_of_a_lone_sequence_lie_side_by_side() -> None:
    pool = BlockPool(8, 4)
    pool.open("a", [])
    for length in (3, 4, 9, 20):
        pool.extend("a", length)
    blocks = pool.tables()["a"].blocks
    assert blocks == list(range(blocks[0], blocks[0] + 5))


def test_the_order_given_is_the_order_of_first_use() -> None:
    pool = BlockPool(4, 2, order=[2, 0, 3, 1])
    pool.open("a", [])
    pool.extend("a", 8)
    assert pool.tables()["a"].blocks == [2, 0, 3, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pool: pool.open("a", [1]),
        lambda pool: pool.commit("a", [1] * 7),
        lambda pool: pool.commit("a", [1]),
        lambda pool: pool.truncate("a", 3),
    ],
    ids=["opened twice", "commit beyond", "commit fewer", "cut verified"],
)
def test_misuse_is_refused(wrong: object) -> None:
    pool = BlockPool(4, 4)
    hold(pool, "a", range(6), verified=5)
    with pytest.raises(ValueError):
        wrong(pool)  # type: ignore[operator]
    pool.check_integrity()


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_a_pool_needs_blocks(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        BlockPool(*shape)


@pytest.mark.parametrize(
    "damage",
    [
        lambda pool: pool._refs.__setitem__(pool.tables()["a"].blocks[0], 2),
        lambda pool: pool.tables()["a"].blocks.append(7),
        lambda pool: pool._free.take(None, last=False),
        lambda pool: setattr(pool.tables()["a"], "length", 3),
        lambda pool: pool._index._known.clear(),
        lambda pool: pool._free.add_blank(pool.tables()["a"].blocks[0]),
    ],
)
def test_the_integrity_check_sees_damage(damage: object) -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(9))
    pool.check_integrity()
    damage(pool)  # type: ignore[operator]
    with pytest.raises(AssertionError):
        pool.check_integrity()


def test_a_delta_carries_only_what_changed() -> None:
    pool = BlockPool(8, 4)
    hold(pool, "a", range(6))
    first = take_snapshot(pool, "draft", full=True)
    assert (first.pool, first.full, len(first.cells)) == ("draft", True, 8 * _CELL.itemsize)
    assert take_snapshot(pool, "draft", full=False).indices == b""
    pool.extend("a", 7)
    delta = take_snapshot(pool, "draft", full=False)
    assert list(np.frombuffer(delta.indices, "<u4")) == [pool.tables()["a"].blocks[1]]
    cell = np.frombuffer(delta.cells, _CELL)[0]
    assert (cell["fill"], cell["speculative"], cell["state"]) == (3, 1, BLOCK_USED)


def test_sequences_that_grow_in_turns_stay_side_by_side() -> None:
    pool = BlockPool(64, 4)
    names = [f"s{i}" for i in range(16)]
    for name in names:
        pool.open(name, ())
    for length in range(1, 17):
        for name in names:
            pool.extend(name, length)
    for name in names:
        blocks = pool.tables()[name].blocks
        assert blocks == list(range(blocks[0], blocks[0] + 4))
    pool.check_integrity()
    for name in names:
        pool.close(name)
    pool.open("last", ())
    pool.extend("last", 64 * 4)  # regions are a preference, never a limit
    assert pool.free_blocks == 0
