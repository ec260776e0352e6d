"""Qwen2 and Qwen3 as mixtures of experts.

Sources: transformers, ``Qwen2MoeConfig`` and ``Qwen3MoeConfig``; llama.cpp, ``models/qwen2moe.cpp`` and
``models/qwen3moe.cpp``, which renormalise the weights of Qwen3's experts and never those of Qwen2's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import Architecture, Fields, GgufFacts, Raw, windowed
from helix_app.modelfiles.config import Experts, Layer


def experts_hf(raw: Raw, **others: Any) -> Experts:
    """Those of a ``config.json``."""
    count = raw.get("num_experts") or raw["num_local_experts"]
    return Experts(int(count), int(raw["num_experts_per_tok"]), int(raw["moe_intermediate_size"]), **others)


def experts_gguf(facts: GgufFacts, **others: Any) -> Experts:
    """Those of a GGUF header (llama.cpp, ``LLM_KV_EXPERT_*``)."""
    count, used = int(facts.get("expert_count", 0)), int(facts.get("expert_used_count", 0))
    if float(facts.get("expert_weights_scale") or 1.0) != 1.0:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_expert_scales"))
    size = facts.get("expert_feed_forward_length") or facts.get("feed_forward_length", 0) // max(used, 1)
    return Experts(count, used, int(size), **others)


def with_perceptrons(raw: Raw, windows: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers of a ``config.json``: every so many of them have experts, and none of those that are named."""
    step, plain = int(raw.get("decoder_sparse_step") or 1), set(raw.get("mlp_only_layers") or ())
    layers = windows or (Layer(),) * int(raw["num_hidden_layers"])
    found = tuple(replace(one, dense=i in plain or bool((i + 1) % step)) for i, one in enumerate(layers))
    return found if any(one != Layer() for one in found) else ()


def _qwen3_moe_hf(raw: Raw) -> Fields:
    window = int(raw.get("sliding_window") or 0) if raw.get("use_sliding_window") else 0
    windows = (Layer(window=window),) * int(raw["num_hidden_layers"]) if window else ()
    experts = experts_hf(raw, renormalised=bool(raw.get("norm_topk_prob", False)))
    return {"qk_norm": True, "mlp_bias": False, "experts": experts, "layers": with_perceptrons(raw, windows)}


def _qwen3_moe_gguf(facts: GgufFacts) -> Fields:
    return {"qk_norm": True, "experts": experts_gguf(facts, renormalised=bool(facts.get("expert_weights_norm", True)))}


def _qwen2_moe_hf(raw: Raw) -> Fields:
    window, first = raw.get("sliding_window", 4096), int(raw.get("max_window_layers") or 28)
    windows = windowed(raw, window if raw.get("use_sliding_window") else None, lambda i: i % 2 == 0 and i < first)
    shared = int(raw.get("shared_expert_intermediate_size") or 5632)
    experts = experts_hf(raw, renormalised=bool(raw.get("norm_topk_prob", False)), shared_size=shared)
    biases = {"qkv_bias": bool(raw.get("qkv_bias", True)), "out_bias": False, "mlp_bias": False}
    return {**biases, "experts": experts, "layers": with_perceptrons(raw, windows)}


def _qwen2_moe_gguf(facts: GgufFacts) -> Fields:
    shared = facts.get("expert_shared_feed_forward_length") or facts.get("feed_forward_length", 0)
    renormalised = bool(facts.get("expert_weights_norm", False))
    return {"experts": experts_gguf(facts, renormalised=renormalised, shared_size=int(shared))}


ARCHITECTURES = (
    Architecture("qwen2moe", "Qwen2 MoE", ("qwen2_moe",), _qwen2_moe_hf, _qwen2_moe_gguf),
    Architecture("qwen3moe", "Qwen3 MoE", ("qwen3_moe",), _qwen3_moe_hf, _qwen3_moe_gguf),
)
