"""How much memory a model takes, from its header alone: weights as they will lie, cache, and what passes need.

The figures follow the code that allocates: ``models/packed_decoder.py`` maps a file's own blocks, ``models/decoder.py``
unpacks them, ``models/card_decoder.py`` copies them to a card, ``cache/kv_cache.py`` holds keys and values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.kernels.packed.formats import RECORD_BYTES
from helix_app.engine.kernels.triton.formats import UNPACKED_ROWS
from helix_app.engine.loading.context import wanted_blocks
from helix_app.engine.loading.memory_use import PACKED_BYTES
from helix_app.engine.machine.devices.device import DTYPES, PACKED
from helix_app.engine.models.packed_decoder import CACHE
from helix_app.engine.models.packed_layers import adds_apart
from helix_app.engine.models.weights import expected_shape
from helix_app.engine.rounds.scheduler import CHUNK
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.modelfiles.parameters import layer_numbers

BLOCK = 16  # tokens
_PROGRAM = 16 * 10**6  # bytes of what the first reply imports and compiles; measured
_WORD = 160  # bytes that a token of the vocabulary takes beside the tokenizer that is there already; measured
_LOGIT_ROWS = 9  # that a verification asks for at a load's calibration
_BIASES = {"qkv_bias": ("q", "k", "v"), "out_bias": ("o",), "mlp_bias": ("gate", "up", "down")}


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
    on_card: bool = False,
) -> ModelNeed:
    """What a model takes.

    Args:
        number_format: ``packed``, ``int4`` or one of ``DTYPES``.
        context: tokens of one sequence.
        pool: tokens of all sequences.
        head_copied: a dense output head is kept in a layout of its own even where it is the embeddings.
        on_card: packed weights lie in a card's memory, beside activations and a cache in 16 bits.
    """
    config = files.config
    item = CACHE.itemsize if number_format == PACKED else _item(number_format)
    cache_type = CACHE if number_format == PACKED else DTYPES.get(number_format, DTYPES["bfloat16"])
    layout = layout_of(config, context)
    blocks = wanted_blocks(config, layout, context, pool, BLOCK, cache_type)
    cache = blocks * bytes_per_block(config, BLOCK, cache_type, layout)
    if number_format == PACKED and on_card:
        return ModelNeed(packed_weights(files), cache, _card_workspace(config, context, item))
    if number_format == PACKED:
        return ModelNeed(packed_weights(files), cache, _packed_workspace(config, context))
    weights = dense_weights(config, number_format, head_copied) - _mapped(files, item)
    return ModelNeed(weights, cache, _dense_workspace(config, context, item))


def _mapped(files: ModelFiles, item: int) -> int:
    """Bytes by which a table of inputs of tokens takes less than unpacked: it stays as its file holds it."""
    inputs = files.config.token_inputs
    table = files.gguf.tensors.get("per_layer_token_embd.weight") if files.gguf is not None else None
    if inputs is None or table is None or table.type in ("F32", "F16", "BF16"):
        return 0
    return files.config.num_layers * inputs.size * inputs.vocab_size * item - table.nbytes


def packed_weights(files: ModelFiles) -> int:
    """Bytes of the blocks that are mapped."""
    return sum(info.nbytes for info in files.gguf.tensors.values()) if files.gguf is not None else 0


def dense_weights(config: ModelConfig, number_format: str, head_copied: bool = False) -> int:
    """Bytes of unpacked weights; with ``int4`` those of the layers are packed for PyTorch's own kernels."""
    item = _item(number_format)
    per_matrix = PACKED_BYTES[4] if number_format == "int4" else item
    inputs, hidden = config.token_inputs, config.hidden_size
    vectors = (2 + 2 * config.post_norms + (inputs is not None)) * hidden + 2 * config.qk_norm * config.head_dim
    vectors += sum(_count(config, r, "bias") for flag, roles in _BIASES.items() if getattr(config, flag) for r in roles)
    table = config.vocab_size * hidden
    tables = table * (1 if config.tied_embeddings and not head_copied else 2)
    if inputs is not None:
        tables += config.num_layers * inputs.size * (inputs.vocab_size + hidden)
    return round(_matrices(config) * per_matrix + (vectors * config.num_layers + hidden + tables) * item)


