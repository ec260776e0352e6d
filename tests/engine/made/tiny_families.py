"""Tiny models of families with experts, and others: their shapes, and what llama.cpp's converter makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gguf
import numpy as np
import torch

from tests.engine.made import tiny_recurrent

_EXPERTS = {"num_experts": 6, "num_experts_per_tok": 3, "moe_intermediate_size": 32, "norm_topk_prob": True}
_SHARED = {**_EXPERTS, "norm_topk_prob": False, "shared_expert_intermediate_size": 64}
_GPT_OSS = {
    "num_local_experts": 6,
    "num_experts_per_tok": 2,
    "intermediate_size": 32,
    "sliding_window": 24,
    "head_dim": 32,
    "rope_parameters": {
        "rope_type": "yarn",
        "rope_theta": 500.0,
        "factor": 4.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": False,
        "original_max_position_embeddings": 64,
    },
}
_MINISTRAL = {
    "rope_parameters": {
        "rope_type": "yarn",
        "rope_theta": 500.0,
        "factor": 4.0,
        "original_max_position_embeddings": 64,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": 1.2,
    },
}
EXPERTS: dict[str, dict[str, Any]] = {
    "qwen3_moe": _EXPERTS,
    "qwen2_moe": _SHARED,
    "gpt_oss": _GPT_OSS,
    "qwen3_5_moe": tiny_recurrent.EXPERTS,
    "qwen3_next": {**tiny_recurrent.EXPERTS, "norm_topk_prob": True},
}
OF_FAMILY: dict[str, dict[str, Any]] = {**EXPERTS, "ministral3": _MINISTRAL}
# name -> (family, differences from the basic shape)
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen3_moe": ("qwen3_moe", {"head_dim": 24}),
    "qwen3_moe-loopy": ("qwen3_moe", {"head_dim": 32}),
    "qwen3_moe-window": ("qwen3_moe", {"use_sliding_window": True, "sliding_window": 24, "norm_topk_prob": False}),
    "qwen3_moe-window-dense": (
        "qwen3_moe",
        {"use_sliding_window": True, "sliding_window": 24, "mlp_only_layers": [0], "num_hidden_layers": 3},
    ),
    "qwen2_moe": ("qwen2_moe", {"tie_word_embeddings": False}),
    "qwen2_moe-loopy": ("qwen2_moe", {}),
    "gpt_oss": ("gpt_oss", {"num_hidden_layers": 3, "num_key_value_heads": 1, "head_dim": 16}),
    "gpt_oss-loopy": ("gpt_oss", {}),
    "ministral3": ("ministral3", {"head_dim": 16}),
    "ministral3-loopy": ("ministral3", {"head_dim": 32}),
}
ARCHITECTURES = {"qwen3_moe": "qwen3moe", "qwen2_moe": "qwen2moe", "gpt_oss": "gpt-oss", "ministral3": "mistral3"}
_NAMES = {
    "mlp.gate": "ffn_gate_inp",
    "mlp.router": "ffn_gate_inp",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
}
_VECTORS = ("ffn_gate_inp", "ffn_gate_inp_shexp")  # that converters leave in float32


def write_own(writer: gguf.GGUFWriter, config: Any) -> None:
    """What a header says of experts, or of how queries grow."""
    if config.model_type == "ministral3":
        writer.add_rope_scaling_yarn_log_mul(config.rope_parameters["mscale_all_dim"])
        writer.add_attn_temperature_scale(config.rope_parameters["llama_4_scaling_beta"])
    if config.model_type.removesuffix("_text") not in EXPERTS:
        return
    writer.add_expert_count(config.num_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_expert_feed_forward_length(getattr(config, "moe_intermediate_size", config.intermediate_size))
    if config.model_type == "gpt_oss":
        writer.add_sliding_window(config.sliding_window)
    if hasattr(config, "shared_expert_intermediate_size"):
        writer.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)


def own_tensors(key: str, weight: torch.Tensor, arch: str) -> Iterator[tuple[str, np.ndarray[Any, Any], bool]]:
    """What becomes of a weight of transformers in a file, name, numbers and whether they are quantised; nothing for one
    that is as in other models."""
    _, _, layer, rest = [*key.split(".", 3), "", "", "", ""][:4]
    stem, _, kind = rest.rpartition(".")
    array, block = weight.numpy(), f"blk.{layer}"
    if rest.startswith("mlp.experts."):
        name, bias = rest.rpartition(".")[2].removesuffix("_bias"), rest.endswith("_bias")
        kind = "bias" if bias else "weight"
        by_turns = arch == "gpt-oss"
        array = array.swapaxes(1, 2) if by_turns and not bias else array
        if name == "down_proj":
            yield f"{block}.ffn_down_exps.{kind}", array, not bias
        else:
            gate, up = (array[:, ::2], array[:, 1::2]) if by_turns else np.split(array, 2, axis=1)
            yield f"{block}.ffn_gate_exps.{kind}", gate, not bias
            yield f"{block}.ffn_up_exps.{kind}", up, not bias
    elif stem in _NAMES:
        yield f"{block}.{_NAMES[stem]}.{kind}", array, _NAMES[stem] not in _VECTORS
    elif rest == "self_attn.sinks":
        yield f"{block}.attn_sinks.weight", array, False
    elif arch == "gpt-oss" and stem == "post_attention_layernorm":
        yield f"{block}.post_attention_norm.weight", array, False


def inputs(weight: torch.Tensor) -> int:
    """How many numbers a random weight's products add up."""
    return int(weight.shape[1]) if weight.ndim > 1 else 1
