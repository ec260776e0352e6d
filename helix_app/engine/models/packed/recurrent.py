"""Recurrent layers on packed weights: their weights, the memory of their rows, their phases, and their states.

prepare     norm, rounding                             a row
in, gate    products                                   weight rows
delta_rows  gates, convolution, lengths                a row
delta_steps the rule, row after row                    some columns of a head of a sequence
delta_gated norm, SiLU of the gate, rounding           a row
out         product onto the residual                  weight rows

Where a sequence's state lies is only known when the pass comes to the layer, and what its rows add is kept before the
memory is used again: so a program ends behind each ``delta_steps``, and the next one begins with ``delta_gated``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from helix_app.engine.cache.state_cache import Added, StateView, tail_after
from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.kernels.packed.delta.sizes import SEQUENCE_WORDS, width_of
from helix_app.engine.kernels.packed.formats import LANES
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, Words, address, floats, words
from helix_app.modelfiles.config import ModelConfig, Recurrent
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

Floats = npt.NDArray[np.float32]


def has_kernels_for(sizes: Recurrent) -> bool:
    """Whether the kernels of recurrent layers take heads of these sizes."""
    return not sizes.key_dim % LANES and width_of(sizes.value_dim) > 0


@dataclass(frozen=True)
class RecurrentWeights:
    """Of the recurrent half of a layer; matrices as the file holds them, the rest in float32.

    Attributes:
        mixed_in, gate: of what the convolution runs over, and of the gate of the output.
        gates: of speeds, then of rates, each ``[padded heads, hidden]``.
        taps: of the convolution ``[kernel, channels]``.
        decay, bias: ``[padded heads]``.
        gain: of the norm of a head ``[value_dim]``.
    """

    mixed_in: PackedTensor
    gate: PackedTensor
    gates: Floats
    taps: Floats
    decay: Floats
    bias: Floats
    gain: Floats


def padded_heads(sizes: Recurrent) -> int:
    """Value heads in whole vectors."""
    return -(-sizes.value_heads // LANES) * LANES


def recurrent_row_bytes(sizes: Recurrent) -> int:
    """Memory of a row of a pass in recurrent layers."""
    return (
        4 * (2 * sizes.channels + 3 * sizes.inner + 2 * padded_heads(sizes) + sizes.key_heads) + 16 + 8 * SEQUENCE_WORDS
    )


class RecurrentMemory:
    """What the rows of a pass need in a recurrent layer.

    Attributes:
        mixed_in, gate: what the products give, ``[capacity, channels]`` and ``[capacity, inner]``.
        mixed: queries, keys and values ``[capacity, channels]``.
        gates: decays, then rates, ``[capacity, 2 * padded heads]``.
        meets: products of queries and keys ``[capacity, key heads]``.
        deltas, read: what rows add to a state, and what they read from it, ``[capacity, inner]``.
        own, tails: of each row which one of its sequence it is, and the address of the inputs before that.
        table: of each sequence what ``delta_steps`` asks for.
        sequences: how many there are.
    """

    def __init__(self, sizes: Recurrent, capacity: int) -> None:
        self.sizes = sizes

        def room(width: int) -> Floats:
            return np.zeros((capacity, width), dtype=np.float32)

        self.mixed_in, self.mixed = room(sizes.channels), room(sizes.channels)
        self.gate, self.deltas, self.read = room(sizes.inner), room(sizes.inner), room(sizes.inner)
        self.gates, self.meets = room(2 * padded_heads(sizes)), room(sizes.key_heads)
        self.own, self.tails = np.zeros((2, capacity), dtype=np.int64)
        self.table = np.zeros((capacity, SEQUENCE_WORDS), dtype=np.int64)
        self.sequences = np.zeros(1, dtype=np.int64)
        self._held: list[tuple[torch.Tensor, ...]] = []  # what addresses point to
        heads = range(sizes.value_heads)
        times = sizes.value_heads // sizes.key_heads
        self._key_of = torch.tensor([head % sizes.key_heads if sizes.tiled else head // times for head in heads])

    # ----------------------------------------------------------------- states

    def begin(self, views: Sequence[StateView], layer: int) -> None:
        """Say where the states of a layer's sequences are, whose rows are the next ones of the pass."""
        at, self._held = 0, []
        for i, view in enumerate(views):
            state, tail = view.begin(layer, own=view.rows > 1)
            border = view.border if view.rows > EXACT_ROWS else 0
            kept = torch.empty_like(state) if border else state
            rows = slice(at, at + view.rows)
            self.own[rows] = np.arange(view.rows)
            self.tails[rows] = tail.data_ptr()
            self.table[i] = at, view.rows, state.data_ptr(), border, kept.data_ptr()
            self._held.append((state, tail, kept))
            at += view.rows
        self.sequences[0] = len(views)

    def keep(self, views: Sequence[StateView], layer: int) -> None:
        """Keep what rows added, and of a long span the state behind the last border of a block."""
        for view, place, (_, tail, kept) in zip(views, self.table.tolist(), self._held):
            first, rows, _, border, _ = place
            inputs = torch.from_numpy(self.mixed_in[first : first + rows])
            if border:
                view.settle(layer, kept, tail_after(tail, inputs[:border]), border)
            if border < rows:
                view.add(layer, self._added(first + border, first + rows), inputs[border:], border)
        self._held = []

    def _added(self, begin: int, end: int) -> Added:
        sizes, count = self.sizes, end - begin
        width = sizes.key_heads * sizes.key_dim
        keys = torch.from_numpy(self.mixed[begin:end, width : 2 * width]).view(count, sizes.key_heads, sizes.key_dim)
        deltas = torch.from_numpy(self.deltas[begin:end]).view(count, sizes.value_heads, sizes.value_dim)
        decays = torch.from_numpy(self.gates[begin:end, : sizes.value_heads])
        return Added(decays, keys.index_select(1, self._key_of), deltas)


