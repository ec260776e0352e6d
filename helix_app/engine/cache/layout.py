"""Which layers keep their keys and values in the same blocks. No torch.

Layers of one kind (all tokens, or a window of so many) are put into groups of equal size, so that a block, which holds
16 tokens of the layers of one group, is equally large whichever group it serves, and one pool serves them all. A group
whose layers look back over a window gives the blocks back that have fallen out of it. (Idea: the hybrid cache manager
of vLLM.)

    Gemma 3 270M, 15 layers with a window and 3 without: six groups of three layers
    layer   0 1 2 3 4 5 | 6 7 8 ...          group 0: layers 5, 11, 17            all tokens
            w w w w w f | w w w ...          group 1: layers 0, 1, 2              the window

Recurrent layers have no blocks: they are in no group, and a sequence has one state for all of them (``states.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from helix_app.modelfiles.config import ModelConfig

MOST_ROWS = 512  # of one sequence in a pass
_MOST_GROUPS = 8
FEW_STATES = 8  # of sequences that run, and of beginnings that are kept
_MANY_STATES, _STATE_BYTES = 48, 2**30  # at most, beyond the few
UNBOUNDED = 2**40  # tokens


@dataclass(frozen=True)
class Layout:
    """The groups of layers of a cache.

    Attributes:
        windows: tokens that the layers of each group look back over, the row's own among them; 0 is all.
        places: of each layer its group, and which of the group's layers it is.
            A recurrent one is in group -1.
        depth: layers whose keys and values a block has room for.
        states: how many states there is room for; 0 where no layer is recurrent.
    """

    windows: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    depth: int
    states: int = 0

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """Which of its group's layers each layer is."""
        return tuple(index for _, index in self.places)

    def blocks_for(self, length: int, block_size: int) -> int:
        """The most blocks that a sequence of so many tokens has at once."""
        return blocks_for(self.windows, length, block_size)


def layout_of(config: ModelConfig, context: int) -> Layout:
    """The groups of a model whose sequences have at most ``context`` tokens: a window of as many is none."""
    windows = [window if window < context else 0 for window in config.windows] or [0] * config.num_layers
    attending = [i for i in range(config.num_layers) if not config.layer(i).recurrent]
    places = {layer: (-1, at) for at, layer in enumerate(config.recurrent_layers)}
    states = FEW_STATES if places else 0
    kinds = sorted({windows[i] for i in attending})
    counts = [sum(windows[i] == kind for i in attending) for kind in kinds]
    depth = _depth(counts) if len(kinds) > 1 else len(attending)
    groups: list[int] = []
    for kind in kinds:
        for at, layer in enumerate(i for i in attending if windows[i] == kind):
            if at % depth == 0:
                groups.append(kind)
            places[layer] = len(groups) - 1, at % depth
    return Layout(tuple(groups), tuple(places[i] for i in range(config.num_layers)), depth, states)


def with_states(layout: Layout, config: ModelConfig, context: int, cache_tokens: int) -> Layout:
    """With as many states as a cache for so many tokens of all sequences should have.

    Args:
        context: tokens of one sequence.
    """
    if not layout.states:
        return layout
    wanted = FEW_STATES * max(1, min(cache_tokens // max(context, 1), _MANY_STATES // FEW_STATES))
    return replace(layout, states=max(FEW_STATES, min(wanted, _STATE_BYTES // config.state_bytes)))


def whole_of(config: ModelConfig) -> Layout:
    """One group of all layers with keys and values, and room for one state where others are recurrent."""
    if not config.recurrent_layers:
        return whole(config.num_layers)
    return replace(layout_of(replace(config, layers=tuple(replace(x, window=0) for x in config.layers)), 1), states=1)


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
