"""A decoder pass over packed weights as one native program: the memory of its rows, and the phases of its layers.

prepare     norm, then rounding to records             a row
q, k, v     products with a bias                       weight rows
rotate      turn, and write keys and values            a row
attention   over the blocks of the row's sequence      a row and key/value head
prepare     rounding                                   a row
out         product onto the residual                  weight rows
prepare     norm, rounding                             a row
gate, up    products                                   weight rows
activate    SiLU, rounding                             256 columns of a row
down        product onto the residual                  weight rows

Models differ from that as their config says, and what a model has not costs nothing: heads are normed as they are
rotated, attention walks over a window, another activation; and where what a half of a layer gives is normed or scaled
before it is added, out and down are products, and a phase of its own adds them:

add         norm, scale, onto the residual             a row
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from helix_app.engine.cache.layout import Layout
from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES
from helix_app.engine.kernels.packed.library import ADD, GELU, HEAD_NORMS, Library
from helix_app.engine.kernels.packed.program import Job, Program, Words, address, floats, words
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

_PIECE_BYTES = 200_000  # of weights that a thread takes at a time
_PIECES = 16  # that a smaller matrix is cut into
_TILE_BYTES = 16_384  # of weights that stay in the nearest cache while all rows use them
_LARGE = 2_000_000  # bytes of a matrix that is cut by its size alone

Floats = npt.NDArray[np.float32]
Turns = tuple[Floats, Floats]  # cosines and sines, [positions, head_dim / 2]


@dataclass(frozen=True)
class PackedLayer:
    """Weights of one layer, as the file holds them; None is what a model has not.

    Attributes:
        biases: of q, k and v.
        qk_norms: of queries and of keys, of one head.
        posts: of the norms over what each half gives.
    """

    attn_norm: Floats
    qkv: tuple[PackedTensor, PackedTensor, PackedTensor]
    biases: tuple[Floats, Floats, Floats] | None
    out: PackedTensor
    mlp_norm: Floats
    gate: PackedTensor
    up: PackedTensor
    down: PackedTensor
    qk_norms: tuple[Floats, Floats] | None = None
    posts: tuple[Floats, Floats] | None = None


@dataclass(frozen=True)
class PackedWeights:
    """All weights but the embeddings."""

    layers: tuple[PackedLayer, ...]
    norm: Floats
    head: PackedTensor


class RowMemory:
    """What a pass of at most so many rows needs beside weights and cache.

    Attributes:
        x: the residual ``[capacity, hidden]``.
        positions, wanted: of each row its position; the rows whose logits are wanted.
        slots, tables: of each group of layers and row its cache slot, and the address of its sequence's block table.
        layout: the groups.
        unturned: positions of rows for layers that turn nothing, all 0.
        levels: of rows, where queries grow by position: which of the sizes is theirs.
        counts: rows of this pass, wanted rows, and 1.
    """

    def __init__(self, config: ModelConfig, capacity: int, layout: Layout) -> None:
        self.layout = layout
        hidden, inner = config.hidden_size, config.intermediate_size
        self.capacity = capacity
        self.q_width = config.num_heads * config.head_dim
        self.kv_width = config.num_kv_heads * config.head_dim
        self.x = np.zeros((capacity, hidden), dtype=np.float32)
        self.normed = np.zeros_like(self.x)
        self.qkv = np.zeros((capacity, self.q_width + 2 * self.kv_width), dtype=np.float32)
        self.mixed = np.zeros((capacity, self.q_width), dtype=np.float32)
        self.added = np.zeros_like(self.x if adds_apart(config) else self.x[:0])
        self.gate_up = np.zeros((capacity, 2 * inner), dtype=np.float32)
        self.activated = np.zeros((capacity, inner), dtype=np.float32)
        columns = max(hidden, self.q_width, inner)
        self.records = {
            size: np.zeros(capacity * -(-columns // size) * nbytes, dtype=np.uint8)
            for size, nbytes in RECORD_BYTES.items()
        }
        self.positions, self.wanted, self.unturned, self.levels = np.zeros((4, capacity), dtype=np.int64)
        self.slots, self.tables = np.zeros((2, len(layout.windows), capacity), dtype=np.int64)
        self.rows = np.arange(capacity, dtype=np.int64)
        self.counts = np.array([0, 0, 1], dtype=np.int64)
        self.zeros = np.zeros(
            max(config.vocab_size, hidden, 2 * inner, self.q_width + 2 * self.kv_width), dtype=np.float32
        )

    def count(self, index: int) -> int:
        """The address of one of ``counts``."""
        return address(self.counts) + 8 * index


@dataclass
class PackedProgram:
    """The program of a pass over some memory.

    Attributes:
        logits: arguments of the output head; its sixth word is where logits go.
        indices: which of its group's layers each layer is.
        begins: the phase that each layer begins with, and the one behind the last of them.
        caches: arguments that hold addresses of the cache, layer by layer: of rotation and of attention.
    """

    program: Program
    logits: Words
    indices: Sequence[int]
    begins: Sequence[int]
    caches: list[tuple[Words, Words]] = field(default_factory=list)

    def place_cache(self, keys: int, layer_step: int, head_step: int, kv_heads: int) -> None:
        """Keys and values of the first layers begin at ``keys``; steps are in bytes."""
        for index, (rotation, attention) in zip(self.indices, self.caches):
            first = keys + index * layer_step
            rotation[9:12] = first, first + kv_heads * head_step, head_step
            attention[5:8] = first, first + kv_heads * head_step, head_step


OUT_WORD = 5  # of a product's arguments


def adds_apart(config: ModelConfig) -> bool:
    """Whether what a half of a layer gives is not added as it is."""
    return config.post_norms or config.residual_scale != 1.0


def step_parts(config: ModelConfig) -> tuple[str, ...]:
    """The parts of the kernel library that a model's steps between products need, beside the core."""
    shape, windows = f"{config.head_dim}_{config.group_size}", config.windows
    parts = [f"attention_{shape}"] if not all(windows or (0,)) else []
    parts += [f"windowed_{shape}"] if windows else []
    parts += [HEAD_NORMS] if config.qk_norm else []
    parts += [ADD] if adds_apart(config) else []
    parts += [GELU] if config.activation == GELU else []
    return tuple(parts)


