"""Models of experts as transformers describes and holds them, for arms that run them there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from helix_app.engine.models.tensors.weights import WeightSource, safetensors_name
from helix_app.modelfiles.config import ModelConfig

KINDS = {"qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "gpt-oss": "gpt_oss"}
_SHARED = ("shared_gate", "shared_up", "shared_down", "shared_scale")


def described(config: ModelConfig) -> dict[str, Any]:
    """What a configuration of transformers says of experts; nothing for a model that has none."""
    one = config.experts
    if one is None:
        return {}
    size = "intermediate_size" if one.biased else "moe_intermediate_size"
    found: dict[str, Any] = {"num_experts": one.count, "num_experts_per_tok": one.used, size: one.size}
    if one.biased:
        return found
    plain = [i for i in range(config.num_layers) if config.layer(i).dense]
    found |= {"norm_topk_prob": one.renormalised, "mlp_only_layers": plain, "qkv_bias": config.qkv_bias}
    return {**found, **({"shared_expert_intermediate_size": one.shared_size} if one.shared_size else {})}


def tensors_of(config: ModelConfig, source: WeightSource, layer: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of a layer's experts, router and sinks among them."""
    if config.sinks:
        yield safetensors_name(config, "sinks", layer), source.get("sinks", layer=layer)
    one = config.experts_of(layer)
    if one is None:
        return
    for kind in ("weight", "bias") if one.biased else ("weight",):
        yield safetensors_name(config, "router", layer, kind), source.get("router", kind, layer)
        for role, name in (("expert_gate_up", "gate_up_proj"), ("expert_down", "down_proj")):
            whole = torch.stack([source.expert(role, layer, index, kind) for index in range(one.count)])
            if one.biased:  # gpt-oss: gate and up by turns, matrices transposed
                whole = torch.stack(whole.chunk(2, dim=1), dim=2).flatten(1, 2) if role == "expert_gate_up" else whole
                whole = whole.transpose(1, 2) if kind == "weight" else whole
            suffix = "_bias" if kind == "bias" else ""
            yield f"model.layers.{layer}.mlp.experts.{name}{suffix}", whole
    for role in _SHARED if one.shared_size else ():
        yield safetensors_name(config, role, layer), source.get(role, layer=layer)
