"""How much memory a model takes, from its header alone: weights as they will lie, cache, and what passes need.

The figures follow the code that allocates: ``models/packed/decoder.py`` maps a file's own blocks, ``models/decoder.py``
unpacks them, ``models/card_decoder.py`` copies them to a card, ``cache/kv_cache.py`` holds keys and values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.cache.layout import layout_of, with_states
from helix_app.engine.kernels import low_bit
from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES
from helix_app.engine.kernels.triton.formats import UNPACKED_ROWS
from helix_app.engine.loading.context import wanted_blocks
from helix_app.engine.loading.fitting.memory_use import PACKED_BYTES
from helix_app.engine.machine.devices.device import DTYPES, PACKED
from helix_app.engine.models.packed.attention import attends
from helix_app.engine.models.packed.decoder import CACHE, by_products
from helix_app.engine.models.packed.memory import adds_apart
from helix_app.engine.models.packed.recurrent import recurrent_row_bytes
from helix_app.engine.models.tensors.delta_weights import GATES, NAMES, VECTORS
from helix_app.engine.models.tensors.weights import expected_shape, gguf_name
from helix_app.engine.rounds.scheduler import CHUNK
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.gguf.gguf_file import TensorInfo
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.modelfiles.parameters import layer_numbers

BLOCK = 16  # tokens
_PROGRAM = 16 * 10**6  # bytes of what the first reply imports and compiles; measured
_WORD = 160  # bytes that a token of the vocabulary takes beside the tokenizer that is there already; measured
_LOGIT_ROWS = 9  # that a verification asks for at a load's calibration
_EXPERT = ("expert_gate_up", "expert_down")
_BIASES = {"qkv_bias": ("q", "k", "v", "q_gate"), "out_bias": ("o",), "mlp_bias": ("gate", "up", "down")}


@dataclass(frozen=True)
class ModelNeed:
    """Bytes of one model: its weights, its cache when all tokens are in it, and the rest."""

    weights: int
    cache: int
    workspace: int


def need_of(
    files: ModelFiles,
    number_format: str,
    context: int,
    pool: int,
    *,
    head_copied: bool = False,
    next_token: bool = False,
    head: HeadFiles | None = None,
    on_card: bool = False,
) -> ModelNeed:
    """What a model takes.

    Args:
        number_format: ``packed``, ``int4`` or one of ``DTYPES``.
        context: tokens of one sequence.
        pool: tokens of all sequences.
        head_copied: a dense output head is kept in a layout of its own even where it is the embeddings.
        next_token: its cache also holds the layer that drafts.
        head: likewise that of this draft head.
        on_card: packed weights lie in a card's memory, beside activations and a cache in 16 bits.
    """
    config, packed = files.config, number_format == PACKED
    item = CACHE.itemsize if packed else _item(number_format)
    products = by_products(config)
    cached, kept = config, 0  # numbers of a hidden state beside each block
    if next_token:
        cached, kept = config.extended, config.hidden_size
    if head is not None:
        cached, kept = config.with_layer(head.layer_in(config)), head.config.hidden_size
    whole = packed and not on_card and not products  # activations are in float32
    cache = _cache(config, cached, context, pool, number_format, kept * (4 if whole else item))
    if packed and on_card:
        return ModelNeed(packed_weights(files), cache, _card_workspace(config, context, item))
    if packed:
        run = _products_workspace(config, context, item) if products else _packed_workspace(config, context)
        return ModelNeed(packed_weights(files) + (0 if products else _widened(files)), cache, run)
    weights = dense_weights(config, number_format, head_copied) - _mapped(files, item)
    return ModelNeed(weights, cache, _dense_workspace(config, context, item))


def _cache(config: ModelConfig, cached: ModelConfig, context: int, pool: int, number_format: str, beside: int) -> int:
    """Bytes of blocks for the layers of ``cached``, with so many ``beside`` each, and of the states of ``config``."""
    dtype = CACHE if number_format == PACKED else DTYPES.get(number_format, DTYPES["bfloat16"])
    layout = with_states(layout_of(cached, context), config, context, pool)
    blocks = wanted_blocks(cached, layout, context, pool, BLOCK, dtype)
    return blocks * (bytes_per_block(cached, BLOCK, dtype, layout) + beside) + layout.states * config.state_bytes


def _mapped(files: ModelFiles, item: int) -> int:
    """Bytes by which a table of inputs of tokens takes less than unpacked: it stays as its file holds it."""
    inputs, table = files.config.token_inputs, _mapped_table(files)
    if inputs is None or table is None:
        return 0
    return files.config.num_layers * inputs.size * inputs.vocab_size * item - table.nbytes


def _mapped_table(files: ModelFiles) -> TensorInfo | None:
    """A table of inputs of tokens that stays as its file holds it."""
    table = files.gguf.tensors.get("per_layer_token_embd.weight") if files.gguf is not None else None
    return None if table is None or table.type in ("F32", "F16", "BF16") else table


def packed_weights(files: ModelFiles) -> int:
    """Bytes of the blocks that are mapped, and of what is unpacked beside them, less those of a layer that drafts."""
    tensors = _tensors(files)
    joined = {NAMES["delta_all"][0].format(i=i) for i in files.config.recurrent_layers}  # whose rows lie apart
    unpacked = (tensors[name] for name in joined & tensors.keys())
    more = sum(max(0, CACHE.itemsize * math.prod(info.shape) - info.nbytes) for info in unpacked)
    return more + sum(info.nbytes for name, info in tensors.items() if not _drafts(files, name))


def next_token_blocks(files: ModelFiles) -> int:
    """Bytes of the layer that drafts beside a packed target: its blocks, and what is none in the numbers of its rows:
    in 16 bits where a product runs at a time, in float32 otherwise."""
    item = CACHE.itemsize if by_products(files.config) else 4
    found = (info for name, info in _tensors(files).items() if _drafts(files, name))
    return sum(info.nbytes if info.type in FORMATS else item * math.prod(info.shape) for info in found)


def _widened(files: ModelFiles) -> int:
    """Bytes by which gates and vectors of recurrent layers take more than in the file, copied in float32."""
    names = {gguf_name(files.config, role, i) for i in files.config.recurrent_layers for role in (*GATES, *VECTORS)}
    return _beside_matrices(files.config, 4) - sum(
        info.nbytes for name, info in _tensors(files).items() if name in names
    )


def _tensors(files: ModelFiles) -> Mapping[str, TensorInfo]:
    return {} if files.gguf is None else files.gguf.tensors


def _drafts(files: ModelFiles, name: str) -> bool:
    """Whether a tensor is one of the layer that drafts."""
    return name.startswith(f"blk.{files.config.num_layers}.")


def dense_weights(config: ModelConfig, number_format: str, head_copied: bool = False) -> int:
    """Bytes of unpacked weights; with ``int4`` those of the layers are packed for PyTorch's own kernels."""
    item = _item(number_format)
    per_matrix = PACKED_BYTES[4] if number_format == "int4" else item
    inputs, hidden = config.token_inputs, config.hidden_size
    vectors = (2 + 2 * config.post_norms + (inputs is not None)) * hidden + 2 * config.qk_norm * config.head_dim
    biased = {role for flag, roles in _BIASES.items() if getattr(config, flag) for role in roles}
    vectors += sum(_count(config, role, "bias") for role in biased if role != "q_gate" or config.gated_attention)
    if config.experts is not None and config.experts.biased:
        vectors += config.experts.count * (1 + sum(_count(config, role, "bias") for role in _EXPERT))
    if config.experts is not None and config.experts.beside:
        vectors += 4 * hidden + config.experts.count
    table = config.vocab_size * hidden
    tables = table * (1 if config.tied_embeddings and not head_copied else 2)
    if inputs is not None:
        tables += config.num_layers * inputs.size * (inputs.vocab_size + hidden)
    own = vectors * config.num_layers + hidden + tables
    return round(_matrices(config) * per_matrix + own * item) + _beside_matrices(config, item)


