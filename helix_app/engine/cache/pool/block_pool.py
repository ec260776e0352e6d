"""Who owns which block of the KV cache. Bookkeeping only: no tensors, no torch.

A block is *blank* (free, nothing worth keeping), *cached* (free, but with verified tokens that another sequence may
reuse) or *used* (referenced by one or more sequences). Every operation costs O(1) per block it touches.

A sequence has a list of blocks for each group of layers (``layout.py``). In a group with a window the blocks whose
tokens no later row looks back on are given back as soon as those tokens are verified: cached ones, and the first to be
taken when blank ones are gone. Full blocks of verified tokens are in the prefix index (``prefix_index.py``). A prompt
may begin after a known prefix where each group still has what the next row looks back on, and recurrent layers, which
have states instead of blocks, the one there (``states.py``).

    tokens   [ 0 ........ 15 | 16 ...... 31 | 32 ...... 47 | 48 .. 56 ]            length = 57
    all           b0 (full)      b1 (full)      b2 (full)     b3 (fill 9)
    window 16       passed         passed       b7 (full)     b8 (fill 9)          begin = 2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.layout import blocks_for, first_block, tokens_in
from helix_app.engine.cache.pool.block_table import BlockTable, Held
from helix_app.engine.cache.pool.free_blocks import FreeBlocks
from helix_app.engine.cache.pool.prefix_index import Content, PrefixIndex
from helix_app.engine.cache.pool.states import StateSlots


class BlockPool:
    """All blocks of one model's cache.

    Attributes:
        num_blocks, block_size: fixed.
        windows: of each group of layers; 0 looks back on all tokens.
        states: slots of recurrent layers' states.
        readers: of each group, layers that read there and have no blocks of their own; () where there are none.
        dirty: blocks whose state changed since ``take_dirty``.
        evicted: cached blocks whose content gave way, so far.
    """

    def __init__(
        self,
        num_blocks: int,
        block_size: int = 16,
        order: Iterable[int] | None = None,
        windows: Sequence[int] = (0,),
        states: int = 0,
        readers: Sequence[int] = (),
    ) -> None:
        """``order``: in which blank blocks are first handed out (tests shuffle it)."""
        if num_blocks < 1 or block_size < 1:
            raise ValueError("a pool needs at least one block of at least one slot")
        self.num_blocks, self.block_size, self.windows = num_blocks, block_size, tuple(windows)
        self._free = FreeBlocks(num_blocks, order)
        self._refs = [0] * num_blocks
        self._content: list[Content | None] = [None] * num_blocks  # that the index has this block for
        self._group = [0] * num_blocks  # that it has it for
        self._index = PrefixIndex(len(self.windows))
        self._tables: dict[str, BlockTable] = {}
        self.readers, self.states = tuple(readers), StateSlots(states)
        self.dirty: set[int] = set()
        self.evicted = 0

    # ----------------------------------------------------------------- counts

    @property
    def free_blocks(self) -> int:
        """Blocks a sequence can get: blank ones and cached ones."""
        return len(self._free)

    @property
    def cached_blocks(self) -> int:
        """Free blocks that still hold reusable tokens."""
        return self._free.cached

    @property
    def passed_blocks(self) -> int:
        """Blocks that the live sequences would have beside theirs if no layer had a window."""
        return sum(held.begin for table in self._tables.values() for held in table.groups)

    @property
    def used_blocks(self) -> int:
        """Blocks referenced by a sequence."""
        return self.num_blocks - self.free_blocks

    @property
    def max_tokens(self) -> int:
        """The longest sequence that all blocks are enough for."""
        return tokens_in(self.windows, self.num_blocks, self.block_size)

    def blocks_for(self, length: int) -> int:
        """The most blocks that a sequence of so many tokens has at once."""
        return blocks_for(self.windows, length, self.block_size)

    def tables(self) -> dict[str, BlockTable]:
        """The live sequences by id, in order of arrival. Read only."""
        return self._tables

    def refcount(self, block: int) -> int:
        """How many sequences use a block."""
        return self._refs[block]

    def is_cached(self, block: int) -> bool:
        """Whether a free block still holds reusable tokens."""
        return self._free.is_cached(block)

    def is_passed(self, block: int) -> bool:
        """Whether a cached block was given back by a window."""
        return self._free.is_passed(block)

    def group_of(self, block: int) -> int:
        """Which group of layers a cached block holds the keys and values of."""
        return self._group[block]

    # ----------------------------------------------------------------- life of a sequence

    def open(self, sequence_id: str, tokens: Sequence[int], apart: bool = False) -> int:
        """Begin a sequence; take the longest cached prefix of ``tokens``, ending before the last of them.

        One that stands ``apart`` takes none, and its blocks are blank once it is closed: what others left in the
        cache outlives it, as far as there are blank blocks.

        Mutates: references the hit blocks. Returns how many tokens need no prefill. Raises CacheExhaustedError.
        """
        table = self._opened(sequence_id, apart)
        chain = [] if apart else self._index.chain(tokens, self.block_size, len(tokens) - 1)
        count = self._usable(chain)
        self.states.begin(table, chain[count - 1] if count else None, count * self.block_size)
        for group, held in enumerate(table.groups):
            held.begin = self._first(group, count * self.block_size)
            held.blocks += [content.blocks[group] for content in chain[held.begin : count]]
            for block in held.blocks:
                self._reference(block)
        self._name(table, chain[:count])
        table.length = table.verified = count * self.block_size
        return table.length

    def _usable(self, chain: Sequence[Content]) -> int:
        """After how many contents of a chain a sequence may begin: each group has what the next row looks back on."""
        best = 0
        held = [0] * len(self.windows)  # contents in a row, up to here, that a group has blocks for
        for count, content in enumerate(chain, 1):
            fits = True
            for group, block in enumerate(content.blocks):
                held[group] = held[group] + 1 if block >= 0 else 0
                fits = fits and held[group] >= count - self._first(group, count * self.block_size)
            best = count if fits and self.states.may_begin(content) else best
        return best

    def can_fork(self, parent_id: str, length: int) -> bool:
        """Whether a sequence still has all that one with its first ``length`` tokens would look back on."""
        parent = self._tables[parent_id]
        firsts = (self._first(group, length) for group in range(len(self.windows)))
        there = all(held.begin <= at for held, at in zip(parent.groups, firsts))
        return length <= parent.verified and there and self.states.can_branch(parent, length, self.block_size)

    def fork(self, parent_id: str, sequence_id: str, length: int) -> None:
        """Begin a sequence that shares the first ``length`` verified tokens of another, without copying them.

        Mutates: references the parent's blocks; whoever first writes into a shared block gets a copy (``extend``).
        """
        parent = self._tables[parent_id]
        if not length >= 0 or not self.can_fork(parent_id, length):
            raise ValueError(f"cannot share {length} tokens, {parent.verified} are verified, or what is behind is gone")
        table = self._opened(sequence_id, parent.apart)
        self.states.branch(parent, table, length, self.block_size)
        for group, (held, own) in enumerate(zip(parent.groups, table.groups)):
            own.begin = self._first(group, length)
            own.blocks += held.blocks[own.begin - held.begin : -(-length // self.block_size) - held.begin]
            for block in own.blocks:
                self._reference(block)
        self._name(table, parent.contents[: length // self.block_size])
        table.length = table.verified = length

    def extend(self, sequence_id: str, length: int) -> list[tuple[int, int]]:
        """Give a sequence slots for ``length`` tokens; all or nothing.

        Mutates: takes blank blocks, the one beside the last if it can, else evicts the least recently used. A last
        block that others share too is replaced by one of its own; one that the prefix index knows by what a fork's
        parent wrote behind this sequence's end leaves the index.

        Returns:
            (from, to) blocks whose content must be copied before the new slots are written.

        Raises:
            CacheExhaustedError: not enough free blocks.
        """
        table = self._tables[sequence_id]
        if length <= table.length:
            return []
        partial, wanted = table.length % self.block_size > 0, -(-length // self.block_size)
        shared = [partial and self._refs[held.blocks[-1]] > 1 for held in table.groups]
        missing = sum(wanted - held.end for held in table.groups)
        if missing + sum(shared) > self.free_blocks:
            raise CacheExhaustedError(blocks=self.num_blocks)
        table.moved = table.moved or any(shared) or missing > 0
        copies = []
        for held, split, window in zip(table.groups, shared, self.windows):
            if split:
                last = held.blocks.pop()
                self._grow(held, window)
                self._release(last)
                copies.append((last, held.blocks[-1]))
            elif partial:
                self._forget(held.blocks[-1])
            for _ in range(wanted - held.end):
                self._grow(held, window)
        self._touch_slots(table, table.length, length)
        table.length = length
        return copies

    def commit(self, sequence_id: str, tokens: Sequence[int], last: bool = False) -> None:
        """Say that the cache of this sequence now holds ``tokens``, all verified; ``last``: the end of a prompt.

        Mutates: full blocks enter the prefix index, so that later sequences can share them, unless it stands apart.
        Blocks that no row after these tokens looks back on go back to the pool.
        """
        table, size = self._tables[sequence_id], self.block_size
        if not table.verified <= len(tokens) <= table.length:
            raise ValueError(f"{len(tokens)} tokens verified of {table.length} slots, {table.verified} before")
        self._touch_slots(table, table.verified, len(tokens))
        table.verified, known = len(tokens), table.registered
        while not table.apart and (table.registered + 1) * size <= len(tokens):
            i = table.registered
            before = table.contents[-1] if table.contents else self._index.root
            content = self._index.after(before, tuple(tokens[i * size : (i + 1) * size]))
            for group, held in enumerate(table.groups):
                self._file(held.blocks[i - held.begin], content, group)
            self._name(table, (content,))
        if table.registered > known:
            self.states.reached(table, table.registered * size, last)
        for group, held in enumerate(table.groups):
            passed = self._first(group, len(tokens)) - held.begin
            if passed > 0:
                table.moved = True
                held.begin += passed
                for block in held.blocks[:passed]:
                    self._release(block, passed=True)
                del held.blocks[:passed]

    def truncate(self, sequence_id: str, length: int) -> None:
        """Forget the slots from ``length`` on: rejected draft tokens.

        Mutates: whole blocks beyond go back to the pool.
        """
        table = self._tables[sequence_id]
        if not table.verified <= length:
            raise ValueError(f"cannot cut verified tokens: {length} < {table.verified}")
        if length >= table.length:
            return
        self._touch_slots(table, length, table.length)
        table.length = length
        for held in table.groups:
            while held.end > -(-length // self.block_size):
                table.moved = True
                self._release(held.blocks.pop())

    def close(self, sequence_id: str) -> None:
        """End a sequence. Its full verified blocks stay cached until reused, tails first."""
        self._end(self._tables.pop(sequence_id))

    def discard(self, sequence_id: str) -> list[int]:
        """End a sequence and forget the content of the blocks that only it used; returns those blocks."""
        table = self._tables.pop(sequence_id)
        own = [block for block in table.blocks if self._refs[block] == 1]
        for block in own:
            self._forget(block)
        self._end(table)
        return own

    def clear_cache(self) -> None:
        """Forget all reusable content of free blocks (used blocks keep theirs)."""
        for block in self._free.all_cached():
            self._forget(block)
            self._free.remove_cached(block)
            self._free.add_blank(block)

    # ----------------------------------------------------------------- sequences

    def _opened(self, sequence_id: str, apart: bool) -> BlockTable:
        if sequence_id in self._tables:
            raise ValueError(f"sequence {sequence_id} is already open")
        self.states.check_room()
        table = self._tables[sequence_id] = BlockTable([Held() for _ in self.windows], apart=apart)
        return table

    def _first(self, group: int, length: int) -> int:
        """The first block that a row after ``length`` tokens looks back on."""
        return first_block(self.windows[group], length, self.block_size)

    def _name(self, table: BlockTable, contents: Sequence[Content]) -> None:
        for content in contents:
            content.uses += 1
        table.contents += contents

    def _end(self, table: BlockTable) -> None:
        self.states.end(table)
        for held in table.groups:
            for block in reversed(held.blocks):
                self._release(block)
        for content in reversed(table.contents):
            content.uses -= 1
            self._index.drop(content)

    def _grow(self, held: Held, window: int) -> None:
        block = self._free.take(held.blocks[-1] + 1 if held.blocks else None, last=window > 0)
        self.evicted += self._content[block] is not None
        self._forget(block)
        self._refs[block] = 1
        held.blocks.append(block)

    # ----------------------------------------------------------------- blocks

    def _reference(self, block: int) -> None:
        if self._refs[block] == 0:
            self._free.remove_cached(block)
        self._refs[block] += 1
        self.dirty.add(block)

    def _release(self, block: int, passed: bool = False) -> None:
        self._refs[block] -= 1
        self.dirty.add(block)
        if self._refs[block] == 0:
            if self._content[block] is None:
                self._free.add_blank(block)
            else:
                self._free.add_cached(block, passed)

    def _file(self, block: int, content: Content, group: int) -> None:
        """Let the index know that a block in use holds this content, unless another one in use does.

        It takes the place of a free one, which would be evicted first and cut off all that comes after it.
        """
        known = content.blocks[group]
        if known >= 0 and self._refs[known]:
            return
        if known >= 0:
            self._content[known] = None
            self._free.remove_cached(known)
            self._free.add_blank(known)
            self.dirty.add(known)
        content.blocks[group] = block
        self._content[block], self._group[block] = content, group

    def _forget(self, block: int) -> None:
        content = self._content[block]
        self.dirty.add(block)
        if content is not None:
            self._content[block] = None
            content.blocks[self._group[block]] = -1
            self.states.forget(content)
            self._index.drop(content)

    def _touch_slots(self, table: BlockTable, begin: int, end: int) -> None:
        if end > begin:
            size = self.block_size
            for held in table.groups:
                self.dirty.update(held.blocks[begin // size - held.begin : (end - 1) // size + 1 - held.begin])

    # ----------------------------------------------------------------- inspection

    def take_dirty(self) -> set[int]:
        """Blocks that changed since the last call. Mutates: forgets them."""
        dirty, self.dirty = self.dirty, set()
        return dirty

    def check_integrity(self) -> None:
        """Raise AssertionError when the books do not balance. Slow; for tests."""
        refs = [0] * self.num_blocks
        uses: dict[int, int] = {}
        for name, table in self._tables.items():
            self._check_table(name, table)
            for block in table.blocks:
                refs[block] += 1
            for named in table.contents:
                uses[named.number] = uses.get(named.number, 0) + 1
        assert refs == self._refs, "reference counts differ from the tables"
        for block, content in enumerate(self._content):
            blank, cached = self._free.is_blank(block), self._free.is_cached(block)
            assert blank + cached + (refs[block] > 0) == 1, f"block {block} is not in one place"
            assert content is not None or not cached, f"cached block {block} has no content"
            if content is not None:
                assert not blank, f"blank block {block} has content"
                assert self._index.knows(content), f"the content of block {block} is not in the index"
                assert content.blocks[self._group[block]] == block, f"block {block} is another's"
        filed = [block for content in self._index for block in content.blocks if block >= 0]
        assert sorted(filed) == [b for b, content in enumerate(self._content) if content is not None]
        self._index.check(uses)
        self.states.check(list(self._tables.values()), list(self._index))

    def _check_table(self, name: str, table: BlockTable) -> None:
        size = self.block_size
        assert len(set(table.blocks)) == len(table.blocks), f"{name} holds a block twice"
        assert 0 <= table.verified <= table.length, name
        assert table.registered == (0 if table.apart else table.verified // size), name
        own = table.since(-(-table.verified // size))
        assert all(self._refs[block] == 1 for block in own), f"{name} shares unverified slots"
        for group, held in enumerate(table.groups):
            assert held.end == -(-table.length // size), f"{name} holds blocks it does not need"
            assert held.begin == self._first(group, table.verified), f"{name} holds what its window has passed"
