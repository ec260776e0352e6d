"""Which layers keep their keys and values in the same blocks. No torch.

Layers of one kind (all tokens, or a window of so many) are put into groups of equal size, so that a block, which holds
16 tokens of the layers of one group, is equally large whichever group it serves, and one pool serves them all. A group
whose layers look back over a window gives the blocks back that have fallen out of it. (Idea: the hybrid cache manager
of vLLM.)

    Gemma 3 270M, 15 layers with a window and 3 without: six groups of three layers
    layer   0 1 2 3 4 5 | 6 7 8 ...          group 0: layers 5, 11, 17            all tokens
            w w w w w f | w w w ...          group 1: layers 0, 1, 2              the window

Recurrent layers have no blocks: they are in no group, and a sequence has one state for all of them (``states.py``).
Where layers differ in their heads, a block is a number of planes as wide as the largest head: what has half its width
lies two layers side by side in a plane. So a block of layers with few large heads has as many bytes as one of layers
with many small ones, though not as many layers. A layer that shares the keys and values of an earlier one has no place
of its own: it has that one's.

    Gemma 4 E2B, 12 layers with heads of 256, 3 with heads of 512, 20 that share: six planes of 512
    group 0      |  layer 4      |  layer 9      |  layer 14     |        keys and values, a plane each
    group 1      |  0   |   1    |  2   |   3    |  5   |   6    |        two layers side by side
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from helix_app.modelfiles.config import ModelConfig

MOST_ROWS = 512  # of one sequence in a pass
_MOST_GROUPS = 8
FEW_STATES = 8  # of sequences that run, and of beginnings that are kept
_MANY_STATES, _STATE_BYTES = 48, 2**30  # at most, beyond the few
UNBOUNDED = 2**40  # tokens


@dataclass(frozen=True)
class Planes:
    """How a block is divided where layers differ in their heads.

    Attributes:
        count: planes of a block, each of one head's keys or values of its tokens.
        width: numbers of a token in a plane.
        shapes: key/value heads and their size, of each group.
    """

    count: int
    width: int
    shapes: tuple[tuple[int, int], ...]

    def place(self, group: int, index: int) -> tuple[int, int]:
        """The first plane of a group's layer, and where in a plane it begins."""
        kv_heads, dim = self.shapes[group]
        beside = self.width // dim
        return index // beside * 2 * kv_heads, index % beside * dim


@dataclass(frozen=True)
class Layout:
    """The groups of layers of a cache.

    Attributes:
        windows: tokens that the layers of each group look back over, the row's own among them; 0 is all.
        places: of each layer its group, and which of the group's layers it is; that of another one where it shares.
            A recurrent one is in group -1.
        depth: layers whose keys and values a block has room for, the most of any group.
        planes: how a block is divided where groups differ in their heads, None where they do not.
        readers: of each group, layers that read keys and values there and have none; () where nothing is shared.
        states: how many states there is room for; 0 where no layer is recurrent.
        apart: key/value heads and their size of the last layer, where it lies apart (``drafting_cache.py``): in the
            blocks of its group, beside what these hold.
    """

    windows: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    depth: int
    planes: Planes | None = None
    readers: tuple[int, ...] = ()
    states: int = 0
    apart: tuple[int, int] | None = None

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """Which of its group's layers each layer is."""
        return tuple(index for _, index in self.places)

    def blocks_for(self, length: int, block_size: int) -> int:
        """The most blocks that a sequence of so many tokens has at once."""
        return blocks_for(self.windows, length, block_size)

    def numbers(self, config: ModelConfig) -> int:
        """Numbers of a token in a block."""
        kv_heads, dim = self.apart or (0, 0)
        beside = 2 * kv_heads * dim
        if self.planes is not None:
            return self.planes.count * self.planes.width + beside
        heads = config.heads(0)
        return 2 * self.depth * heads.kv * heads.dim + beside

    @property
    def before_last(self) -> Layout:
        """The same without a last layer that lies apart."""
        return replace(self, places=self.places[:-1], apart=None)


_Kind = tuple[int, int, int]  # window, key/value heads, their size


def layout_of(config: ModelConfig, context: int) -> Layout:
    """The groups of a model whose sequences have at most ``context`` tokens: a window of as many is none."""
    if config.layers and config.layers[-1].apart:
        heads, found = config.heads(config.num_layers - 1), layout_of(config.before_last, context)
        place = found.windows.index(0), 0
        return replace(found, places=(*found.places, place), apart=(heads.kv, heads.dim))
    windows = [window if window < context else 0 for window in config.windows] or [0] * config.num_layers
    own = [i for i in range(config.num_layers) if config.layer(i).shares is None and not config.layer(i).recurrent]
    kind_of = {i: (windows[i], config.heads(i).kv, config.heads(i).dim) for i in own}
    counts = {kind: list(kind_of.values()).count(kind) for kind in sorted(set(kind_of.values()))}
    width = max(dim for _, _, dim in counts)
    count = _planes(counts, width) if len(counts) > 1 else 2 * next(iter(counts))[1] * len(own)
    groups: list[_Kind] = []
    places: dict[int, tuple[int, int]] = {layer: (-1, at) for at, layer in enumerate(config.recurrent_layers)}
    for kind in counts:
        rooms = _rooms(kind, count, width)
        for at, layer in enumerate(i for i in own if kind_of[i] == kind):
            if at % rooms == 0:
                groups.append(kind)
            places[layer] = len(groups) - 1, at % rooms
    shared = {i: shares for i in range(config.num_layers) if (shares := config.layer(i).shares) is not None}
    places |= {i: places[shares] for i, shares in shared.items()}
    readers = tuple(sum(places[i][0] == group for i in shared) for group in range(len(groups))) if shared else ()
    shapes = tuple((kv, dim) for _, kv, dim in groups)
    return Layout(
        tuple(window for window, _, _ in groups),
        tuple(places[i] for i in range(config.num_layers)),
        max(_rooms(kind, count, width) for kind in counts),
        Planes(count, width, shapes) if len(set(shapes)) > 1 else None,
        readers,
        FEW_STATES if config.recurrent_layers else 0,
    )


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


def _rooms(kind: _Kind, planes: int, width: int) -> int:
    """Layers of a kind that so many planes have room for."""
    _, kv_heads, dim = kind
    return planes // (2 * kv_heads) * (width // dim)


def _planes(counts: Mapping[_Kind, int], width: int) -> int:
    """Planes of a block: those that leave the least room of blocks unused, in few groups."""

    def groups(planes: int) -> int:
        return sum(-(-count // _rooms(kind, planes, width)) for kind, count in counts.items())

    possible = sorted({2 * kv * depth for (_, kv, _), count in counts.items() for depth in range(1, count + 1)})
    possible = [planes for planes in possible if all(_rooms(kind, planes, width) for kind in counts)]
    few = [planes for planes in possible if groups(planes) <= _MOST_GROUPS]
    return min(few or possible[-1:], key=lambda planes: (planes * groups(planes), -planes))


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
