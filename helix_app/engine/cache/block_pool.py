"""Who owns which block of the KV cache. Bookkeeping only: no tensors, no torch.

A block is *blank* (free, nothing worth keeping), *cached* (free, but still holding a full block of verified
tokens that another sequence may reuse) or *used* (referenced by one or more sequences). Every operation costs
O(1) per block it touches.

Prefix cache: a full block of verified tokens is known by ``(content of the block before it, its token ids)``.
"Content" is a number given at registration, so two chains meet only if every token of both is the same: ids are
compared, never hashes alone. (Idea: chained block hashes of vLLM's automatic prefix caching.)

    tokens   [ 0 ........ 15 | 16 ...... 31 | 32 .. 40 ]            length = 41
    blocks        b0 (full)      b1 (full)     b2 (fill 9)
    content       7 = (0, t0..15)   9 = (7, t16..31)   none
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.free_list import FreeList

_ROOT = 0  # content of "nothing before"


@dataclass
class BlockTable:
    """The blocks of one sequence.

    Attributes:
        blocks: physical block of every 16 tokens.
        length: slots in use: verified tokens, then speculative ones.
        verified: tokens whose keys and values are final.
        contents: content numbers of the leading blocks that the prefix index knows.
        moved: ``blocks`` changed since somebody looked, who sets this back.
        apart: it takes nothing from the prefix index and leaves nothing in it.
    """

    blocks: list[int] = field(default_factory=list)
    length: int = 0
    verified: int = 0
    contents: list[int] = field(default_factory=list)
    moved: bool = True
    apart: bool = False

    @property
    def registered(self) -> int:
        """How many leading blocks the prefix index knows."""
        return len(self.contents)

    @property
    def content(self) -> int:
        """Content number of the last registered block."""
        return self.contents[-1] if self.contents else _ROOT


class BlockPool:
    """All blocks of one model's cache.

    Attributes:
        num_blocks, block_size: fixed.
        dirty: blocks whose state changed since ``take_dirty``.
    """

    def __init__(self, num_blocks: int, block_size: int = 16, order: Sequence[int] | None = None) -> None:
        """``order`` is the order in which blank blocks are first handed out (tests shuffle it)."""
        if num_blocks < 1 or block_size < 1:
            raise ValueError("a pool needs at least one block of at least one slot")
        self.num_blocks, self.block_size = num_blocks, block_size
        self._adjacent = order is None
        self._blank = FreeList(range(num_blocks) if order is None else order, num_blocks, by_region=self._adjacent)
        self._cached: OrderedDict[int, None] = OrderedDict()  # least recently used first
        self._refs = [0] * num_blocks
        self._key: list[tuple[int, tuple[int, ...]] | None] = [None] * num_blocks  # in the index
        self._content = [_ROOT] * num_blocks
        self._index: dict[tuple[int, tuple[int, ...]], int] = {}
        self._next_content = _ROOT + 1
        self._tables: dict[str, BlockTable] = {}
        self.dirty: set[int] = set()

    # ----------------------------------------------------------------- counts

    @property
    def free_blocks(self) -> int:
        """Blocks a sequence can get: blank ones and cached ones."""
        return len(self._blank) + len(self._cached)

    @property
    def cached_blocks(self) -> int:
        """Free blocks that still hold reusable tokens."""
        return len(self._cached)

    @property
    def used_blocks(self) -> int:
        """Blocks referenced by a sequence."""
        return self.num_blocks - self.free_blocks

    def tables(self) -> dict[str, BlockTable]:
        """The live sequences by id, in order of arrival. Read only."""
        return self._tables

    def refcount(self, block: int) -> int:
        """How many sequences use a block."""
        return self._refs[block]

    def is_cached(self, block: int) -> bool:
        """Whether a free block still holds reusable tokens."""
        return block in self._cached

    # ----------------------------------------------------------------- life of a sequence

    def open(self, sequence_id: str, tokens: Sequence[int], apart: bool = False) -> int:
        """Begin a sequence; take the longest cached prefix of ``tokens``, ending before the last of them.

        One that stands ``apart`` takes none, and its blocks are blank once it is closed: what others left in the
        cache outlives it, as far as there are blank blocks.

        Mutates: references the hit blocks. Returns the number of tokens that need no prefill.
        """
        if sequence_id in self._tables:
            raise ValueError(f"sequence {sequence_id} is already open")
        table = self._tables[sequence_id] = BlockTable(apart=apart)
        if apart:
            return 0
        size = self.block_size
        for start in range(0, max(0, len(tokens) - 1) - size + 1, size):
            key = (table.content, tuple(tokens[start : start + size]))
            block = self._index.get(key)
            if block is None:
                break
            self._reference(block)
            table.blocks.append(block)
            table.contents.append(self._content[block])
        table.length = table.verified = table.registered * size
        return table.length

    def fork(self, parent_id: str, sequence_id: str, length: int) -> None:
        """Begin a sequence that shares the first ``length`` verified tokens of another, without copying them.

        Mutates: references the parent's blocks; whoever first writes into a shared block gets a copy (``extend``).
        """
        parent = self._tables[parent_id]
        if sequence_id in self._tables:
            raise ValueError(f"sequence {sequence_id} is already open")
        if not 0 <= length <= parent.verified:
            raise ValueError(f"cannot share {length} tokens, {parent.verified} are verified")
        shared = parent.blocks[: -(-length // self.block_size)]
        for block in shared:
            self._reference(block)
        contents = parent.contents[: length // self.block_size]
        self._tables[sequence_id] = BlockTable(list(shared), length, length, contents, apart=parent.apart)

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
        missing = -(-length // self.block_size) - len(table.blocks)
        shared = table.length % self.block_size and self._refs[table.blocks[-1]] > 1
        if missing + bool(shared) > self.free_blocks:
            raise CacheExhaustedError(blocks=self.num_blocks)
        copies = []
        table.moved = table.moved or bool(shared) or missing > 0
        if shared:
            last = table.blocks.pop()
            own = self._take(table.blocks[-1] + 1 if table.blocks else None)
            self._refs[own] = 1
            self._release(last)
            table.blocks.append(own)
            copies.append((last, own))
        elif table.length % self.block_size:
            self._forget(table.blocks[-1])
        for _ in range(missing):
            block = self._take(table.blocks[-1] + 1 if table.blocks else None)
            self._refs[block] = 1
            table.blocks.append(block)
        self._touch_slots(table, table.length, length)
        table.length = length
        return copies

    def commit(self, sequence_id: str, tokens: Sequence[int]) -> None:
        """Say that the cache of this sequence now holds ``tokens``, all verified.

        Mutates: full blocks enter the prefix index, so that later sequences can share them, unless it stands apart.
        """
        table = self._tables[sequence_id]
        size = self.block_size
        if not table.verified <= len(tokens) <= table.length:
            raise ValueError(f"{len(tokens)} tokens verified of {table.length} slots, {table.verified} before")
        self._touch_slots(table, table.verified, len(tokens))
        table.verified = len(tokens)
        while not table.apart and (table.registered + 1) * size <= len(tokens):
            i = table.registered
            block = table.blocks[i]
            key = (table.content, tuple(tokens[i * size : (i + 1) * size]))
            known = self._index.get(key)
            if known is not None and self._refs[known] == 0:
                self._take_over(block, known)
            elif known is None:
                self._index[key] = block
                self._key[block] = key
                self._content[block] = self._next_content
                self._next_content += 1
            table.contents.append(self._content[self._index[key]])

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
        keep = -(-length // self.block_size)
        while len(table.blocks) > keep:
            table.moved = True
            self._release(table.blocks.pop())

    def close(self, sequence_id: str) -> None:
        """End a sequence. Its full verified blocks stay cached until reused, tails first."""
        table = self._tables.pop(sequence_id)
        for block in reversed(table.blocks):
            self._release(block)

    def discard(self, sequence_id: str) -> list[int]:
        """End a sequence and forget the content of the blocks that only it used; returns those blocks."""
        table = self._tables.pop(sequence_id)
        own = [block for block in table.blocks if self._refs[block] == 1]
        for block in own:
            self._forget(block)
        for block in reversed(table.blocks):
            self._release(block)
        return own

    def clear_cache(self) -> None:
        """Forget all reusable content of free blocks (used blocks keep theirs)."""
        for block in list(self._cached):
            self._forget(block)
            self._blank.add(block)
        self._cached.clear()

    # ----------------------------------------------------------------- blocks

    def _take(self, wanted: int | None) -> int:
        if self._adjacent and wanted in self._blank:
            assert wanted is not None
            self._blank.remove(wanted)
            block = wanted
        elif self._blank:
            block = self._blank.pop(first_of_sequence=wanted is None)
        else:
            block, _ = self._cached.popitem(last=False)
            self._forget(block)
        self.dirty.add(block)
        return block

    def _reference(self, block: int) -> None:
        if self._refs[block] == 0:
            del self._cached[block]
        self._refs[block] += 1
        self.dirty.add(block)

    def _release(self, block: int) -> None:
        self._refs[block] -= 1
        self.dirty.add(block)
        if self._refs[block] == 0:
            if self._key[block] is None:
                self._blank.add(block)
            else:
                self._cached[block] = None

    def _forget(self, block: int) -> None:
        key = self._key[block]
        if key is not None:
            del self._index[key]
        self._key[block] = None
        self._content[block] = _ROOT
        self.dirty.add(block)

    def _take_over(self, block: int, unused: int) -> None:
        """Let a block in use stand in the index for a free one with the same content.

        Otherwise the free one would be evicted first and cut off all that is registered after it.
        """
        key = self._key[unused]
        assert key is not None
        self._key[block], self._content[block] = key, self._content[unused]
        self._index[key] = block
        self._key[unused], self._content[unused] = None, _ROOT
        del self._cached[unused]
        self._blank.add(unused)
        self.dirty.add(unused)

    def _touch_slots(self, table: BlockTable, begin: int, end: int) -> None:
        if end > begin:
            size = self.block_size
            self.dirty.update(table.blocks[begin // size : (end - 1) // size + 1])

    # ----------------------------------------------------------------- inspection

    def take_dirty(self) -> set[int]:
        """Blocks that changed since the last call. Mutates: forgets them."""
        dirty, self.dirty = self.dirty, set()
        return dirty

    def check_integrity(self) -> None:
        """Raise AssertionError when the books do not balance. Slow; for tests."""
        refs = [0] * self.num_blocks
        for name, table in self._tables.items():
            assert len(set(table.blocks)) == len(table.blocks), f"{name} holds a block twice"
            assert 0 <= table.verified <= table.length <= len(table.blocks) * self.block_size, name
            assert len(table.blocks) == -(-table.length // self.block_size), f"{name} holds blocks it does not need"
            assert table.registered == (0 if table.apart else table.verified // self.block_size), name
            own = table.blocks[-(-table.verified // self.block_size) :]
            assert all(self._refs[block] == 1 for block in own), f"{name} shares unverified slots"
            for block in table.blocks:
                refs[block] += 1
        assert refs == self._refs, "reference counts differ from the tables"
        for block in range(self.num_blocks):
            places = (block in self._blank) + (block in self._cached) + (refs[block] > 0)
            assert places == 1, f"block {block} is in {places} places"
            key = self._key[block]
            assert (key is not None) == (self._content[block] != _ROOT)
            assert block not in self._cached or key is not None, f"cached block {block} has no content"
            assert block not in self._blank or key is None, f"blank block {block} has content"
            assert key is None or self._index.get(key) == block, f"block {block} is not where the index says"
        assert len(self._index) == sum(key is not None for key in self._key)
