"""The block pool, forks included, against a memory that remembers what was written into every slot.

A slot holds the whole history up to its token, as keys and values do: two slots are equal only if everything before
them is equal too. Slots are written some time after they were given out, as in the scheduler.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.block_pool import BlockPool

History = tuple[int, ...]
_BLOCKS = (8, 12, 6, 10, 5, 4, 3, 2, 1)
_MAX = 4  # sequences at once; more would only find the pool full
_TOKENS = st.tuples(st.integers(1, 9), st.integers(0, 2**9 - 1)).map(
    lambda pair: [pair[1] >> i & 1 for i in range(pair[0])]
)


class PoolMachine(RuleBasedStateMachine):
    """Random sequences over one small pool."""

    @initialize(blocks=st.sampled_from(_BLOCKS), size=st.sampled_from([4, 2, 1]), shuffle=st.integers(0, 9))
    def start(self, blocks: int, size: int, shuffle: int) -> None:
        order = random.Random(shuffle).sample(range(blocks), blocks) if shuffle % 2 else None
        self.pool, self.size = BlockPool(blocks, size, order), size
        self.memory: list[list[History | None]] = [[None] * size for _ in range(blocks)]
        self.tokens: dict[str, list[int]] = {}  # every token with a slot
        self.written: dict[str, int] = {}  # how many of them are in memory
        self.verified: dict[str, int] = {}
        self.apart: set[str] = set()  # sequences that take nothing from the prefix index and leave nothing
        self.finished: set[History] = set()  # every prefix of whole blocks ever verified
        self.released: dict[int, int] = {}  # free block -> when its last user left it
        self.clock = self.count = 0
        self.forgot = False  # something verified was evicted, discarded or cleared

    # ----------------------------------------------------------------- steps

    @precondition(lambda self: len(self.tokens) < _MAX)
    @rule(data=st.data(), prefill=st.sampled_from([True, True, False]), apart=st.sampled_from([False, False, True]))
    def open(self, data: st.DataObject, prefill: bool, apart: bool) -> None:
        self._open(data, prefill, apart)

    def _open(self, data: st.DataObject, prefill: bool, apart: bool = False) -> None:
        known = sorted(self.finished) or [()]
        begin = data.draw(st.one_of(st.just(()), st.sampled_from(known)))
        tokens = [*begin, *data.draw(_TOKENS)]
        name = self._name()
        hit = self.pool.open(name, tokens, apart)
        if apart:
            assert hit == 0
            self.apart.add(name)
        assert hit % self.size == 0
        assert hit < max(1, len(tokens)), "the last token of a prompt must be run"
        if not self.forgot and not apart:
            whole = range(self.size, len(tokens), self.size)
            assert hit == max([0, *(i for i in whole if tuple(tokens[:i]) in self.finished)])
        assert all(tuple(tokens[:i]) in self.finished for i in range(self.size, hit + 1, self.size))
        self.tokens[name] = tokens[:hit]
        self.written[name] = self.verified[name] = hit
        if prefill:
            self._run(name, tokens[hit:])

    @rule(data=st.data(), more=_TOKENS)
    def extend(self, data: st.DataObject, more: list[int]) -> None:
        self._extend(self._draw(data), more)

    @rule(data=st.data(), more=_TOKENS)
    def run(self, data: st.DataObject, more: list[int]) -> None:
        self._run(self._draw(data), more)

    def _run(self, name: str, more: list[int]) -> None:
        """A whole round: slots, a pass of the model, all of it verified."""
        self._extend(name, more)
        self._write(name)
        self._commit(name, len(self.tokens[name]))

    def _extend(self, name: str, more: list[int]) -> None:
        pool, table, tokens = self.pool, self.pool.tables()[name], self.tokens[name]
        blocks, free = list(table.blocks), self._free()
        length = len(tokens) + len(more)
        copied = len(tokens) % self.size > 0 and len(self._holders(blocks[-1])) > 1
        needed = -(-length // self.size) - len(blocks) + copied
        if needed > len(free):
            before = ([pool.is_cached(b) for b in range(pool.num_blocks)], pool.free_blocks)
            with pytest.raises(CacheExhaustedError):
                pool.extend(name, length)
            assert (table.blocks, table.length) == (blocks, len(tokens))
            assert before == ([pool.is_cached(b) for b in range(pool.num_blocks)], pool.free_blocks)
            return
        cached = {block for block in free if pool.is_cached(block)}
        copies = pool.extend(name, length)
        taken = [b for b in table.blocks if b not in blocks]
        assert len(taken) == needed
        assert set(taken) <= free, "a block in use was given away"
        assert [source for source, _ in copies] == ([blocks[-1]] if copied else [])
        kept = len(blocks) - copied
        assert table.blocks[:kept] == blocks[:kept], "a live sequence's blocks moved"
        self._check_eviction(set(taken) & cached, cached - set(taken), len(free) - len(cached))
        for source, destination in copies:
            assert destination == table.blocks[kept]
            self.memory[destination] = list(self.memory[source])
        tokens += more

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        self._write(self._draw(data))

    @rule(data=st.data(), all_of_it=st.booleans())
    def commit(self, data: st.DataObject, all_of_it: bool) -> None:
        name = self._draw(data)
        written = self.written[name]
        self._commit(name, written if all_of_it else data.draw(st.integers(self.verified[name], written)))

    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        name = self._draw(data)
        end = data.draw(st.integers(self.verified[name], len(self.tokens[name]) + 1))
        self.pool.truncate(name, end)
        del self.tokens[name][end:]
        self.written[name] = min(self.written[name], end)

    @precondition(lambda self: len(self.tokens) < _MAX)
    @rule(data=st.data(), back=st.sampled_from([2, 1, 3, 5, 0, 9]))
    def fork(self, data: st.DataObject, back: int) -> None:
        parent = self._draw(data)
        verified = self.verified[parent]
        length = max(0, verified - back)
        blocks, name = list(self.pool.tables()[parent].blocks), self._name()
        with pytest.raises(ValueError):
            self.pool.fork(parent, name, verified + 1)
        self.pool.fork(parent, name, length)
        assert self.pool.tables()[name].blocks == blocks[: -(-length // self.size)]
        assert self.pool.tables()[parent].blocks == blocks
        if parent in self.apart:
            self.apart.add(name)
        self.tokens[name] = self.tokens[parent][:length]
        self.written[name] = self.verified[name] = length

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        name = self._draw(data)
        blocks = list(self.pool.tables()[name].blocks)
        self.pool.close(name)
        self._gone(name, blocks)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        name = self._draw(data)
        blocks = list(self.pool.tables()[name].blocks)
        own = [block for block in blocks if len(self._holders(block)) == 1]
        assert sorted(self.pool.discard(name)) == sorted(own)
        assert not any(self.pool.is_cached(block) for block in own)
        self.forgot = True
        for block in own:
            self.memory[block] = [None] * self.size
        self._gone(name, blocks)

    @rule()
    def clear(self) -> None:
        self.pool.clear_cache()
        assert self.pool.cached_blocks == 0
        self.forgot = True
        self.released.clear()

    # ----------------------------------------------------------------- what must always hold

    @invariant()
    def books_balance(self) -> None:
        pool = self.pool
        pool.check_integrity()
        used = {block for table in pool.tables().values() for block in table.blocks}
        cached = self._cached()
        assert not used & cached
        assert pool.used_blocks == len(used)
        assert pool.cached_blocks == len(cached)
        assert pool.free_blocks + pool.used_blocks == pool.num_blocks
        assert set(pool.tables()) == set(self.tokens)
        for block in range(pool.num_blocks):
            assert pool.refcount(block) == len(self._holders(block))

    @invariant()
    def sequences_see_their_own_history(self) -> None:
        for name, table in self.pool.tables().items():
            tokens = self.tokens[name]
            assert (table.length, table.verified) == (len(tokens), self.verified[name])
            for i in range(self.written[name]):
                block, offset = table.blocks[i // self.size], i % self.size
                assert self.memory[block][offset] == tuple(tokens[: i + 1]), f"{name} sees another's token"

    @invariant()
    def unverified_slots_are_not_shared(self) -> None:
        for name, table in self.pool.tables().items():
            for i in range(table.verified, table.length):
                block, offset = table.blocks[i // self.size], i % self.size
                for other in self._holders(block) - {name}:
                    begin = self.pool.tables()[other].blocks.index(block) * self.size
                    assert begin + offset >= self.pool.tables()[other].length, f"{other} sees a draft of {name}"

    @invariant()
    def cached_blocks_hold_verified_tokens(self) -> None:
        for block in self._cached():
            last = self.memory[block][-1]
            assert last in self.finished
            assert last is not None
            for offset, history in enumerate(self.memory[block]):
                assert history == last[: len(last) - self.size + 1 + offset]

    # ----------------------------------------------------------------- details

    def _name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def _draw(self, data: st.DataObject) -> str:
        """One of the sequences; hypothesis leaves whole rules out of an example, so ``open`` may never have run."""
        if not self.tokens:
            self._open(data, True)
        return data.draw(st.sampled_from(sorted(self.tokens)))

    def _holders(self, block: int) -> set[str]:
        return {name for name, table in self.pool.tables().items() if block in table.blocks}

    def _free(self) -> set[int]:
        return {block for block in range(self.pool.num_blocks) if not self._holders(block)}

    def _cached(self) -> set[int]:
        return {block for block in range(self.pool.num_blocks) if self.pool.is_cached(block)}

    def _write(self, name: str) -> None:
        """The model runs the tokens whose slots are still empty."""
        tokens, blocks = self.tokens[name], self.pool.tables()[name].blocks
        for i in range(self.written[name], len(tokens)):
            self.memory[blocks[i // self.size]][i % self.size] = tuple(tokens[: i + 1])
        self.written[name] = len(tokens)

    def _commit(self, name: str, end: int) -> None:
        tokens, cached = self.tokens[name], self._cached()
        self.pool.commit(name, tokens[:end])
        self.verified[name] = end
        if name in self.apart:
            assert self._cached() == cached, "what stands apart touched the cache"
            return
        self.finished |= {tuple(tokens[:i]) for i in range(self.size, end + 1, self.size)}
        for block in cached - self._cached():  # the copy in use took its place
            del self.released[block]

    def _gone(self, name: str, blocks: list[int]) -> None:
        """A sequence left its blocks, the last one first."""
        del self.tokens[name], self.written[name], self.verified[name]
        for block in reversed(blocks):
            if self.pool.is_cached(block):
                assert name not in self.apart
                self.clock += 1
                self.released[block] = self.clock

    def _check_eviction(self, evicted: set[int], kept: set[int], blank: int) -> None:
        """Blocks worth keeping go only when no blank one is left, those left longest ago first."""
        if not evicted:
            return
        self.forgot = True
        assert self.pool.free_blocks == len(kept), f"{evicted} were evicted while there were {blank} blank ones"
        assert max(self.released[block] for block in evicted) < min(
            (self.released[block] for block in kept), default=self.clock + 1
        )


class LongPoolMachine(PoolMachine):
    """The same, for long."""


_COMMON = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking a failure would take longer than a test may
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(_COMMON, max_examples=200, stateful_step_count=50)
TestLongPoolMachine = pytest.mark.soak(LongPoolMachine.TestCase)
TestLongPoolMachine.settings = settings(_COMMON, max_examples=4000, stateful_step_count=100)


def test_a_fork_that_outlives_its_parent_may_write_into_a_block_of_the_prefix_index() -> None:
    pool = BlockPool(8, 4)
    pool.open("parent", [])
    pool.extend("parent", 5)
    pool.commit("parent", [1, 2, 3, 4, 5])
    pool.fork("parent", "fork", 2)
    pool.close("parent")
    assert pool.extend("fork", 4) == []  # nobody else is left, so nothing is copied
    assert pool.open("same prompt", [1, 2, 3, 4, 5]) == 0
    pool.commit("fork", [1, 2, 8, 9])
    assert pool.open("other prompt", [1, 2, 8, 9, 0]) == 4
    pool.check_integrity()