def copy_weights(config: ModelConfig, bits: int) -> int:
    """Bytes of a copy of the target in fewer bits, which shares its cache."""
    table = config.vocab_size * config.hidden_size
    return round(_matrices(config) * PACKED_BYTES[bits] + table * (PACKED_BYTES[8] + 2))


def _matrices(config: ModelConfig) -> int:
    return sum(layer_numbers(config, i) for i in range(config.num_layers))


def _packed_workspace(config: ModelConfig, context: int) -> int:
    """Memory of the rows of a piece of a prompt (``RowMemory``), logits, turns."""
    hidden, inner = config.hidden_size, config.intermediate_size
    rows = max(BLOCK, 1 << (min(CHUNK, context) - 1).bit_length())
    q, kv = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    floats = (2 + adds_apart(config)) * hidden + 2 * q + 2 * kv + 3 * inner
    columns = max(hidden, q, inner)
    records = sum(-(-columns // size) * nbytes for size, nbytes in RECORD_BYTES.items())
    return rows * (4 * floats + records + 4 * hidden) + _logits(config) + _turns(config, context, 4)


def _dense_workspace(config: ModelConfig, context: int, item: int) -> int:
    """Activations and mask of a piece of a prompt, or the largest weight while it is made; logits, turns."""
    hidden, layers = config.hidden_size, range(config.num_layers)
    q = max(one.queries * one.dim for one in {config.heads(i) for i in layers})
    inner = max(config.inner_size(i) for i in layers)
    largest = max(2 * inner * hidden, hidden * q) * (4 + item)
    return max(largest, _activations(config, context, item)) + _logits(config) + _turns(config, context, item)


def _card_workspace(config: ModelConfig, context: int, item: int) -> int:
    """Activations and mask of a piece of a prompt, and what is unpacked of a weight at a time; logits, turns."""
    inner = max(config.inner_size(i) for i in range(config.num_layers))
    piece = UNPACKED_ROWS * max(config.hidden_size, inner) * item
    return piece + _activations(config, context, item) + _logits(config) + _turns(config, context, item)


def _activations(config: ModelConfig, context: int, item: int) -> int:
    """Of a piece of a prompt, with the mask of its attention."""
    rows, hidden, layers = min(CHUNK, context), config.hidden_size, range(config.num_layers)
    heads, inner = {config.heads(i) for i in layers}, max(config.inner_size(i) for i in layers)
    q, kv = (max(count(one) for one in heads) for count in (lambda h: h.queries * h.dim, lambda h: h.kv * h.dim))
    activations = rows * item * (4 * hidden + 2 * (q + 2 * kv) + 4 * inner)
    if config.token_inputs is not None:
        activations += 3 * rows * item * config.num_layers * config.token_inputs.size
    return activations + rows * max(one.group for one in heads) * context * item


def _logits(config: ModelConfig) -> int:
    """Logits, and what a reply needs whatever its length."""
    return _PROGRAM + (2 * 4 * _LOGIT_ROWS + _WORD) * config.vocab_size


def _turns(config: ModelConfig, context: int, item: int) -> int:
    """Cosines and sines of all positions; while they are made, also in float64 and whole heads."""
    sizes = [rotary.head_dim or config.head_dim for rotary in config.rotaries]
    return sum(sizes) * context * 2 * item + 3 * 8 * context * max(sizes, default=0)


def _count(config: ModelConfig, role: str, kind: str = "weight") -> int:
    return math.prod(expected_shape(config, role, kind))


def _item(number_format: str) -> int:
    return DTYPES.get(number_format, DTYPES["bfloat16"]).itemsize
