"""Which layers keep their keys and values in the same blocks. No torch.

Layers of one kind (all tokens, or a window of so many) are put into groups of equal size, so that a block, which holds
16 tokens of the layers of one group, is equally large whichever group it serves, and one pool serves them all. A group
whose layers look back over a window gives the blocks back that have fallen out of it. (Idea: the hybrid cache manager
of vLLM.)

    Gemma 3 270M, 15 layers with a window and 3 without: six groups of three layers
    layer   0 1 2 3 4 5 | 6 7 8 ...          group 0: layers 5, 11, 17            all tokens
            w w w w w f | w w w ...          group 1: layers 0, 1, 2              the window
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from helix_app.modelfiles.config import ModelConfig

MOST_ROWS = 512  # of one sequence in a pass
_MOST_GROUPS = 8
UNBOUNDED = 2**40  # tokens


@dataclass(frozen=True)
class Layout:
    """The groups of layers of a cache.

    Attributes:
        windows: tokens that the layers of each group look back over, the row's own among them; 0 is all.
        places: of each layer its group, and which of the group's layers it is.
        depth: layers whose keys and values a block has room for.
    """

    windows: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    depth: int

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """Which of its group's layers each layer is."""
        return tuple(index for _, index in self.places)

    def blocks_for(self, length: int, block_size: int) -> int:
        """The most blocks that a sequence of so many tokens has at once."""
        return blocks_for(self.windows, length, block_size)


def layout_of(config: ModelConfig, context: int) -> Layout:
    """The groups of a model whose sequences have at most ``context`` tokens: a window of as many is none."""
    windows = [window if window < context else 0 for window in config.windows]
    kinds = sorted(set(windows))
    if len(kinds) < 2:
        return whole(config.num_layers, kinds[0] if kinds else 0)
    counts = [windows.count(kind) for kind in kinds]
    depth = _depth(counts)
    groups: list[int] = []
    places: dict[int, tuple[int, int]] = {}
    for kind in kinds:
        layers = [i for i, window in enumerate(windows) if window == kind]
        for at, layer in enumerate(layers):
            if at % depth == 0:
                groups.append(kind)
            places[layer] = len(groups) - 1, at % depth
    return Layout(tuple(groups), tuple(places[i] for i in range(config.num_layers)), depth)


def whole(layers: int, window: int = 0) -> Layout:
    """One group of all layers."""
    return Layout((window,), tuple((0, i) for i in range(layers)), layers)


def _depth(counts: Sequence[int]) -> int:
    """Layers of a group: those that leave the least room of blocks unused, in few groups."""

    def groups(depth: int) -> int:
        return sum(-(-count // depth) for count in counts)

    few = [depth for depth in range(1, max(counts) + 1) if groups(depth) <= _MOST_GROUPS]
    return min(few or [max(counts)], key=lambda depth: (depth * groups(depth), -depth))


def first_block(window: int, length: int, block_size: int) -> int:
    """The first block that a row after ``length`` tokens looks back on."""
    return max(0, length - window + 1) // block_size if window else 0


def held_blocks(windows: Sequence[int], length: int, block_size: int) -> int:
    """The blocks of a sequence of so many verified tokens between passes."""
    count = -(-length // block_size)
    return sum(count - first_block(window, length, block_size) for window in windows)


def most_in_window(window: int, block_size: int) -> int:
    """The most blocks that a sequence has in a group with a window, while a pass runs."""
    return -(-(window - 1 + MOST_ROWS) // block_size) + 1


def blocks_for(windows: Sequence[int], length: int, block_size: int) -> int:
    """The most blocks that a sequence of so many tokens has at once, over groups with these windows."""
    count = -(-length // block_size)
    return sum(min(count, most_in_window(window, block_size)) if window else count for window in windows)


def tokens_in(windows: Sequence[int], blocks: int, block_size: int) -> int:
    """The longest sequence that so many blocks are enough for; ``UNBOUNDED`` where every layer has a window."""
    short = blocks // len(windows)  # while nothing has fallen out of a window
    full = sum(not window for window in windows)
    left = blocks - sum(most_in_window(window, block_size) for window in windows if window)
    if left < 0:
        return short * block_size
    return max(short, left // full) * block_size if full else UNBOUNDED
