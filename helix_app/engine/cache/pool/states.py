"""Who owns which state of a model with recurrent layers. Bookkeeping only: no tensors, no torch.

Such layers keep one state for all tokens before, of fixed size, instead of keys and values. A slot holds one state of
all those layers. It is *blank*, the *own* one of a live sequence, or a *checkpoint*: the state behind the last token of
a full block of verified tokens, which belongs to what the prefix index knows of that block (``Content.state``) and goes
with it. A prompt may begin only behind a block with a checkpoint. Where no slot is blank the checkpoint that was used
longest ago gives way.

A sequence makes a checkpoint at every border of a block that it passes, in place of its one before it, so that one that
was preempted, or a next question, goes on near its end. Some of them last: at the end of a prompt, and where a sequence
has doubled its length.

What happens to slots is said here as copies, which whoever has the tensors (``state_cache.py``) makes in their order
before the next pass.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.pool.prefix_index import Content

NO_STATE = -1
_LASTING = 512  # tokens; how far the first checkpoint lies that a long text keeps on its way


@dataclass(frozen=True)
class StateCopy:
    """``target`` becomes the state that ``source`` has behind its first ``position`` tokens.

    Attributes:
        source: slot, or ``NO_STATE`` for the state before the first token.
    """

    source: int
    position: int
    target: int


class StateSlots:
    """All slots of one model's cache; with none of them nothing here does anything."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._blank = list(range(slots))[::-1]
        self._kept: OrderedDict[int, Content] = OrderedDict()  # checkpoints, the least recently used first
        self._copies: list[StateCopy] = []

    @property
    def checkpoints(self) -> int:
        """How many slots hold a state for prompts to come."""
        return len(self._kept)

    @property
    def free(self) -> int:
        """Slots that a sequence can get."""
        return len(self._blank) + len(self._kept)

    def take_copies(self) -> list[StateCopy]:
        """What is to be done before the next pass, in this order. Mutates: forgets it."""
        copies, self._copies = self._copies, []
        return copies

    # ----------------------------------------------------------------- life of a sequence

    def check_room(self) -> None:
        """Raise CacheExhaustedError where no sequence can begin."""
        if self.slots and not self.free:
            raise CacheExhaustedError(blocks=self.slots)

    def may_begin(self, content: Content) -> bool:
        """Whether a prompt may begin behind this content."""
        return not self.slots or content.state >= 0

    def begin(self, table: BlockTable, content: Content | None, position: int) -> None:
        """A sequence begins behind a content with a checkpoint, or before its first token for None."""
        if not self.slots:
            return
        source = NO_STATE
        if content is not None:
            source = content.state
            self._kept.move_to_end(source)
        self._give(table, source, position)

    def branch(self, parent: BlockTable, table: BlockTable, length: int, block_size: int) -> None:
        """A sequence begins behind the first ``length`` tokens of another, for which ``can_branch`` holds."""
        if self.slots and length == parent.verified:
            self._give(table, parent.state, length)
        else:
            self.begin(table, self._behind(parent, length, block_size), length)

    def can_branch(self, parent: BlockTable, length: int, block_size: int) -> bool:
        """Whether the state behind the first tokens of a sequence is there."""
        if not self.slots or length in (0, parent.verified):
            return True
        return self._behind(parent, length, block_size) is not None

    def end(self, table: BlockTable) -> None:
        """A sequence has ended."""
        if table.state >= 0:
            self._blank.append(table.state)
            table.state = NO_STATE

    # ----------------------------------------------------------------- checkpoints

    def reached(self, table: BlockTable, position: int, last: bool) -> None:
        """A sequence's tokens are verified through the end of its last registered block, at ``position``.

        Args:
            last: nothing that is known to come follows: the end of a prompt.
        """
        content = table.contents[-1]
        if not self.slots or min(content.blocks) < 0:
            return
        if table.rolling is not None:
            self.forget(table.rolling)
            table.rolling = None
        if content.state >= 0:  # another sequence's
            self._kept.move_to_end(content.state)
            return
        slot = self._slot()
        if slot is None:
            return
        self._copies.append(StateCopy(table.state, position, slot))
        self._kept[slot] = content
        content.state = slot
        if last or position >= max(_LASTING, 2 * table.lasting):
            table.lasting = position
        else:
            table.rolling = content

    def forget(self, content: Content) -> None:
        """A content lost a block, and with it its checkpoint."""
        if content.state >= 0:
            del self._kept[content.state]
            self._blank.append(content.state)
            content.state = NO_STATE

    def check(self, tables: list[BlockTable], contents: list[Content]) -> None:
        """Raise AssertionError when the books do not balance."""
        own = [table.state for table in tables]
        kept = [content.state for content in contents if content.state >= 0]
        assert all((state >= 0) == bool(self.slots) for state in own), (
            "a sequence without a state, or with one too many"
        )
        assert sorted([*own, *kept, *self._blank] if self.slots else []) == list(range(self.slots)), "slots are lost"
        assert sorted(kept) == sorted(self._kept), "checkpoints differ from what the index knows"
        for slot, content in self._kept.items():
            assert content.state == slot
            assert min(content.blocks) >= 0, f"checkpoint {slot} of a content without all its blocks"

    # ----------------------------------------------------------------- details

    def _behind(self, parent: BlockTable, length: int, block_size: int) -> Content | None:
        if length == 0 or length % block_size or length // block_size > parent.registered:
            return None
        content = parent.contents[length // block_size - 1]
        return content if content.state >= 0 else None

    def _give(self, table: BlockTable, source: int, position: int) -> None:
        slot = self._slot()
        if slot is None:
            raise CacheExhaustedError(blocks=self.slots)
        table.state, table.lasting = slot, position
        self._copies.append(StateCopy(source, position, slot))

    def _slot(self) -> int | None:
        """One to write into; None where every one is a live sequence's own."""
        if self._blank:
            return self._blank.pop()
        if not self._kept:
            return None
        slot, content = self._kept.popitem(last=False)
        content.state = NO_STATE
        return slot
