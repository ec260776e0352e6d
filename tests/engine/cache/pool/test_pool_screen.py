"""The pool as the block map sees it: snapshots and deltas laid over each other, under random steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_SHARED,
    BLOCK_USED,
    CACHE_CELL,
    NO_OWNER,
    CacheSnapshot,
)

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
        hit = self.pool.open(name, tokens)
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
        return state, len(slots), speculative, len(holders), name


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
