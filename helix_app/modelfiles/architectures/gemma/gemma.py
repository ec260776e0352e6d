"""Gemma 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
    theta_of,
    windowed,
)
from helix_app.modelfiles.config import Layer, Rotary

_GEMMA_LOCAL_THETA, _GEMMA_PATTERN = 10_000.0, 6  # of layers with a window; every sixth has none
# what Gemma3TextConfig has where a file says nothing, as Google's own files for its larger models do
_GEMMA3 = {
    "vocab_size": 262_208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 131_072,
    "tie_word_embeddings": True,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
}


def _gemma3_plain(raw: Raw) -> dict[str, Any]:
    text = raw.get("text_config")  # beside the parts that look at pictures
    plain = {**_GEMMA3, **raw, **(text if isinstance(text, Mapping) else {})}
    both = plain.get("rope_parameters") or {}
    if "full_attention" in both or "sliding_attention" in both:
        local = both.get("sliding_attention") or {}
        plain["rope_local_base_freq"] = local.get("rope_theta")
        kind = str(local.get("rope_type") or "default")
        if kind != "default":
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_rope_window", kind=kind))
        plain["rope_parameters"] = both.get("full_attention") or {}
    return plain | theta_of(plain, 1_000_000.0)


def _gemma3(layers: tuple[Layer, ...], local_theta: float, hidden: int, scale: float | None) -> Fields:
    """What Gemma 3 is, whichever format it is read from."""
    local = Rotary(local_theta)
    return {
        "layers": tuple(replace(layer, rotary=local) if layer.window else layer for layer in layers),
        "qk_norm": True,
        "post_norms": True,
        "activation": "gelu_tanh",
        "embedding_scale": hidden**0.5,
        "attention_scale": scale,
    }


def _gemma3_hf(raw: Raw) -> Fields:
    if raw.get("attn_logit_softcapping"):
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_softcap"))
    if raw.get("use_bidirectional_attention"):
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_later_tokens"))
    pattern = int(raw.get("sliding_window_pattern") or _GEMMA_PATTERN)
    layers = windowed(raw, raw["sliding_window"], lambda i: bool((i + 1) % pattern))
    scalar, head_dim = float(raw["query_pre_attn_scalar"]), int(raw["head_dim"])
    scale = None if scalar == head_dim else scalar**-0.5
    local = float(raw.get("rope_local_base_freq") or _GEMMA_LOCAL_THETA)
    softcap = float(raw.get("final_logit_softcapping") or 0.0)
    fields = _gemma3(layers, local, int(raw["hidden_size"]), scale)
    return {**fields, "norm_offset": 1.0, "mlp_bias": False, "logit_softcap": softcap}


def _gemma3_gguf(facts: GgufFacts) -> Fields:
    """Its norm weights hold the offset already."""
    window = int(facts.get("attention.sliding_window", 0))
    pattern = facts.get("attention.sliding_window_pattern", _GEMMA_PATTERN)
    if isinstance(pattern, list):
        flags = [bool(flag) for flag in pattern]
    else:
        flags = [bool((i + 1) % int(pattern)) for i in range(facts.layers)]
    layers = tuple(Layer(window=window if flag else 0) for flag in flags)
    # the model of 62 layers alone scales by another size than that of a head, and no metadata says so
    scale = (facts.hidden / facts.heads) ** -0.5 if facts.layers == 62 else None
    local = float(facts.get("rope.freq_base_swa", _GEMMA_LOCAL_THETA))
    softcap = float(facts.get("final_logit_softcapping", 0.0))
    return {**_gemma3(layers, local, facts.hidden, scale), "logit_softcap": softcap}


ARCHITECTURES = (Architecture("gemma3", "Gemma 3", ("gemma3", "gemma3_text"), _gemma3_hf, _gemma3_gguf, _gemma3_plain),)