def _beside_matrices(config: ModelConfig, item: int) -> int:
    """What recurrent layers have beside their matrices: gates in the number format, the rest in float32."""
    if config.recurrent is None:
        return 0
    own = item * sum(_count(config, role) for role in GATES) + 4 * sum(_count(config, role) for role in VECTORS)
    return len(config.recurrent_layers) * own


def next_token_weights(config: ModelConfig, number_format: str) -> int:
    """Bytes of the layer that drafts."""
    own, item = config.next_token, _item(number_format)
    if own is None:
        return 0
    per_matrix = PACKED_BYTES[4] if number_format == "int4" else item
    matrices = layer_numbers(config.extended, config.num_layers) + _count(config, "next_proj")
    tables = (own.own_embeddings * item + own.own_head * per_matrix) * config.vocab_size * config.hidden_size
    return round(matrices * per_matrix + tables + 5 * config.hidden_size * item)


def head_weights(head: HeadFiles, number_format: str, on_card: bool = False) -> int:
    """Bytes of a draft head over a target in this number format: beside packed weights on a CPU in eight bits."""
    own, item = head.parameters + 4 * head.config.hidden_size, _item(number_format)
    return round(own * PACKED_BYTES[8]) if number_format == PACKED and not on_card else own * item


def copy_weights(files: ModelFiles, bits: int, number_format: str) -> int:
    """Bytes of a copy of the target in fewer bits, which shares its cache.

    Args:
        number_format: of the target. One in the format of the copy's activations shares its tables too.
    """
    config, copied = files.config, low_bit.ACTIVATIONS
    matrices, shared = _matrices(config), DTYPES.get(number_format) == copied
    tables = 0.0 if shared else config.vocab_size * config.hidden_size * (PACKED_BYTES[8] + copied.itemsize)
    inputs = config.token_inputs
    if inputs is not None:
        matrices += config.num_layers * inputs.size * config.hidden_size
        if not shared and _mapped_table(files) is None:
            tables += config.num_layers * inputs.size * inputs.vocab_size * copied.itemsize
    return round(matrices * PACKED_BYTES[bits] + tables)


