"""Phi-3."""

from __future__ import annotations

from typing import Any

from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
)
from helix_app.modelfiles.config import Layer


def _phi3_plain(raw: Raw) -> dict[str, Any]:
    usual = {"original_max_position_embeddings": 4096, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5}
    plain = {**usual, **raw}
    key = "rope_parameters" if raw.get("rope_parameters") else "rope_scaling"
    params = dict(raw.get(key) or {})
    if str(params.get("rope_type") or params.get("type")) in ("su", "yarn"):  # what its first files call it
        plain[key] = {**params, "rope_type": "longrope"}
    return plain


def _phi3(window: int, layers: int) -> Fields:
    return {"fused": True, "layers": (Layer(window=window),) * layers if window else ()}


def _phi3_hf(raw: Raw) -> Fields:
    fields = _phi3(int(raw.get("sliding_window") or 0), int(raw["num_hidden_layers"]))
    return {**fields, "qkv_bias": False, "out_bias": False, "mlp_bias": False}


def _phi3_gguf(facts: GgufFacts) -> Fields:
    return _phi3(int(facts.get("attention.sliding_window", 0)), facts.layers)


ARCHITECTURES = (Architecture("phi3", "Phi-3", ("phi3",), _phi3_hf, _phi3_gguf, _phi3_plain, partial_rotary=True),)
