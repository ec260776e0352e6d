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

Gated attention has products of its gates beside q, k and v, and ``activate`` in place of the second ``prepare``; what
recurrent layers have in place of attention is in ``recurrent.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES
from helix_app.engine.kernels.packed.library import ADD, DELTA, GELU, HEAD_NORMS, PARTIAL, SIGMOID, Library
from helix_app.engine.kernels.packed.program import Job, Program, Words, address, floats, rotation, words
from helix_app.engine.models.packed.memory import Floats, RowMemory, adds_apart
from helix_app.engine.models.packed.recurrent import RecurrentSteps, RecurrentWeights
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

_PIECE_BYTES = 200_000  # of weights that a thread takes at a time
_PIECES = 16  # that a smaller matrix is cut into
_TILE_BYTES = 16_384  # of weights that stay in the nearest cache while all rows use them
_LARGE = 2_000_000  # bytes of a matrix that is cut by its size alone

Turns = tuple[Floats, Floats]  # cosines and sines, [positions, head_dim / 2]


@dataclass(frozen=True)
class PackedLayer:
    """Weights of one layer, as the file holds them; None is what a model has not.

    Attributes:
        qkv: of queries, keys and values, in this order; queries head by head where gates lie between them.
        gates: of the gates of what attention gives, head by head.
        recurrent: what it has in place of attention, whose weights are empty then.
        biases: of q, k and v.
        qk_norms: of queries and of keys, of one head.
        posts: of the norms over what each half gives.
    """

    attn_norm: Floats
    qkv: tuple[PackedTensor, ...]
    biases: tuple[Floats, Floats, Floats] | None
    out: PackedTensor
    mlp_norm: Floats
    gate: PackedTensor
    up: PackedTensor
    down: PackedTensor
    qk_norms: tuple[Floats, Floats] | None = None
    posts: tuple[Floats, Floats] | None = None
    gates: tuple[PackedTensor, ...] = ()
    recurrent: RecurrentWeights | None = None

    @property
    def matrices(self) -> tuple[PackedTensor, ...]:
        """In the order in which they run."""
        own = self.recurrent
        first = (*self.qkv, *self.gates) if own is None else (own.mixed_in, own.gate)
        return (*first, self.out, self.gate, self.up, self.down)


@dataclass(frozen=True)
class PackedWeights:
    """All weights; ``head`` is ``embed`` where they are tied."""

    layers: tuple[PackedLayer, ...]
    norm: Floats
    head: PackedTensor
    embed: PackedTensor


@dataclass
class PackedProgram:
    """The program of a pass over some memory.

    Attributes:
        before: what runs before ``program``, each through the states of one recurrent layer.
        logits: arguments of the output head; its sixth word is where logits go.
        indices: which of its group's layers each layer with attention is.
        begins: the program and its phase that each layer begins with, and those behind the last of them; ``before``
            come first.
        caches: arguments that hold addresses of the cache, layer by layer: of rotation and of attention.
    """

    program: Program
    logits: Words
    indices: Sequence[int]
    begins: Sequence[tuple[int, int]]
    caches: list[tuple[Words, Words]] = field(default_factory=list)
    before: list[Program] = field(default_factory=list)

    def place_cache(self, keys: int, layer_step: int, head_step: int, kv_heads: int) -> None:
        """Keys and values of the first layers begin at ``keys``; steps are in bytes."""
        for index, (turn, attention) in zip(self.indices, self.caches):
            first = keys + index * layer_step
            turn[9:12] = first, first + kv_heads * head_step, head_step
            attention[5:8] = first, first + kv_heads * head_step, head_step


OUT_WORD = 5  # of a product's arguments


def step_parts(config: ModelConfig) -> tuple[str, ...]:
    """The parts of the kernel library that a model's steps between products need, beside the core."""
    shape, windows = f"{config.head_dim}_{config.group_size}", config.windows
    parts = [f"attention_{shape}"] if not all(windows or (0,)) else []
    parts += [PARTIAL] if config.partial_rotary else []
    parts += [SIGMOID] if config.gated_attention else []
    parts += [DELTA] if config.recurrent is not None else []
    parts += [f"windowed_{shape}"] if windows else []
    parts += [HEAD_NORMS] if config.qk_norm else []
    parts += [ADD] if adds_apart(config) else []
    parts += [GELU] if config.activation == GELU else []
    return tuple(parts)


