"""The decoder for packed files on a CPU: the file's own blocks, mapped, and native code for all of a pass.

Nothing is unpacked and nothing copied: memory is the file and the cache. Each row is computed in one order whatever
runs beside it, in prompts, drafts and batches alike, so that drafted and plain decoding give the same bits by
construction. The one approximation is that activations are rounded to eight bits before a product (``formats.py``).

The cache is in float16, and holds keys in the file's own order of a head's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gguf
import numpy as np
import torch

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.cache.kv_cache import GroupedView, KVCache, KVView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import CORE, Library, shared
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.models.base import bent
from helix_app.engine.models.packed.layers import (
    OUT_WORD,
    Floats,
    PackedLayer,
    PackedProgram,
    PackedWeights,
    ProgramMaker,
    RowMemory,
    Turns,
    step_parts,
)
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.engine.models.rope import growth_table, rope_table
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig, Rotary
from helix_app.modelfiles.gguf.gguf_file import GgufHeader
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.model_path import ModelFiles

CACHE = torch.float16
_CPU = torch.device("cpu")
_ROWS = 16  # that memory is made for at first
_GROUPS = 8  # query heads that share a key/value head, at most
_EXPERTS = ("ffn_gate_exps", "ffn_up_exps", "ffn_gate_up_exps", "ffn_down_exps")
_DENSE = ("F32", "F16", "BF16")
_MATRICES = ("attn_qkv", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_SHARED = ("ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp")


def packed_formats(files: ModelFiles) -> frozenset[str]:
    """The packed formats of a model's matrices; empty where some have no kernel, or its layers are of another kind.

    Models of experts run on the dense decoder with ``packed_linears.py``, which mixes them with matrices in 16 bits.
    """
    header, config = files.gguf, files.config
    if header is not None and config.experts is not None:
        return _formats_of_experts(header, config)
    if header is None or config.out_bias or config.mlp_bias or config.head_dim % 16 or config.group_size > _GROUPS:
        return frozenset()
    if config.gated_attention or config.partial_rotary or config.recurrent is not None:
        return frozenset()
    if config.sinks or not config.is_even:
        return frozenset()
    if config.temperature is not None and config.qk_norm:  # the step that turns queries would norm them once more
        return frozenset()
    if config.qkv_bias and config.interleaved:  # the order of whose numbers is another
        return frozenset()
    types = {info.type for name, info in header.tensors.items() if is_matrix(name)}
    return frozenset(types) if types and types <= FORMATS.keys() else frozenset()


def _formats_of_experts(header: GgufHeader, config: ModelConfig) -> frozenset[str]:
    experts = {
        info.type for name, info in header.tensors.items() if _stem(name) in _EXPERTS and name.endswith(".weight")
    }
    others = {info.type for name, info in header.tensors.items() if is_matrix(name)} - set(_DENSE)
    fits = experts and experts | others <= FORMATS.keys() and not config.interleaved
    return frozenset(experts | others) if fits else frozenset()


def kernel_parts(config: ModelConfig, formats: frozenset[str]) -> tuple[str, ...]:
    """The parts of the kernel library that a model needs."""
    if config.experts is not None:
        return (CORE, *sorted(formats))
    return (CORE, *step_parts(config), *sorted(formats))


def is_matrix(name: str) -> bool:
    """Whether a tensor of a GGUF file is the weight of a linear layer, or the embeddings."""
    stem, _, kind = name.rpartition(".")
    return kind == "weight" and (stem in ("token_embd", "output") or _stem(name) in (*_MATRICES, *_SHARED))


def _stem(name: str) -> str:
    """``ffn_up`` of ``blk.3.ffn_up.weight``."""
    return name.rpartition(".")[0].rpartition(".")[2]


class PackedDecoder:
    """A model, ready to run after ``load``; see ``models/base.py``.

    Attributes:
        library: whose kernels run; the parts that the model needs must be in it.
        gives_hidden, state_layers: as those of ``models/decoder.py``; some layers must be named.
    """

    gives_hidden = False
    state_layers: tuple[int, ...] = ()
    bits = rounded = 0
    can_be_exact = True
    format = "packed"

    def __init__(
        self,
        config: ModelConfig,
        max_positions: int,
        library: Library | None = None,
        threads: int = 0,
        on_release: Callable[[], None] | None = None,
    ) -> None:
        """
        Args:
            library: of this process unless given.
            threads: of the pool; as many as PyTorch would take unless given.
            on_release: called once, when it is of no use any more.
        """
        self.config, self.max_positions = config, max_positions
        self.dtype, self.device, self.cache_dtype = torch.float32, _CPU, CACHE
        self.library = library or shared()
        self.parameters = 0
        self._on_release = on_release
        self.graphs: StepGraphs | None = None
        self._pool = pool_of(self.library, threads or torch.get_num_threads())
        self._weights: PackedWeights | None = None
        self._embed: PackedTensor
        self._memory: RowMemory | None = None
        self._program: PackedProgram | None = None
        self._cache: tuple[int, ...] = ()

    # ----------------------------------------------------------------- loading

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Map the weights; yields the fraction done, 0..1."""
        config, layers = self.config, []
        self._embed = self._matrix(source, "embed")
        head = self._embed if config.tied_embeddings else self._matrix(source, "head")
        norm = self._vector(source, "norm")
        for i in range(config.num_layers):
            yield i / config.num_layers
            layers.append(self._layer(source, i))
        self._weights = PackedWeights(tuple(layers), norm, head)
        turns = [self._turns(rotary) for rotary in config.rotaries]
        if any(config.rotary(i) is None for i in range(config.num_layers)):
            shape = 1, config.head_dim // 2
            turns.append((np.ones(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)))
        self._maker = ProgramMaker(self.library, config, config.interleaved, turns, self._growth())
        yield 1.0

    def _turns(self, rotary: Rotary) -> Turns:
        half = self.config.head_dim // 2
        cos, sin = rope_table(self.config, self.max_positions, torch.float32, _CPU, rotary)
        cosines, sines = cos.squeeze(1).numpy()[:, :half], sin.squeeze(1).numpy()[:, half:]
        return np.ascontiguousarray(cosines), np.ascontiguousarray(sines)

    def _growth(self) -> Turns | None:
        """What queries are multiplied with at each level of positions; None where that is 1 everywhere."""
        one = self.config.temperature
        table = growth_table(self.config, self.max_positions, torch.float32, _CPU)
        if one is None or table is None:
            return None
        sizes = table.numpy().reshape(-1, 1)[:: one.length]
        cosines = np.ascontiguousarray(np.broadcast_to(sizes, (len(sizes), self.config.head_dim // 2)))
        return cosines, np.zeros_like(cosines)

    def _layer(self, source: WeightSource, i: int) -> PackedLayer:
        biases = qk_norms = posts = None
        if self.config.qkv_bias:
            biases = tuple(self._vector(source, role, i, "bias") for role in ("q", "k", "v"))
        if self.config.qk_norm:
            qk_norms = self._vector(source, "q_norm", i), self._vector(source, "k_norm", i)
        if self.config.post_norms:
            posts = self._vector(source, "attn_post_norm", i), self._vector(source, "mlp_post_norm", i)
        return PackedLayer(
            attn_norm=self._vector(source, "attn_norm", i),
            qkv=(self._matrix(source, "q", i), self._matrix(source, "k", i), self._matrix(source, "v", i)),
            biases=biases,  # type: ignore[arg-type]
            out=self._matrix(source, "o", i),
            mlp_norm=self._vector(source, "mlp_norm", i),
            gate=self._matrix(source, "gate", i),
            up=self._matrix(source, "up", i),
            down=self._matrix(source, "down", i),
            qk_norms=qk_norms,
            posts=posts,
        )

    def _matrix(self, source: WeightSource, role: str, layer: int = 0) -> PackedTensor:
        tensor = source.packed(role, layer)
        if tensor is None:
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_unpacked", role=role))
        self.parameters += tensor.rows * tensor.columns
        return tensor

    def _vector(self, source: WeightSource, role: str, layer: int = 0, kind: str = "weight") -> Floats:
        vector = np.ascontiguousarray(source.get(role, kind, layer).float().numpy())
        self.parameters += vector.size
        return vector

    @property
    def kernels(self) -> tuple[str, ...]:
        """Formats of the linear layers: those of a layer, then the output head."""
        weights = self._held()
        first = weights.layers[0]
        matrices = (*first.qkv, first.out, first.gate, first.up, first.down, weights.head)
        return tuple(tensor.format for tensor in matrices)

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
        weights = self._held()
        layers = sum(_bytes(part) for layer in weights.layers for part in vars(layer).values())
        return layers + _bytes(weights.norm) + _bytes(weights.head) + int(self._embed.raw.shape[1])

    @property
    def products(self) -> PackedLinears:
        """What makes linear layers of other weights in the same pool."""
        return PackedLinears(self.library, self._pool)

    def release(self) -> None:
        """Free what is held, whoever still holds this object; it cannot run then."""
        self._weights = self._memory = self._program = None
        on_release, self._on_release = self._on_release, None
        if on_release is not None:
            on_release()

    def _held(self) -> PackedWeights:
        if self._weights is None:
            raise RuntimeError("the weights of this model were freed")
        return self._weights

    # ----------------------------------------------------------------- running

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """Run the tokens of all spans, one after the other in ``ids``, and write their keys and values.

        Returns:
            Logits ``[logit_rows of all spans, vocab_size]`` in float32.
        """
        views = [_views(span) for span in spans]
        cache = views[0][0].cache
        memory, program = self._ready(ids.shape[0], cache)
        tables = [[np.array(view.blocks, dtype=np.int32) for view in groups] for groups in views]
        size, at = cache.block_size, 0
        wanted: list[int] = []
        for span, groups, held in zip(spans, views, tables):
            rows = slice(at, at + span.rows)
            positions = np.arange(span.start, span.start + span.rows)
            memory.positions[rows] = positions
            if self.config.temperature is not None:
                memory.levels[rows] = positions // self.config.temperature.length
            for group, (view, table) in enumerate(zip(groups, held)):
                memory.slots[group, rows] = (
                    table[positions // size - view.begin].astype(np.int64) * size + positions % size
                )
                # where the first block would be, had the window not passed it: nothing reads there
                memory.tables[group, rows] = table.ctypes.data - view.begin * table.itemsize
            at += span.rows
            wanted += range(at - span.logit_rows, at)
        memory.wanted[: len(wanted)] = wanted
        memory.counts[:2] = at, len(wanted)
        memory.x[:at] = self._embedded(ids)
        logits = np.empty((len(wanted), self.config.vocab_size), dtype=np.float32)
        program.logits[OUT_WORD] = logits.ctypes.data
        handed = [span.handed for span in spans if span.handed is not None] if self.gives_hidden else []
        if handed:
            states = self._with_states(program, memory.x[:at])
            for one, after in zip(handed, states.split([span.rows for span in spans])):
                one.after = after
        else:
            self._pool.run(program.program)
        return bent(torch.from_numpy(logits), self.config)

    def _with_states(self, program: PackedProgram, x: Floats) -> torch.Tensor:
        """Run a program in parts; the residual ``x`` where ``state_layers`` begin ``[rows, their number * hidden]``."""
        taken, at = {}, 0
        for layer in sorted(set(self.state_layers)):
            begin = program.begins[layer]
            if begin > at:
                self._pool.run(program.program, at, begin)
            taken[layer], at = x.copy(), begin
        self._pool.run(program.program, at)
        return torch.from_numpy(np.concatenate([taken[layer] for layer in self.state_layers], axis=1))

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings ``[rows, hidden]`` of tokens ``[rows]`` as the file holds them."""
        embed = self._embed
        kind = gguf.GGMLQuantizationType[embed.format]
        rows = gguf.dequantize(np.ascontiguousarray(embed.raw[ids.numpy()]), kind)
        return torch.from_numpy(np.asarray(rows, dtype=np.float32))

    def _embedded(self, ids: torch.Tensor) -> Floats:
        rows, scale = self.embedded(ids).numpy(), self.config.embedding_scale
        return rows if scale == 1.0 else rows * np.float32(scale)

    def _ready(self, rows: int, cache: KVCache) -> tuple[RowMemory, PackedProgram]:
        """Memory for so many rows, and a program that works on it and on this cache."""
        weights = self._held()
        if self._memory is None or self._memory.capacity < rows or self._memory.layout != cache.layout:
            self._memory = RowMemory(self.config, max(_ROWS, 1 << (rows - 1).bit_length()), cache.layout)
            self._program, self._cache = None, ()
        if self._program is None:
            self._program = self._maker.make(weights, self._memory)
        pool = cache.pool
        where = (pool.data_ptr(), *pool.shape)
        if where != self._cache:
            item = pool.element_size()
            layer_step, head_step = pool.stride(0) * item, pool.stride(1) * item
            self._program.place_cache(pool.data_ptr(), layer_step, head_step, self.config.num_kv_heads)
            self._cache = where
        return self._memory, self._program


_pools: dict[tuple[int, int], Pool] = {}


def pool_of(library: Library, threads: int) -> Pool:
    """The pool of this process with so many threads: target and draft share one."""
    key = id(library), threads
    if key not in _pools:
        _pools[key] = Pool(library, threads)
    return _pools[key]


def _views(span: Span) -> tuple[KVView, ...]:
    """Where a span's keys and values are, for each group of layers."""
    if isinstance(span.view, GroupedView):
        return span.view.views
    if not isinstance(span.view, KVView):
        raise TypeError("packed weights run on a paged cache of the CPU")
    return (span.view,)


def _bytes(part: Any) -> int:
    """Of a weight, or of several."""
    if isinstance(part, tuple):
        return sum(_bytes(one) for one in part)
    if isinstance(part, PackedTensor):
        return int(part.raw.nbytes)
    return 0 if part is None else int(part.nbytes)
