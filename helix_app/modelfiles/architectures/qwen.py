"""Qwen2 and Qwen3."""

from __future__ import annotations

from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
    windowed,
)
from helix_app.modelfiles.config import Layer


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


ARCHITECTURES = (
    Architecture("qwen2", "Qwen2", ("qwen2",), _qwen2_hf),
    Architecture("qwen3", "Qwen3", ("qwen3",), _qwen3_hf, _qk_normed),
)
