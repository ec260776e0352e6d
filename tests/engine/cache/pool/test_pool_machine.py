"""The block pool, forks included, against a memory that remembers what was written into every slot.

A slot holds the whole history up to its token, as keys and values do: two slots are equal only if everything before
them is equal too. Slots are written some time after they were given out, as in the scheduler. Groups of layers, some
with a window, hold histories of their own. Some pools have states of recurrent layers too (``remembered.py``).
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.pool.block_pool import BlockPool
from tests.engine.cache.remembered import RememberedStates

History = tuple[int, ...]
Written = tuple[int, History]  # the group of layers, and what its layers saw
_WINDOWS = ((0,), (0, 5), (0,), (3,), (0, 4, 4), (1, 6))
_BLOCKS = (8, 12, 6, 10, 5, 4, 3, 2, 1)
_MAX = 4  # sequences at once; more would only find the pool full
_TOKENS = st.tuples(st.integers(1, 9), st.integers(0, 2**9 - 1)).map(
    lambda pair: [pair[1] >> i & 1 for i in range(pair[0])]
)


class PoolMachine(RuleBasedStateMachine):
    """Random sequences over one small pool."""

    @initialize(
        blocks=st.sampled_from(_BLOCKS),
        size=st.sampled_from([4, 2, 1]),
        shuffle=st.integers(0, 9),
        windows=st.sampled_from(_WINDOWS),
        states=st.sampled_from([0, 6, 3, 0, 4]),
    )
    def start(self, blocks: int, size: int, shuffle: int, windows: tuple[int, ...], states: int) -> None:
        blocks *= len(windows)
        order = random.Random(shuffle).sample(range(blocks), blocks) if shuffle % 2 else None
        self.pool, self.size, self.windows = BlockPool(blocks, size, order, windows, states), size, windows
        self.states = RememberedStates(states)
        self.memory: list[list[Written | None]] = [[None] * size for _ in range(blocks)]
        self.tokens: dict[str, list[int]] = {}  # every token with a slot
        self.written: dict[str, int] = {}  # how many of them are in memory
        self.verified: dict[str, int] = {}
        self.apart: set[str] = set()  # sequences that take nothing from the prefix index and leave nothing
        self.finished: set[History] = set()  # every prefix of whole blocks ever verified
        self.released: dict[int, int] = {}  # free block -> when its last user left it
        self.clock = self.count = 0
        self.shuffled = order is not None
        self.passed: set[int] = set()  # cached ones that fell out of a window, before the last ``extend``
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
        if self.states.slots and not self.pool.states.free:
            with pytest.raises(CacheExhaustedError):
                self.pool.open(name, tokens, apart)
            return
        hit = self.pool.open(name, tokens, apart)
        if apart:
            assert hit == 0
            self.apart.add(name)
        assert hit % self.size == 0
        assert hit < max(1, len(tokens)), "the last token of a prompt must be run"
        if not self.forgot and not apart and not self.states.slots:
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
        groups, free = [list(held.blocks) for held in table.groups], self._free()
        blocks, length = list(table.blocks), len(tokens) + len(more)
        partial, end = len(tokens) % self.size > 0, -(-length // self.size)
        copied = [partial and len(self._holders(own[-1])) > 1 for own in groups]
        needed = sum(end - held.end for held in table.groups) + sum(copied)
        if needed > len(free):
            before = ([pool.is_cached(b) for b in range(pool.num_blocks)], pool.free_blocks)
            with pytest.raises(CacheExhaustedError):
                pool.extend(name, length)
            assert (table.blocks, table.length) == (blocks, len(tokens))
            assert before == ([pool.is_cached(b) for b in range(pool.num_blocks)], pool.free_blocks)
            return
        for group, (own, copy) in enumerate(zip(groups, copied)):
            # a fork that outlived its parent goes on where the parent's tokens were: the index knows these no more
            left = self.memory[own[-1]][-1] if partial and not copy else None
            self.forgot |= left is not None and left[0] == group and left[1] in self.finished
        cached = {block for block in free if pool.is_cached(block)}
        self.passed = {block for block in free if pool.is_passed(block)}
        copies = pool.extend(name, length)
        taken = [b for b in table.blocks if b not in blocks]
        assert len(taken) == needed
        assert set(taken) <= free, "a block in use was given away"
        assert [source for source, _ in copies] == [own[-1] for own, copy in zip(groups, copied) if copy]
        self._check_eviction(set(taken) & cached, cached - set(taken), len(free) - len(cached))
        targets = iter(copies)
        for own, held, copy in zip(groups, table.groups, copied):
            kept = len(own) - copy
            assert held.blocks[:kept] == own[:kept], "a live sequence's blocks moved"
            if copy:
                source, destination = next(targets)
                assert destination == held.blocks[kept]
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
        table, name = self.pool.tables()[parent], self._name()
        groups = [(held.begin, list(held.blocks)) for held in table.groups]
        with pytest.raises(ValueError):
            self.pool.fork(parent, name, verified + 1)
        firsts = [self._first(window, length) for window in self.windows]
        passed = any(begin > first for (begin, _), first in zip(groups, firsts))  # what it would look back on is gone
        if passed or not self.pool.can_fork(parent, length):
            assert passed or (self.states.slots and 0 < length < verified)
            assert not self.pool.can_fork(parent, length)
            with pytest.raises(ValueError):
                self.pool.fork(parent, name, length)
            return
        if self.states.slots and not self.pool.states.free:
            with pytest.raises(CacheExhaustedError):
                self.pool.fork(parent, name, length)
            return
        self.pool.fork(parent, name, length)
        for (begin, own), first, held in zip(groups, firsts, self.pool.tables()[name].groups):
            assert (held.begin, held.blocks) == (first, own[first - begin : -(-length // self.size) - begin])
        assert [(held.begin, held.blocks) for held in table.groups] == groups
        if parent in self.apart:
            self.apart.add(name)
        self.tokens[name] = self.tokens[parent][:length]
        self.written[name] = self.verified[name] = length

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        name = self._draw(data)
        groups = [list(held.blocks) for held in self.pool.tables()[name].groups]
        self.pool.close(name)
        self._gone(name, groups)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        name = self._draw(data)
        groups = [list(held.blocks) for held in self.pool.tables()[name].groups]
        own = [block for blocks in groups for block in blocks if len(self._holders(block)) == 1]
        assert sorted(self.pool.discard(name)) == sorted(own)
        assert not any(self.pool.is_cached(block) for block in own)
        self.forgot = True
        for block in own:
            self.memory[block] = [None] * self.size
        self._gone(name, groups)

    @rule()
    def copy_states(self) -> None:
        """At any time before the next pass."""
        self.states.copy(self.pool.states.take_copies())
        for name, table in self.pool.tables().items():
            self.states.check(table, self.tokens[name])

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
        users, cached = self._users(), self._cached()
        used = set(users)
        assert not used & cached
        assert pool.used_blocks == len(used)
        assert pool.cached_blocks == len(cached)
        assert pool.free_blocks + pool.used_blocks == pool.num_blocks
        assert set(pool.tables()) == set(self.tokens)
        for block in range(pool.num_blocks):
            assert pool.refcount(block) == len(users.get(block, ()))

    @invariant()
    def sequences_see_their_own_history(self) -> None:
        for name, table in self.pool.tables().items():
            tokens = tuple(self.tokens[name])
            assert (table.length, table.verified) == (len(tokens), self.verified[name])
            for group, held in enumerate(table.groups):
                assert held.begin == self._first(self.windows[group], table.verified), "too much or too little is there"
                for i in range(held.begin * self.size, self.written[name]):
                    block, offset = held.blocks[i // self.size - held.begin], i % self.size
                    assert self.memory[block][offset] == (group, tokens[: i + 1]), f"{name} sees another's token"

    @invariant()
    def unverified_slots_are_not_shared(self) -> None:
        users = self._users()
        for name, table in self.pool.tables().items():
            for group, held in enumerate(table.groups):
                for i in range(table.verified, table.length):
                    block, offset = held.blocks[i // self.size - held.begin], i % self.size
                    for other in users[block] - {name}:
                        theirs = self.pool.tables()[other].groups[group]
                        begin = (theirs.begin + theirs.blocks.index(block)) * self.size
                        assert begin + offset >= self.pool.tables()[other].length, f"{other} sees a draft of {name}"

    @invariant()
    def cached_blocks_hold_verified_tokens(self) -> None:
        for block in self._cached():
            assert self.memory[block][-1] is not None
            group, last = self.memory[block][-1] or (0, ())
            assert last in self.finished
            assert group == self.pool.group_of(block)
            for offset, written in enumerate(self.memory[block]):
                assert written == (group, last[: len(last) - self.size + 1 + offset])

    # ----------------------------------------------------------------- details

    def _name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def _draw(self, data: st.DataObject) -> str:
        """One of the sequences; hypothesis leaves whole rules out of an example, so ``open`` may never have run."""
        if not self.tokens:
            self._open(data, True)
        return data.draw(st.sampled_from(sorted(self.tokens)))

    def _users(self) -> dict[int, set[str]]:
        """The sequences that have each block; of those in use alone."""
        found: dict[int, set[str]] = {}
        for name, table in self.pool.tables().items():
            for block in table.blocks:
                found.setdefault(block, set()).add(name)
        return found

    def _holders(self, block: int) -> set[str]:
        return self._users().get(block, set())

    def _free(self) -> set[int]:
        return set(range(self.pool.num_blocks)) - set(self._users())

    def _cached(self) -> set[int]:
        return {block for block in range(self.pool.num_blocks) if self.pool.is_cached(block)}

    def _write(self, name: str) -> None:
        """The model runs the tokens whose slots are still empty."""
        tokens, table = self.tokens[name], self.pool.tables()[name]
        self.states.copy(self.pool.states.take_copies())
        self.states.run(table, self.written[name], tokens)
        for group, held in enumerate(table.groups):
            for i in range(self.written[name], len(tokens)):
                block = held.blocks[i // self.size - held.begin]
                self.memory[block][i % self.size] = group, tuple(tokens[: i + 1])
        self.written[name] = len(tokens)

    def _commit(self, name: str, end: int) -> None:
        tokens, cached = self.tokens[name], self._cached()
        groups = [list(held.blocks) for held in self.pool.tables()[name].groups]
        self.pool.commit(name, tokens[:end])
        self.verified[name] = end
        for own, held in zip(groups, self.pool.tables()[name].groups):
            for block in own[: len(own) - len(held.blocks)]:  # fell out of the window
                if self.pool.is_cached(block):
                    assert self.pool.is_passed(block)
                    self.clock += 1
                    self.released[block] = self.clock
        if name in self.apart:
            assert self._cached() == cached, "what stands apart touched the cache"
            return
        self.finished |= {tuple(tokens[:i]) for i in range(self.size, end + 1, self.size)}
        for block in cached - self._cached():  # the copy in use took its place
            del self.released[block]

    def _first(self, window: int, length: int) -> int:
        """The first block that a token after so many is to look back on."""
        return next(i for i in range(length + 1) if (i + 1) * self.size > length - window + 1) if window else 0

    def _gone(self, name: str, groups: list[list[int]]) -> None:
        """A sequence left its blocks, the last one of each group first."""
        del self.tokens[name], self.written[name], self.verified[name]
        for block in (block for blocks in groups for block in reversed(blocks)):
            if self.pool.is_cached(block):
                assert not self.pool.is_passed(block)
                assert name not in self.apart
                self.clock += 1
                self.released[block] = self.clock

    def _check_eviction(self, evicted: set[int], kept: set[int], blank: int) -> None:
        """Blocks worth keeping go only when no blank one is left, those left longest ago first.

        What fell out of a window goes before the rest, and adjacent ones, where place matters, before others of these.
        """
        if not evicted:
            return
        self.forgot = True
        assert self.pool.free_blocks == len(kept), f"{evicted} were evicted while there were {blank} blank ones"
        passed = {block for block in kept if self.pool.is_passed(block)}
        gone = evicted & self.passed
        assert gone == evicted or not passed
        for lost, left in ((gone, passed if self.shuffled else set()), (evicted - gone, kept - passed)):
            if lost and left:
                assert max(self.released[block] for block in lost) < min(self.released[block] for block in left)


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
