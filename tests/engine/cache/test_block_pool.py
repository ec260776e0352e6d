"""The block pool against a model that keeps whole token lists and searches them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_app.engine.cache.block_pool import BlockPool
from helix_app.engine.cache.snapshot import take_snapshot
from helix_app.errors import CacheExhaustedError
from helix_app.events import BLOCK_CACHED, BLOCK_FREE, BLOCK_SHARED, BLOCK_USED, CACHE_CELL, NO_OWNER, CacheSnapshot

_CELL = np.dtype(CACHE_CELL)
Cell = tuple[int, int, int, int, str]  # state, fill, speculative, refcount, owner


class Screen:
    """What someone who follows the snapshots believes each block to be."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []

    def show(self, shot: CacheSnapshot) -> None:
        cells: list[Cell] = [
            (
                int(c["state"]),
                int(c["fill"]),
                int(c["speculative"]),
                int(c["refcount"]),
                "" if c["owner"] == NO_OWNER else shot.owners[c["owner"]],
            )
            for c in np.frombuffer(shot.cells, _CELL)
        ]
        if shot.full:
            self.cells = cells
        else:
            for i, cell in zip(np.frombuffer(shot.indices, "<u4"), cells):
                self.cells[i] = cell


class PoolMachine(RuleBasedStateMachine):
    """Open, extend, commit, truncate and close at random; two token ids, so that prefixes often meet."""

    @initialize(blocks=st.integers(1, 10), size=st.sampled_from([1, 2, 4]), shuffle=st.one_of(st.none(), st.randoms()))
    def start(self, blocks: int, size: int, shuffle: object) -> None:
        order = None
        if shuffle is not None:
            order = list(range(blocks))
            shuffle.shuffle(order)  # type: ignore[attr-defined]
        self.pool, self.size = BlockPool(blocks, size, order), size
        self.tokens: dict[str, list[int]] = {}  # what each sequence will hold, verified or not
        self.verified: dict[str, int] = {}
        self.content: dict[int, tuple[int, ...]] = {}  # block -> all tokens up to its end, as written
        self.finished: set[tuple[int, ...]] = set()  # every prefix of whole blocks ever verified
        self.count = 0
        self.screen = Screen()
        self.screen.show(take_snapshot(self.pool, "target", full=True))

    def _write(self, name: str, begin: int) -> None:
        """The model writes keys and values of tokens from ``begin`` on: their blocks hold them now."""
        tokens, blocks = self.tokens[name], self.pool.tables()[name].blocks
        for i in range(begin // self.size, len(blocks)):
            assert self.pool.refcount(blocks[i]) == 1, "a shared block is written"
            self.content[blocks[i]] = tuple(tokens[: (i + 1) * self.size])

    @rule(tokens=st.lists(st.integers(0, 1), max_size=20))
    def open(self, tokens: list[int]) -> None:
        name = f"s{self.count}"
        self.count += 1
        hit = self.pool.open(name, tokens, f"label {name}")
        assert hit % self.size == 0
        assert hit < max(1, len(tokens)), "the last token of a prompt must be run"
        table = self.pool.tables()[name]
        for i, block in enumerate(table.blocks):  # ids compared: the block really holds this very prefix
            assert self.content[block] == tuple(tokens[: (i + 1) * self.size])
            assert self.content[block] in self.finished, "an unverified block was shared"
        self.tokens[name], self.verified[name] = tokens[:hit], hit

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), more=st.lists(st.integers(0, 1), min_size=1, max_size=9))
    def extend(self, data: st.DataObject, more: list[int]) -> None:
        name = data.draw(st.sampled_from(sorted(self.tokens)))
        before, blocks = len(self.tokens[name]), list(self.pool.tables()[name].blocks)
        needed = -(-(before + len(more)) // self.size) - len(blocks)
        counts = (self.pool.free_blocks, self.pool.cached_blocks, self.pool.used_blocks)
        if needed > self.pool.free_blocks:
            with pytest.raises(CacheExhaustedError):
                self.pool.extend(name, before + len(more))
            assert (self.pool.free_blocks, self.pool.cached_blocks, self.pool.used_blocks) == counts
            assert self.pool.tables()[name].blocks == blocks
            assert self.pool.tables()[name].length == before
            return
        self.pool.extend(name, before + len(more))
        assert self.pool.tables()[name].blocks[: len(blocks)] == blocks, "a live sequence's blocks moved"
        self.tokens[name] += more
        self._write(name, before)

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.tokens)))
        end = data.draw(st.integers(self.verified[name], len(self.tokens[name])))
        self.pool.commit(name, self.tokens[name][:end])
        self.verified[name] = end
        self.finished |= {tuple(self.tokens[name][:i]) for i in range(self.size, end + 1, self.size)}

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.tokens)))
        end = data.draw(st.integers(self.verified[name], len(self.tokens[name]) + 1))
        self.pool.truncate(name, end)
        del self.tokens[name][end:]

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.tokens)))
        self.pool.close(name)
        del self.tokens[name], self.verified[name]

    @rule()
    def clear(self) -> None:
        self.pool.clear_cache()
        assert self.pool.cached_blocks == 0

    @invariant()
    def books_balance(self) -> None:
        if not hasattr(self, "pool"):
            return
        self.pool.check_integrity()
        pool = self.pool
        assert pool.used_blocks == len({b for t in pool.tables().values() for b in t.blocks})
        assert pool.free_blocks + pool.used_blocks == pool.num_blocks
        for name, table in pool.tables().items():
            tokens = self.tokens[name]
            assert (table.length, table.verified) == (len(tokens), self.verified[name])
            for i, block in enumerate(table.blocks):  # nobody wrote over what this sequence has
                end = min(len(tokens), (i + 1) * self.size)
                assert self.content[block][:end] == tuple(tokens[:end])

    @invariant()
    def snapshots_tell_the_truth(self) -> None:
        if not hasattr(self, "pool"):
            return
        delta = take_snapshot(self.pool, "target", full=False)
        self.screen.show(delta)
        assert self.screen.cells == [self._cell(block) for block in range(self.pool.num_blocks)]
        assert (delta.used_blocks, delta.cached_blocks, delta.free_blocks) == (
            self.pool.used_blocks,
            self.pool.cached_blocks,
            self.pool.free_blocks,
        )

    def _cell(self, block: int) -> Cell:
        """What a block is, worked out from the sequences."""
        holders = [name for name, table in self.pool.tables().items() if block in table.blocks]
        if not holders:
            return (BLOCK_CACHED, self.size, 0, 0, "") if self.pool.is_cached(block) else (BLOCK_FREE, 0, 0, 0, "")
        name = holders[0]
        start = self.pool.tables()[name].blocks.index(block) * self.size
        slots = range(start, min(start + self.size, len(self.tokens[name])))
        speculative = sum(slot >= self.verified[name] for slot in slots)
        state = BLOCK_SHARED if len(holders) > 1 else BLOCK_USED
        return state, len(slots), speculative, len(holders), f"label {name}"


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


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
    order = list(pool._cached)
    hit = pool.open("peek", tokens)
    pool.close("peek")
    for block in order:
        pool._cached.move_to_end(block)
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
        lambda pool: pool._blank.pop(),
        lambda pool: setattr(pool.tables()["a"], "length", 3),
        lambda pool: pool._index.clear(),
        lambda pool: pool._blank.add(pool.tables()["a"].blocks[0]),
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
