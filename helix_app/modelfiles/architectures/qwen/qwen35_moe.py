"""Qwen3.5 and Qwen3-Next as mixtures of experts: recurrent layers beside gated attention, in each a shared expert.

Sources: transformers, ``Qwen3_5MoeTextConfig`` and ``Qwen3NextConfig`` with their models; llama.cpp,
``src/models/qwen35moe.cpp``, ``src/models/qwen3next.cpp`` and ``conversion/qwen.py``. Both renormalise the weights of
the experts of a row; only configs of Qwen3-Next say whether. Headers of Qwen3.5 have no ``feed_forward_length``, as no
layer has a perceptron of that width. Value heads of Qwen3-Next are not tiled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from helix_app.modelfiles.architectures.base import Architecture, Fields, GgufFacts, Raw
from helix_app.modelfiles.architectures.qwen.qwen import QWEN35_USUAL, beside_pictures, qwen35_gguf, qwen35_hf
from helix_app.modelfiles.architectures.qwen.qwen_moe import experts_gguf, experts_hf, with_perceptrons

# what Qwen3_5MoeTextConfig has where a file says nothing
_USUAL = {
    **QWEN35_USUAL,
    "vocab_size": 248_320,
    "hidden_size": 2048,
    "num_hidden_layers": 40,
    "num_key_value_heads": 2,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "num_experts": 256,
    "num_experts_per_tok": 8,
}
# and Qwen3NextConfig
_NEXT = {
    **_USUAL,
    "vocab_size": 151_936,
    "intermediate_size": 5632,
    "num_hidden_layers": 48,
    "num_experts": 512,
    "num_experts_per_tok": 10,
}


def _plain(raw: Raw) -> dict[str, Any]:
    found = {**_USUAL, **beside_pictures(raw)}
    return {**found, "intermediate_size": found["moe_intermediate_size"]}  # of no layer


def _from_hf(raw: Raw) -> Fields:
    return {**qwen35_hf(raw), "experts": experts_hf(raw, shared_size=int(raw["shared_expert_intermediate_size"]))}


def _from_gguf(facts: GgufFacts) -> Fields:
    shared = facts.get("expert_shared_feed_forward_length") or facts.get("feed_forward_length") or 0
    return {**qwen35_gguf(facts), "experts": experts_gguf(facts, shared_size=int(shared))}


def _next_plain(raw: Raw) -> dict[str, Any]:
    return {**_NEXT, **raw}


def _next_from_hf(raw: Raw) -> Fields:
    fields = _from_hf(raw)
    experts = replace(fields["experts"], renormalised=bool(raw.get("norm_topk_prob", True)))
    sizes = fields["recurrent"] and replace(fields["recurrent"], joined=True, joined_gates=True)
    return {**fields, "experts": experts, "recurrent": sizes, "layers": with_perceptrons(raw, fields["layers"])}


def _next_from_gguf(facts: GgufFacts) -> Fields:
    fields, joined = _from_gguf(facts), any(name.endswith(".ssm_in.weight") for name in facts.tensors)
    sizes = fields["recurrent"] and replace(fields["recurrent"], tiled=False, joined=joined, joined_gates=True)
    return {**fields, "recurrent": sizes}


ARCHITECTURES = (
    Architecture(
        "qwen35moe",
        "Qwen3.5 MoE",
        ("qwen3_5_moe", "qwen3_5_moe_text"),
        _from_hf,
        _from_gguf,
        _plain,
        partial_rotary=True,
    ),
    Architecture(
        "qwen3next", "Qwen3-Next", ("qwen3_next",), _next_from_hf, _next_from_gguf, _next_plain, partial_rotary=True
    ),
)