class RecurrentSteps:
    """Makes the jobs of recurrent layers between their products."""

    def __init__(self, library: Library, config: ModelConfig) -> None:
        assert config.recurrent is not None
        self._library, self._sizes, self._eps = library, config.recurrent, config.norm_eps
        self._width = width_of(self._sizes.value_dim)

    def before(self, layer: RecurrentWeights, memory: RecurrentMemory, normed: Floats, count: int) -> list[list[Job]]:
        """From what the products gave to what is read from the states.

        Args:
            normed: the normed rows.
            count: the address of the number of rows.
        """
        sizes, own = self._sizes, memory
        rows = words(
            *(address(own.mixed_in), own.mixed_in.strides[0], address(normed), normed.strides[0], normed.shape[1]),
            *(address(layer.gates), len(layer.gates), address(own.gates), own.gates.strides[0]),
            *(4 * padded_heads(sizes), address(layer.decay), address(layer.bias)),
            *(address(own.mixed), own.mixed.strides[0], address(layer.taps), sizes.channels, sizes.kernel),
            *(address(own.own), address(own.tails), sizes.key_heads, sizes.key_dim),
            *(address(own.meets), own.meets.strides[0], floats(sizes.key_dim**-0.5)),
        )
        steps = words(
            *(address(own.mixed), own.mixed.strides[0], address(own.gates), own.gates.strides[0]),
            *(4 * padded_heads(sizes), address(own.meets), own.meets.strides[0]),
            *(address(own.deltas), own.deltas.strides[0], address(own.read), own.read.strides[0], address(own.table)),
            *(sizes.value_heads, sizes.key_heads, sizes.key_dim, sizes.value_dim, int(sizes.tiled)),
        )
        items = sizes.inner // (LANES * self._width)
        return [
            [Job(self._library.address("delta_rows"), rows, 1, count, 1)],
            [Job(self._library.address(f"delta_steps_{self._width}"), steps, items, address(own.sequences), 1)],
        ]

    def gated(
        self, layer: RecurrentWeights, memory: RecurrentMemory, scratch: Floats, records: Sequence[int], count: int
    ) -> list[Job]:
        """From what was read to the records of the last product."""
        sizes = self._sizes
        given = words(
            *(address(memory.read), memory.read.strides[0], address(memory.gate), memory.gate.strides[0]),
            *(address(layer.gain), sizes.value_heads, sizes.value_dim, floats(self._eps)),
            *(address(scratch), scratch.strides[0], *records),
        )
        return [Job(self._library.address("delta_gated"), given, 1, count, 1)]


class Replay:
    """Makes the state behind rows more from what they added, with the bits that it had when they ran."""

    def __init__(self, library: Library, sizes: Recurrent, pool: Pool) -> None:
        width = width_of(sizes.value_dim)
        self._pool, self._count = pool, np.ones(1, dtype=np.int64)
        self._words: Words = words(0, 0, sizes.value_heads, sizes.key_dim, sizes.value_dim, 0, 0, 0)
        items = sizes.inner // (LANES * width)
        job = Job(library.address(f"delta_replay_{width}"), self._words, items, address(self._count), 1)
        self._program = Program([[job]])

    def __call__(self, state: torch.Tensor, added: Added) -> None:
        """As ``state_cache.replay_``."""
        keys, deltas, decays = (part.contiguous() for part in (added.keys, added.deltas, added.decays))
        self._words[:2] = state.data_ptr(), len(keys)
        self._words[5:] = keys.data_ptr(), deltas.data_ptr(), decays.data_ptr()
        self._pool.run(self._program)
