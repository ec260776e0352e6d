"""The decoder for packed files on a CPU: the file's own blocks, mapped, and native code for all of a pass.

Nothing is unpacked and nothing copied, but for vectors and the small gates of recurrent layers: memory is the file and
the cache. Each row is computed in one order whatever runs beside it, in prompts, drafts and batches alike, so that
drafted and plain decoding give the same bits by construction. The one approximation is that activations are rounded to
eight bits before a product (``formats.py``).

The cache is in float16, and holds keys in the file's own order of a head's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.cache.pooled import GroupedView
from helix_app.engine.cache.state_cache import StateView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import CORE, Library, shared
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import bent
from helix_app.engine.models.packed.attention import CACHE, attention_parts
from helix_app.engine.models.packed.layers import (
    OUT_WORD,
    PackedProgram,
    PackedWeights,
    ProgramMaker,
    Turns,
    step_parts,
)
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.engine.models.packed.memory import Floats, RowMemory
from helix_app.engine.models.packed.reader import LayerReader
from helix_app.engine.models.packed.recurrent import RecurrentWeights, Replay, has_kernels_for
from helix_app.engine.models.packed.streams import run_pass
from helix_app.engine.models.rope import growth_table, rope_table
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig, Rotary
from helix_app.modelfiles.gguf.gguf_file import GgufHeader
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.model_path import ModelFiles

_CPU = torch.device("cpu")
_ROWS = 16  # that memory is made for at first
_GROUPS = 8  # query heads that share a key/value head, at most
_EXPERTS = ("ffn_gate_exps", "ffn_up_exps", "ffn_gate_up_exps", "ffn_down_exps")
_DENSE = ("F32", "F16", "BF16")
_MATRICES = ("attn_qkv", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_RECURRENT = ("attn_gate", "ssm_out")
_SHARED = ("ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp")
_OF_TOKENS = ("inp_gate", "proj")  # what layers make of the inputs of tokens
_TABLES = ("token_embd", "output", "per_layer_model_proj")


def by_products(config: ModelConfig) -> bool:
    """Whether a packed file runs on the dense decoder, a program a product (``packed/linears.py``), for a pass of such
    a model is no program that is known before it runs, or its layers differ in size."""
    return config.experts is not None or not config.is_even


def packed_formats(files: ModelFiles) -> frozenset[str]:
    """The packed formats of a model's matrices; empty where some have no kernel, or its layers are of another kind.

    Those that run ``by_products`` may mix them with matrices in 16 bits.
    """
    header, config = files.gguf, files.config
    if header is not None and by_products(config):
        return _formats_of_products(header, config)
    if header is None or config.out_bias or config.mlp_bias or config.head_dim % 16 or config.group_size > _GROUPS:
        return frozenset()
    if not has_steps(config):
        return frozenset()
    if config.sinks:
        return frozenset()
    if config.temperature is not None and config.qk_norm:  # the step that turns queries would norm them once more
        return frozenset()
    if config.qkv_bias and config.interleaved:  # the order of whose numbers is another
        return frozenset()
    drafting = f"blk.{config.num_layers}."  # of the layer that drafts, which may have some that are not packed
    types = {info.type for name, info in header.tensors.items() if is_matrix(name) and not name.startswith(drafting)}
    if not types or not types <= FORMATS.keys():
        return frozenset()
    own = {info.type for name, info in header.tensors.items() if name.startswith(drafting)}
    return frozenset(types | own & FORMATS.keys())


def has_steps(config: ModelConfig) -> bool:
    """Whether there are steps for recurrent layers, gates and heads turned in part of its sizes."""
    if config.gated_attention and (config.interleaved or config.qkv_bias or config.fused):
        return False
    if config.partial_rotary and (config.qkv_bias or any(rotary.size % 16 for rotary in config.rotaries)):
        return False
    return config.recurrent is None or has_kernels_for(config.recurrent)


def _formats_of_products(header: GgufHeader, config: ModelConfig) -> frozenset[str]:
    drafting = f"blk.{config.num_layers}."  # of the layer that drafts, whose blocks may have formats of their own
    types = {name: info.type for name, info in header.tensors.items() if not name.startswith(drafting)}
    experts = {kind for name, kind in types.items() if _stem(name) in _EXPERTS and name.endswith(".weight")}
    found = experts | {kind for name, kind in types.items() if is_matrix(name)} - set(_DENSE)
    fits = found <= FORMATS.keys() and not config.interleaved and (experts or config.experts is None)
    own = {info.type for name, info in header.tensors.items() if name.startswith(drafting)}
    return frozenset(found | own & FORMATS.keys()) if found and fits else frozenset()


def kernel_parts(config: ModelConfig, formats: frozenset[str]) -> tuple[str, ...]:
    """The parts of the kernel library that a model needs."""
    if by_products(config):
        return (CORE, *attention_parts(config), *sorted(formats))
    return (CORE, *step_parts(config), *sorted(formats))


def is_matrix(name: str) -> bool:
    """Whether a tensor of a GGUF file is the weight of a linear layer, or the embeddings."""
    stem, _, kind = name.rpartition(".")
    return kind == "weight" and (stem in _TABLES or _stem(name) in (*_MATRICES, *_RECURRENT, *_SHARED, *_OF_TOKENS))


def _stem(name: str) -> str:
    """``ffn_up`` of ``blk.3.ffn_up.weight``."""
    return name.rpartition(".")[0].rpartition(".")[2]


class PackedDecoder:
    """A model, ready to run after ``load``; see ``models/base.py``.

    Attributes:
        library, pool: whose kernels run, and where; the parts that the model needs must be in it.
        gives_hidden, state_layers: as those of ``models/decoder.py``.
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
        self.pool = pool_of(self.library, threads or torch.get_num_threads())
        self._weights: PackedWeights | None = None
        self._memory: RowMemory | None = None
        self._program: PackedProgram | None = None
        self._cache: tuple[int, ...] = ()
        self._replay: Replay | None = None
        self.gives_hidden = False

    # ----------------------------------------------------------------- loading

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Map the weights; yields the fraction done, 0..1."""
        config, layers, reader = self.config, [], LayerReader(source, self.config)
        embed = reader.matrix("embed")
        head = embed if config.tied_embeddings else reader.matrix("head")
        norm = reader.vector("norm")
        for i in range(config.num_layers):
            yield i / config.num_layers
            layers.append(reader.layer(i))
        self.parameters = reader.parameters
        self._weights = PackedWeights(tuple(layers), norm, head, embed)
        turns = [self._turns(rotary) for rotary in config.rotaries]
        if any(config.rotary(i) is None for i in range(config.num_layers)):
            shape = 1, config.head_dim // 2
            turns.append((np.ones(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)))
        self._maker = ProgramMaker(self.library, config, config.interleaved, turns, self._growth())
        yield 1.0

    def _turns(self, rotary: Rotary) -> Turns:
        cos, sin = rope_table(self.config, self.max_positions, torch.float32, _CPU, rotary)
        half = cos.shape[-1] // 2
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

    @property
    def kernels(self) -> tuple[str, ...]:
        """Formats of the linear layers: those of a layer, then the output head."""
        weights = self._held()
        return tuple(tensor.format for tensor in (*weights.layers[0].matrices, weights.head))

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
        weights = self._held()
        layers = sum(_bytes(part) for layer in weights.layers for part in vars(layer).values())
        return layers + _bytes(weights.norm) + _bytes(weights.head) + int(weights.embed.raw.shape[1])

    @property
    def held_bytes(self) -> int:
        """Bytes of all weights, embeddings that are no output head too."""
        return self.weight_bytes + (0 if self.config.tied_embeddings else int(self._held().embed.raw.nbytes))

    @property
    def products(self) -> PackedLinears:
        """What makes linear layers of other weights in the same pool."""
        return PackedLinears(self.library, self.pool)

    def release(self) -> None:
        """Free what is held, whoever still holds this object; it cannot run then."""
        self._weights = self._memory = self._program = self._replay = None
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
        wanted = self._place(memory, spans, views, tables)
        at = ids.shape[0]
        memory.wanted[: len(wanted)] = wanted
        memory.counts[:2] = at, len(wanted)
        memory.x[:at] = self._embedded(ids)
        logits = np.empty((len(wanted), self.config.vocab_size), dtype=np.float32)
        program.logits[OUT_WORD] = logits.ctypes.data
        states = [span.view.states for span in spans if span.view.states is not None]
        handed = [span.handed for span in spans if span.handed is not None] if self.gives_hidden else []

        def through(layer: int, run: Callable[[], None]) -> None:
            self._through_states(layer, run, states, memory)

        taken = run_pass(self.pool, program, through, self.state_layers if handed else (), memory.x[:at])
        if handed:
            hidden = torch.from_numpy(np.concatenate(taken, axis=1)) if taken else self._hidden(memory.x[:at])
            for one, after in zip(handed, hidden.split([span.rows for span in spans])):
                one.after = after
        return bent(torch.from_numpy(logits), self.config)

    def _place(
        self,
        memory: RowMemory,
        spans: Sequence[Span],
        views: Sequence[Sequence[KVView]],
        tables: Sequence[Sequence[npt.NDArray[np.int32]]],
    ) -> list[int]:
        """Tell each row its position, slots and blocks; returns the rows that need logits. ``tables`` must outlive the
        pass."""
        size, at = views[0][0].cache.block_size, 0
        wanted: list[int] = []
        for span, groups, held in zip(spans, views, tables):
            rows = slice(at, at + span.rows)
            positions = np.arange(span.start, span.start + span.rows)
            memory.positions[rows] = positions
            if self.config.temperature is not None:
                memory.levels[rows] = positions // self.config.temperature.length
            for group, (view, table) in enumerate(zip(groups, held)):
                slots = table[positions // size - view.begin].astype(np.int64) * size + positions % size
                memory.slots[group, rows] = slots
                # where the first block would be, had the window not passed it: nothing reads there
                memory.tables[group, rows] = table.ctypes.data - view.begin * table.itemsize
            at += span.rows
            wanted += range(at - span.logit_rows, at)
        return wanted

    def _hidden(self, x: Floats) -> torch.Tensor:
        """What the model's own layer that drafts takes of the stream, ``[rows, hidden]``."""
        config, rows = self.config, torch.from_numpy(x.copy())
        if config.next_token is None or not config.next_token.normed:
            return rows
        return F.rms_norm(rows, (config.hidden_size,), torch.from_numpy(self._held().norm), config.norm_eps)

    @property
    def ends(self) -> tuple[PackedTensor, Floats, PackedTensor]:
        """Embeddings, final norm and output head, for a layer that shares them (``drafting/shared.py``)."""
        weights = self._held()
        return weights.embed, weights.norm, weights.head

    @property
    def turns(self) -> Sequence[Turns]:
        """Cosines and sines of each of ``config.rotaries``, of all positions."""
        return self._maker.turns[: len(self.config.rotaries)]

    def _through_states(
        self, layer: int, run: Callable[[], None], states: Sequence[StateView], memory: RowMemory
    ) -> None:
        """Run what ends with the states of a recurrent layer, and keep what its rows add to them."""
        assert memory.recurrent is not None
        assert self.config.recurrent is not None
        if self._replay is None:
            self._replay = Replay(self.library, self.config.recurrent, self.pool)
        states[0].replay_by(self._replay)
        with untracked(_CPU):
            memory.recurrent.begin(states, layer)
            run()
            memory.recurrent.keep(states, layer)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings ``[rows, hidden]`` of tokens ``[rows]`` as the file holds them."""
        embed = self._held().embed
        kind = gguf.GGMLQuantizationType[embed.format]
        taken = np.asarray(embed.raw)[ids.numpy()]  # not of its class: arrays of a mapped file are slow to make
        rows = gguf.dequantize(np.ascontiguousarray(taken), kind)
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
    """Where a span's keys and values are, for each group of layers. Raises TypeError for another kind of cache."""
    views = span.view.views if isinstance(span.view, GroupedView) else (span.view,)
    if not isinstance(views[0], KVView):
        raise TypeError("packed weights run on a paged cache of the CPU")
    return tuple(view for view in views if isinstance(view, KVView))


def _bytes(part: Any) -> int:
    """Of a weight, or of several."""
    if isinstance(part, tuple):
        return sum(_bytes(one) for one in part)
    if isinstance(part, PackedTensor):
        return int(part.raw.nbytes)
    if isinstance(part, RecurrentWeights):
        return sum(_bytes(one) for one in vars(part).values())
    return 0 if part is None else int(part.nbytes)
