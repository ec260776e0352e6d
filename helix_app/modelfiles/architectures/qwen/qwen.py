"""Qwen2, Qwen3 and Qwen3.5.

Sources for Qwen3.5: transformers' ``Qwen3_5TextConfig``; llama.cpp's ``src/models/qwen35.cpp`` and its converter
(``conversion/qwen.py``), which tiles value heads and adds the offset to norms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
    windowed,
)
from helix_app.modelfiles.config import Layer, Recurrent

_INTERVAL = 4  # every so many layers one has attention
# what transformers has for each of its family where a file says nothing
QWEN35_USUAL = {
    "num_attention_heads": 16,
    "head_dim": 256,
    "max_position_embeddings": 32_768,
    "partial_rotary_factor": 0.25,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
}
# and for Qwen3.5 itself
_QWEN35 = {
    **QWEN35_USUAL,
    "vocab_size": 248_320,
    "hidden_size": 4096,
    "intermediate_size": 12_288,
    "num_hidden_layers": 32,
    "num_key_value_heads": 4,
}


def _qwen_layers(raw: Raw) -> tuple[Layer, ...]:
    first = int(raw.get("max_window_layers") or 28)
    window = raw.get("sliding_window", 4096) if raw.get("use_sliding_window") else None
    return windowed(raw, window, lambda i: i >= first)


def _qwen2_hf(raw: Raw) -> Fields:
    return {"qkv_bias": True, "out_bias": False, "mlp_bias": False, "layers": _qwen_layers(raw)}


def _qwen3_hf(raw: Raw) -> Fields:
    head_dim = int(raw.get("head_dim") or 128)
    return {"qk_norm": True, "head_dim": head_dim, "mlp_bias": False, "layers": _qwen_layers(raw)}


def _qk_normed(_: GgufFacts) -> Fields:
    return {"qk_norm": True}


def beside_pictures(raw: Raw) -> Raw:
    """The sizes of a model of text also where they stand apart from those of what looks at pictures."""
    text = raw.get("text_config")
    return {**raw, **(text if isinstance(text, Mapping) else {})}


def _qwen35_plain(raw: Raw) -> dict[str, Any]:
    return {**_QWEN35, **beside_pictures(raw)}


def _qwen35(recurrent: tuple[bool, ...], sizes: Recurrent) -> Fields:
    """What Qwen3.5 is, whichever format it is read from."""
    return {
        "layers": tuple(Layer(recurrent=flag, turned=not flag) for flag in recurrent),
        "recurrent": sizes if any(recurrent) else None,
        "qk_norm": True,
        "gated_attention": True,
    }


def qwen35_hf(raw: Raw) -> Fields:
    """Of a ``config.json``: which layers are recurrent, and their sizes."""
    layers, types = int(raw["num_hidden_layers"]), raw.get("layer_types")
    if types is None:
        interval = int(raw.get("full_attention_interval") or _INTERVAL)
        recurrent = tuple(bool((i + 1) % interval) for i in range(layers))
    else:
        unknown = set(types) - {"full_attention", "linear_attention"}
        if unknown:
            raise ModelFileError(
                "model_feature_unsupported", feature=reason_of("feature_layer_kind", kind=min(unknown))
            )
        recurrent = tuple(kind == "linear_attention" for kind in types)
    sizes = Recurrent(
        key_heads=int(raw["linear_num_key_heads"]),
        value_heads=int(raw["linear_num_value_heads"]),
        key_dim=int(raw["linear_key_head_dim"]),
        value_dim=int(raw["linear_value_head_dim"]),
        kernel=int(raw["linear_conv_kernel_dim"]),
    )
    return {**_qwen35(recurrent, sizes), "norm_offset": 1.0, "mlp_bias": False}


def qwen35_gguf(facts: GgufFacts) -> Fields:
    """The same of a GGUF header. Its norm weights hold the offset already."""
    layers = facts.layers
    given = facts.get("attention.recurrent_layers")
    if isinstance(given, list):
        recurrent = tuple(bool(flag) for flag in given[:layers])
    else:
        interval = int(facts.get("full_attention_interval", _INTERVAL))
        recurrent = tuple(bool((i + 1) % interval) for i in range(layers))
    heads = int(facts.get("ssm.time_step_rank", 0))
    sizes = Recurrent(
        key_heads=int(facts.get("ssm.group_count", 0)),
        value_heads=heads,
        key_dim=int(facts.get("ssm.state_size", 0)),
        value_dim=int(facts.get("ssm.inner_size", 0)) // max(heads, 1),
        kernel=int(facts.get("ssm.conv_kernel", 0)),
        tiled=True,
    )
    return _qwen35(recurrent, sizes)


ARCHITECTURES = (
    Architecture("qwen2", "Qwen2", ("qwen2",), _qwen2_hf),
    Architecture("qwen3", "Qwen3", ("qwen3",), _qwen3_hf, _qk_normed),
    Architecture(
        "qwen35", "Qwen3.5", ("qwen3_5", "qwen3_5_text"), qwen35_hf, qwen35_gguf, _qwen35_plain, partial_rotary=True
    ),
)
