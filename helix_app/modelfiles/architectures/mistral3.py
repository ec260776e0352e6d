"""Mistral 3: the text models of Mistral Small 3 and Ministral 3.

Sources: transformers, ``Mistral3Config`` and ``modeling_ministral3.py``; llama.cpp, ``models/mistral3.cpp`` and
``conversion/mistral3.py``. The second has YaRN whose magnitude cancels out, and queries that grow by position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from helix_app.modelfiles.architectures.base import Architecture, Fields, GgufFacts, Raw
from helix_app.modelfiles.config import Layer, Temperature

# what Ministral3Config has where a file says nothing
_MINISTRAL3 = {"head_dim": 128, "num_key_value_heads": 8, "max_position_embeddings": 262_144, "rms_norm_eps": 1e-5}
_ROPE = {
    "rope_type": "yarn",
    "rope_theta": 1_000_000.0,
    "factor": 16.0,
    "original_max_position_embeddings": 16_384,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "llama_4_scaling_beta": 0.1,
}


def _plain(raw: Raw) -> dict[str, Any]:
    text = raw.get("text_config")  # beside the parts that look at pictures
    plain = {**raw, **(text if isinstance(text, Mapping) else {})}
    if plain.get("model_type") != "ministral3":
        return plain
    return {**_MINISTRAL3, "rope_parameters": _ROPE, **plain}


def _from_hf(raw: Raw) -> Fields:
    window, params = raw.get("sliding_window"), raw.get("rope_parameters") or {}
    beta, original = params.get("llama_4_scaling_beta"), params.get("original_max_position_embeddings")
    return {
        "qkv_bias": False,
        "out_bias": False,
        "mlp_bias": False,
        "layers": (Layer(window=int(window)),) * int(raw["num_hidden_layers"]) if window else (),
        "temperature": Temperature(float(beta), int(original)) if beta and original else None,
    }


def _from_gguf(facts: GgufFacts) -> Fields:
    beta = float(facts.get("attention.temperature_scale") or 0.0)
    length = int(facts.get("attention.temperature_length") or facts.rope.original_context or 0)
    multiplier = float(facts.get("rope.scaling.yarn_log_multiplier") or 0.0)
    return {
        "interleaved": True,
        "rope": replace(facts.rope, mscale=1.0, mscale_all_dim=multiplier or None),
        "temperature": Temperature(beta, length) if beta and length else None,
    }


ARCHITECTURES = (Architecture("mistral3", "Mistral 3", ("mistral3", "ministral3"), _from_hf, _from_gguf, _plain),)