class ProgramMaker:
    """Makes the program of a model."""

    def __init__(
        self,
        library: Library,
        config: ModelConfig,
        pairs: bool,
        turns: Sequence[Turns],
        growth: Turns | None = None,
    ) -> None:
        """
        Args:
            pairs: rotated numbers lie side by side.
            growth: what queries are multiplied with at each level, as a turn; None for nothing.
            turns: of each of ``config.rotaries``, and last one of no angle where some layers turn nothing; must live
                as long as the program.
        """
        self._library, self._config = library, config
        self._rotate = ("rotate_pairs" if pairs else "rotate_halves") + ("_normed" if config.qk_norm else "")
        self._activate = "activate" if config.activation == "silu" else f"activate_{config.activation}"
        self._turns, self._growth = turns, growth

    def make(self, weights: PackedWeights, memory: RowMemory) -> PackedProgram:
        """The phases of all layers, then the output head of the wanted rows."""
        phases: list[list[Job]] = []
        begins: list[int] = []
        caches: list[tuple[Words, Words]] = []
        for i, layer in enumerate(weights.layers):
            begins.append(len(phases))
            phases += self._attention(i, layer, memory, caches)
            phases += self._mlp(layer, memory)
        head = self._product(weights.head, memory, 0, 4 * weights.head.rows, None, 1)
        begins.append(len(phases))
        phases += [self._norm(weights.norm, memory, (weights.head,), memory.wanted, 1), [head]]
        return PackedProgram(Program(phases), head.words, memory.layout.indices, begins, caches)

    def _attention(
        self, index: int, layer: PackedLayer, memory: RowMemory, caches: list[tuple[Words, Words]]
    ) -> list[list[Job]]:
        config, qkv = self._config, memory.qkv
        step, rows = qkv.strides[0], memory.count(0)
        products, at = [], 0
        for i, tensor in enumerate(layer.qkv):
            bias = None if layer.biases is None else address(layer.biases[i])
            products.append(self._product(tensor, memory, address(qkv) + 4 * at, step, bias))
            at += tensor.rows
        rotary, norms, group = config.rotary(index), layer.qk_norms, memory.layout.places[index][0]
        cosines, sines = self._turns[-1 if rotary is None else config.rotaries.index(rotary)]
        positions = memory.unturned if rotary is None else memory.positions
        rotation = words(
            *(address(qkv), step, config.num_heads, config.num_kv_heads, config.head_dim),
            *(address(cosines), address(sines), address(positions), address(memory.slots[group]), 0, 0, 0),
            *(() if norms is None else (address(norms[0]), address(norms[1]), floats(config.norm_eps))),
        )
        window = config.layer(index).window
        attend = f"{'windowed' if window else 'attention'}_{config.head_dim}_{config.group_size}"
        attention = words(
            *(address(qkv), step, address(memory.mixed), memory.mixed.strides[0], config.num_kv_heads, 0, 0, 0),
            *(address(memory.tables[group]), address(memory.positions), floats(config.score_scale)),
            *((window,) if window else ()),
        )
        caches.append((rotation, attention))
        return [
            self._norm(layer.attn_norm, memory, layer.qkv, memory.rows),
            products,
            [Job(self._library.address(self._rotate), rotation, 1, rows, 1)],
            *self._grown(memory),
            [Job(self._library.address(attend), attention, config.num_kv_heads, rows, 1)],
            self._rounding(memory, memory.mixed, (layer.out,)),
            *self._added(layer.out, memory, layer.posts and layer.posts[0]),
        ]

    def _grown(self, memory: RowMemory) -> list[list[Job]]:
        """Queries multiplied by their position: turned by no angle, by a cosine of another size than one."""
        if self._growth is None:
            return []
        config, qkv, (cosines, sines) = self._config, memory.qkv, self._growth
        turn = words(
            *(address(qkv), qkv.strides[0], config.num_heads, 0, config.head_dim),  # no keys
            *(address(cosines), address(sines), address(memory.levels), address(memory.levels), 0, 0, 0),
        )
        return [[Job(self._library.address(self._rotate), turn, 1, memory.count(0), 1)]]

    def _mlp(self, layer: PackedLayer, memory: RowMemory) -> list[list[Job]]:
        inner, both = self._config.intermediate_size, memory.gate_up
        first, step = address(both), both.strides[0]
        piece = 256 if inner % 256 == 0 else 32
        activation = words(
            *(first, step, inner, piece, address(memory.activated), memory.activated.strides[0]),
            *self._records(memory, (layer.down,)),
        )
        return [
            self._norm(layer.mlp_norm, memory, (layer.gate, layer.up), memory.rows),
            [
                self._product(layer.gate, memory, first, step),
                self._product(layer.up, memory, first + 4 * inner, step),
            ],
            [Job(self._library.address(self._activate), activation, inner // piece, memory.count(0), 4)],
            *self._added(layer.down, memory, layer.posts and layer.posts[1]),
        ]

    def _norm(
        self, weights: Floats, memory: RowMemory, used: tuple[PackedTensor, ...], rows: Words, count: int = 0
    ) -> list[Job]:
        return [self._prepare(memory, memory.x, used, rows, address(weights), count)]

    def _rounding(self, memory: RowMemory, x: Floats, used: tuple[PackedTensor, ...]) -> list[Job]:
        return [self._prepare(memory, x, used, memory.rows, 0, 0)]

    def _prepare(
        self, memory: RowMemory, x: Floats, used: tuple[PackedTensor, ...], rows: Words, weights: int, count: int
    ) -> Job:
        arguments = words(
            *(address(x), x.strides[0], address(rows), weights, x.shape[1], floats(self._config.norm_eps)),
            *(address(memory.normed), memory.normed.strides[0], *self._records(memory, used)),
        )
        return Job(self._library.address("prepare"), arguments, 1, memory.count(count), 1)

    @staticmethod
    def _records(memory: RowMemory, used: tuple[PackedTensor, ...]) -> tuple[int, ...]:
        """Address and step of the records of 256 and of 32 columns, 0 for those that no product wants."""
        found: list[int] = []
        for size in (256, 32):
            wanted = any(FORMATS[tensor.format].columns == size for tensor in used)
            step = used[0].columns // size * RECORD_BYTES[size]
            found += (address(memory.records[size]), step) if wanted else (0, 0)
        return tuple(found)

    def _added(self, tensor: PackedTensor, memory: RowMemory, norm: Floats | None) -> list[list[Job]]:
        """What a half of a layer gives, onto the residual."""
        config, place, step = self._config, address(memory.x), memory.x.strides[0]
        if not adds_apart(config):
            return [[self._product(tensor, memory, place, step, place, 0, step)]]
        given, given_step = address(memory.added), memory.added.strides[0]
        arguments = words(
            *(given, given_step, place, step, 0 if norm is None else address(norm), config.hidden_size),
            *(floats(config.norm_eps), floats(config.residual_scale)),
        )
        return [
            [self._product(tensor, memory, given, given_step)],
            [Job(self._library.address("add_shaped"), arguments, 1, memory.count(0), 1)],
        ]

    def _product(
        self,
        tensor: PackedTensor,
        memory: RowMemory,
        out: int,
        out_step: int,
        base: int | None = None,
        count: int = 0,
        base_step: int = 0,
    ) -> Job:
        form = FORMATS[tensor.format]
        blocks, row_bytes = tensor.columns // form.columns, tensor.raw.shape[1]
        arguments = words(
            *(
                address(tensor.raw),
                row_bytes,
                address(memory.records[form.columns]),
                blocks * form.record_bytes,
                blocks,
            ),
            *(out, out_step, address(memory.zeros) if base is None else base, base_step, memory.count(count)),
            max(1, _TILE_BYTES // row_bytes),
        )
        piece = -(-tensor.rows // _PIECES)
        if tensor.rows * row_bytes > _LARGE:
            piece = min(piece, max(8, _PIECE_BYTES // row_bytes))
        function = self._library.address(f"product_{tensor.format}")
        return Job(function, arguments, tensor.rows, memory.count(2), piece)
