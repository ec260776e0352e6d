"""gpt-oss.

Sources: transformers, ``GptOssConfig`` and ``modeling_gpt_oss.py``; llama.cpp, ``models/openai-moe.cpp`` and
``conversion/gpt_oss.py``. Its YaRN does not round the bounds of its ramp; GGUF files do not say so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from helix_app.modelfiles.architectures.base import Architecture, Fields, GgufFacts, Raw, theta_of, windowed
from helix_app.modelfiles.architectures.qwen.qwen_moe import experts_gguf
from helix_app.modelfiles.config import Experts, Layer

_LIMIT = 7.0  # of what enters an activation
# what GptOssConfig has where a file says nothing
_USUAL = {
    "head_dim": 64,
    "num_key_value_heads": 8,
    "sliding_window": 128,
    "max_position_embeddings": 131_072,
    "rms_norm_eps": 1e-5,
    "attention_bias": True,
    "num_experts_per_tok": 4,
    "rope_parameters": {
        "rope_type": "yarn",
        "factor": 32.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": False,
        "original_max_position_embeddings": 4096,
    },
}


def _plain(raw: Raw) -> dict[str, Any]:
    usual = {key: value for key, value in _USUAL.items() if key != "rope_parameters" or not raw.get("rope_scaling")}
    return {**usual, **raw} | theta_of(raw, 150_000.0)


def _from_hf(raw: Raw) -> Fields:
    experts = Experts(
        int(raw.get("num_local_experts") or raw["num_experts"]),
        int(raw["num_experts_per_tok"]),
        int(raw["intermediate_size"]),
        softmax_of_chosen=True,
        biased=True,
        swiglu_limit=float(raw.get("swiglu_limit") or _LIMIT),
        transposed=True,
    )
    layers = windowed(raw, raw["sliding_window"], lambda i: i % 2 == 0)
    return {"experts": experts, "sinks": True, "layers": layers, "mlp_bias": False}


def _from_gguf(facts: GgufFacts) -> Fields:
    window, pattern = int(facts.get("attention.sliding_window", 0)), facts.get("attention.sliding_window_pattern")
    flags = [bool(flag) for flag in pattern] if isinstance(pattern, list) else [i % 2 == 0 for i in range(facts.layers)]
    return {
        "experts": experts_gguf(facts, softmax_of_chosen=True, biased=True, swiglu_limit=_LIMIT),
        "sinks": True,
        "layers": tuple(Layer(window=window if flag else 0) for flag in flags) if window else (),
        "rope": replace(facts.rope, truncate=False),
    }


ARCHITECTURES = (Architecture("gpt-oss", "gpt-oss", ("gpt_oss",), _from_hf, _from_gguf, _plain, packings=("mxfp4",)),)