def _matrices(config: ModelConfig) -> int:
    return sum(layer_numbers(config, i) for i in range(config.num_layers))


def _packed_workspace(config: ModelConfig, context: int) -> int:
    """Memory of the rows of a piece of a prompt (``RowMemory``), logits, turns."""
    hidden, inner = config.hidden_size, config.intermediate_size
    rows = max(BLOCK, 1 << (min(CHUNK, context) - 1).bit_length())
    q, kv = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    floats = (2 + adds_apart(config)) * hidden + (2 + config.gated_attention) * q + 2 * kv + 3 * inner
    sizes = config.recurrent
    columns = max(hidden, q, inner, 0 if sizes is None else sizes.inner)
    records = sum(-(-columns // size) * nbytes for size, nbytes in RECORD_BYTES.items())
    made = rows * (4 * floats + records + 4 * hidden)
    if sizes is not None:  # of a pass, what is kept of rows to be verified, and states that it works on
        kept = _LOGIT_ROWS * len(config.recurrent_layers) * sizes.row_bytes
        made += rows * recurrent_row_bytes(sizes) + kept + 2 * sizes.state_bytes
    return _with_turns(made + _logits(config), config, context, 4)


def _products_workspace(config: ModelConfig, context: int, item: int) -> int:
    """Activations of a piece of a prompt, and what products work on (``packed/linears.py``): for each number of columns
    that matrices have, rows as they come and as they are rounded; logits, turns."""
    layers, rows = range(config.num_layers), max(BLOCK, 1 << (min(CHUNK, context) - 1).bit_length())
    columns = {config.hidden_size}
    columns |= {config.inner_size(i) for i in layers if (one := config.experts_of(i)) is None or one.beside}
    columns |= {one.queries * one.dim for one in {config.heads(i) for i in layers}}
    columns |= {config.token_inputs.size} if config.token_inputs is not None else set()
    given = 1
    if config.experts is not None:
        columns |= {config.experts.size, config.experts.shared_size}
        given = config.experts.used
    per_column = 4 + sum(nbytes / size for size, nbytes in RECORD_BYTES.items())
    widest = 2 * max(columns)  # of rows, and of what comes out, in float32
    work = round(rows * (sum(columns) * per_column + 2 * 4 * widest)) + given * rows * 4 * config.hidden_size
    seen = 0 if attends(config) else context  # packed kernels attend without a mask
    return _with_turns(work + _activations(config, context, item, seen) + _logits(config), config, context, item)


def _dense_workspace(config: ModelConfig, context: int, item: int) -> int:
    """Activations and mask of a piece of a prompt, or the largest weight while it is made; logits, turns."""
    hidden, layers = config.hidden_size, range(config.num_layers)
    q = max(one.queries * one.dim for one in {config.heads(i) for i in layers})
    inner = max(config.inner_size(i) for i in layers)
    gate_up = 2 * inner * hidden if config.experts is None or config.experts.beside else 0
    gate_up = gate_up if config.experts is None else max(gate_up, _count(config, "expert_gate_up"))
    largest = max(gate_up, hidden * q) * (4 + item)
    made = max(largest, _activations(config, context, item)) + _rows_of_states(config, min(CHUNK, context))
    return _with_turns(made + _logits(config), config, context, item)


def _card_workspace(config: ModelConfig, context: int, item: int) -> int:
    """Activations and mask of a piece of a prompt, and what is unpacked of a weight at a time; logits, turns."""
    inner = max(config.inner_size(i) for i in range(config.num_layers))
    piece = UNPACKED_ROWS * max(config.hidden_size, inner) * item
    return _with_turns(piece + _activations(config, context, item) + _logits(config), config, context, item)


def _activations(config: ModelConfig, context: int, item: int, seen: int | None = None) -> int:
    """Of a piece of a prompt, with the mask of its attention over ``seen`` tokens, all unless given."""
    rows, hidden, layers = min(CHUNK, context), config.hidden_size, range(config.num_layers)
    heads, inner = {config.heads(i) for i in layers}, max(config.inner_size(i) for i in layers)
    q, kv = (max(count(one) for one in heads) for count in (lambda h: h.queries * h.dim, lambda h: h.kv * h.dim))
    activations = rows * item * (4 * hidden + 2 * (q + 2 * kv) + 4 * inner)
    if config.token_inputs is not None:
        activations += rows * (3 * item + 8) * config.num_layers * config.token_inputs.size  # unpacked in float32
    if config.experts is not None:  # rows as they are given to experts, what these make of them, and that in float32
        given = item * (3 * hidden + 4 * config.experts.size) + 8 * hidden
        beside = 4 * item * hidden * config.experts.beside
        activations = max(activations, rows * (config.experts.used * given + beside + 4 * item * (hidden + q + 2 * kv)))
    return activations + rows * max(one.group for one in heads) * (context if seen is None else seen) * item


def _rows_of_states(config: ModelConfig, rows: int) -> int:
    """What recurrent layers make of a piece of a prompt in float32, one at a time, and keep of rows to be verified."""
    sizes = config.recurrent
    if sizes is None:
        return 0
    keys = sizes.value_heads * sizes.key_dim
    made = rows * 4 * (4 * sizes.channels + 5 * sizes.inner + 4 * keys)
    return made + _LOGIT_ROWS * len(config.recurrent_layers) * sizes.row_bytes + sizes.state_bytes


def _logits(config: ModelConfig) -> int:
    """Logits, and what a reply needs whatever its length."""
    return _PROGRAM + (2 * 4 * _LOGIT_ROWS + _WORD) * config.vocab_size


def _with_turns(passes: int, config: ModelConfig, context: int, item: int) -> int:
    """What passes take, with cosines and sines of all positions; while a load makes them, in float64 and of whole
    heads, no pass runs."""
    sizes = [rotary.head_dim or config.head_dim for rotary in config.rotaries]
    made = 3 * 8 * context * max(sizes, default=0)
    return sum(sizes) * context * 2 * item + max(passes, made)


def _count(config: ModelConfig, role: str, kind: str = "weight") -> int:
    return math.prod(expected_shape(config, role, kind))


def _item(number_format: str) -> int:
    return DTYPES.get(number_format, DTYPES["bfloat16"]).itemsize