class ProgramMaker:
    """Makes the program of a model.

    Attributes:
        turns: cosines and sines of each rotary embedding.
    """

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
        self._rotate = rotation(pairs, config.qk_norm, config.partial_rotary)
        self._recurrent = None if config.recurrent is None else RecurrentSteps(library, config)
        self._activate = "activate" if config.activation == "silu" else f"activate_{config.activation}"
        self.turns, self._growth = turns, growth

    def make(self, weights: PackedWeights, memory: RowMemory) -> PackedProgram:
        """The phases of all layers, then the output head of the wanted rows."""
        phases: list[list[Job]] = []
        begins: list[tuple[int, int]] = []
        caches: list[tuple[Words, Words]] = []
        before: list[Program] = []
        for i, layer in enumerate(weights.layers):
            begins.append((len(before), len(phases)))
            if layer.recurrent is not None:
                before.append(Program([*phases, *self._to_states(layer, layer.recurrent, memory)]))
                phases = self._from_states(layer, layer.recurrent, memory)
            else:
                phases += self._attention(i, layer, memory, caches)
            phases += self._mlp(layer, memory)
        head = self._product(weights.head, memory, 0, 4 * weights.head.rows, None, 1)
        begins.append((len(before), len(phases)))
        phases += [self._norm(weights.norm, memory, (weights.head,), memory.wanted, 1), [head]]
        indices = [index for index, one in zip(memory.layout.indices, weights.layers) if one.recurrent is None]
        return PackedProgram(Program(phases), head.words, indices, begins, caches, before)

    def _to_states(self, layer: PackedLayer, own: RecurrentWeights, memory: RowMemory) -> list[list[Job]]:
        """A recurrent layer through its states."""
        rows = memory.recurrent
        assert rows is not None
        assert self._recurrent is not None
        products = [
            self._product(tensor, memory, address(to), to.strides[0])
            for tensor, to in ((own.mixed_in, rows.mixed_in), (own.gate, rows.gate))
        ]
        first = self._norm(layer.attn_norm, memory, (own.mixed_in, own.gate), memory.rows)
        return [first, products, *self._recurrent.before(own, rows, memory.normed, memory.count(0))]

    def _from_states(self, layer: PackedLayer, own: RecurrentWeights, memory: RowMemory) -> list[list[Job]]:
        """A recurrent layer from its states on."""
        assert memory.recurrent is not None
        assert self._recurrent is not None
        records, count = self._records(memory, (layer.out,)), memory.count(0)
        last = self._recurrent.gated(own, memory.recurrent, memory.recurrent.mixed, records, count)
        return [last, *self._added(layer.out, memory, layer.posts and layer.posts[0])]

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
        for i, tensor in enumerate(layer.gates):
            place = address(memory.gated) + 4 * i * tensor.rows
            products.append(self._product(tensor, memory, place, memory.gated.strides[0]))
        rotary, norms, group = config.rotary(index), layer.qk_norms, memory.layout.places[index][0]
        cosines, sines = self.turns[-1 if rotary is None else config.rotaries.index(rotary)]
        positions = memory.unturned if rotary is None else memory.positions
        rotation = words(
            *(address(qkv), step, config.num_heads, config.num_kv_heads, config.head_dim),
            *(address(cosines), address(sines), address(positions), address(memory.slots[group]), 0, 0, 0),
            *((0, 0, 0) if norms is None else (address(norms[0]), address(norms[1]), floats(config.norm_eps))),
            2 * cosines.shape[1],
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
            self._norm(layer.attn_norm, memory, (*layer.qkv, *layer.gates), memory.rows),
            products,
            [Job(self._library.address(self._rotate), rotation, 1, rows, 1)],
            *self._grown(memory),
            [Job(self._library.address(attend), attention, config.num_kv_heads, rows, 1)],
            self._gated(layer, memory) if layer.gates else self._rounding(memory, memory.mixed, (layer.out,)),
            *self._added(layer.out, memory, layer.posts and layer.posts[0]),
        ]

    def _gated(self, layer: PackedLayer, memory: RowMemory) -> list[Job]:
        """What attention gave, times the sigmoid of its gates, rounded."""
        width, scratch = memory.q_width, memory.qkv
        piece = 256 if width % 256 == 0 else 32
        given = words(
            *(address(memory.gated), memory.gated.strides[0], width, piece, address(scratch), scratch.strides[0]),
            *self._records(memory, (layer.out,)),
        )
        return [Job(self._library.address("activate_sigmoid"), given, width // piece, memory.count(0), 4)]

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
