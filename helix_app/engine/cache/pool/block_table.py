"""The blocks of one sequence. No tensors, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from helix_app.engine.cache.pool.prefix_index import Content


@dataclass
class Held:
    """The blocks of one sequence in one group of layers.

    Attributes:
        blocks: physical block of every 16 tokens, from the ``begin``-th on.
        begin: leading ones that no later row looks back on: they fell out of the window.
    """

    blocks: list[int] = field(default_factory=list)
    begin: int = 0

    @property
    def end(self) -> int:
        """How many times 16 tokens it reaches over."""
        return self.begin + len(self.blocks)


@dataclass
class BlockTable:
    """The blocks of one sequence.

    Attributes:
        groups: those of each group of layers.
        length: slots in use: verified tokens, then speculative ones.
        verified: tokens whose keys and values are final.
        contents: those of the leading blocks that the prefix index knows.
        moved: blocks changed since somebody looked, who sets this back.
        apart: it takes nothing from the prefix index and leaves nothing in it.
        state: slot of its state, -1 in a model without recurrent layers.
        rolling: the content whose checkpoint gives way to this sequence's next one.
        lasting: tokens before its last checkpoint that does not.
    """

    groups: list[Held]
    length: int = 0
    verified: int = 0
    contents: list[Content] = field(default_factory=list)
    moved: bool = True
    apart: bool = False
    state: int = -1
    rolling: Content | None = None
    lasting: int = 0

    @property
    def blocks(self) -> list[int]:
        """All of them, group by group."""
        return self.groups[0].blocks if len(self.groups) == 1 else self.since(0)

    @property
    def registered(self) -> int:
        """How many leading blocks the prefix index knows."""
        return len(self.contents)

    def since(self, index: int) -> list[int]:
        """The blocks of every group from the ``index``-th 16 tokens on."""
        return [block for held in self.groups for block in held.blocks[max(0, index - held.begin) :]]
