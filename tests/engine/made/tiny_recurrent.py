"""Tiny random models with recurrent layers: their shapes, weights, and how llama.cpp's converter writes them."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import torch

from tests.engine.made.gguf_names import gguf_name

FAMILY = "qwen35"
# family -> what transformers and llama.cpp call it
KINDS = {FAMILY: "qwen3_5_text", "qwen3_5_moe": "qwen3_5_moe_text", "qwen3_next": "qwen3_next"}
ARCHITECTURES = {"qwen3_5_text": FAMILY, "qwen3_5_moe_text": "qwen35moe", "qwen3_next": "qwen3next"}
BASIC: dict[str, Any] = {
    "head_dim": 24,
    "num_hidden_layers": 4,
    "layer_types": ["linear_attention", "full_attention", "linear_attention", "linear_attention"],
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 16,
    "linear_conv_kernel_dim": 4,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5},
}
EXPERTS: dict[str, Any] = {
    **BASIC,
    "num_hidden_layers": 3,
    "layer_types": ["linear_attention", "full_attention", "linear_attention"],
    "num_experts": 6,
    "num_experts_per_tok": 3,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 64,
}
_TWO_LAYERS = {"num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen35": (FAMILY, {}),
    "qwen35-tied": (FAMILY, {"tie_word_embeddings": True, "linear_num_value_heads": 2, "linear_conv_kernel_dim": 2}),
    "qwen35-loopy": (FAMILY, {"linear_num_value_heads": 6}),
    # heads of sizes that packed kernels take
    "qwen35-blocks-loopy": (FAMILY, {"head_dim": 32, "linear_num_value_heads": 6}),
    "qwen35-blocks-loopy-tied": (FAMILY, {"head_dim": 32, "tie_word_embeddings": True, "linear_value_head_dim": 32}),
    "qwen3_5_moe": ("qwen3_5_moe", {}),
    "qwen3_5_moe-loopy": ("qwen3_5_moe", {**_TWO_LAYERS, "head_dim": 32}),
    "qwen3_next": ("qwen3_next", {}),
    "qwen3_next-loopy": ("qwen3_next", {**_TWO_LAYERS, "linear_num_value_heads": 2}),
}
_NAMES = {
    "linear_attn.in_proj_qkv.weight": "attn_qkv.weight",
    "linear_attn.in_proj_z.weight": "attn_gate.weight",
    "linear_attn.in_proj_b.weight": "ssm_beta.weight",
    "linear_attn.in_proj_a.weight": "ssm_alpha.weight",
    "linear_attn.in_proj_ba.weight": "ssm_ba.weight",
    "linear_attn.conv1d.weight": "ssm_conv1d.weight",
    "linear_attn.A_log": "ssm_a",
    "linear_attn.dt_bias": "ssm_dt.bias",
    "linear_attn.norm.weight": "ssm_norm.weight",
    "linear_attn.out_proj.weight": "ssm_out.weight",
    "post_attention_layernorm.weight": "post_attention_norm.weight",
}


def initial(key: str, noise: torch.Tensor) -> torch.Tensor | None:
    """A random weight that is made otherwise than the rest; None for the rest."""
    if key.endswith("linear_attn.norm.weight"):
        return 0.2 * noise + 1.0
    if key.endswith("A_log"):
        return 0.5 * noise - 1.0
    if key.endswith("dt_bias"):
        return noise
    if any(f"in_proj_{name}." in key for name in ("a", "b", "ba")):
        return 0.3 * noise / noise.shape[1] ** 0.5
    return 0.5 * noise if "conv1d" in key else None


def name_of(key: str, arch: str) -> str:
    """What the converter calls a weight of transformers."""
    if arch in ARCHITECTURES.values() and key.startswith("model.layers."):
        _, _, layer, rest = key.split(".", 3)
        if rest in _NAMES:
            return f"blk.{layer}.{_NAMES[rest]}"
    return gguf_name(key, arch)


def tensors_of(key: str, array: np.ndarray, config: Any) -> dict[str, np.ndarray]:
    """What the converter writes of a weight, by name."""
    arch = ARCHITECTURES[config.model_type]
    if "in_proj_qkvz" not in key:
        return {name_of(key, arch): converted(key, array, config)}
    keys, times = config.linear_num_key_heads, config.linear_num_value_heads // config.linear_num_key_heads
    sizes = [config.linear_key_head_dim] * 2 + [times * config.linear_value_head_dim] * 2
    parts = np.split(array.reshape(keys, sum(sizes), -1), np.cumsum(sizes)[:-1], axis=1)
    *mixed, gates = (part.reshape(-1, array.shape[1]) for part in parts)
    block = f"blk.{key.split('.')[2]}"
    return {f"{block}.attn_qkv.weight": np.concatenate(mixed), f"{block}.attn_gate.weight": gates}


def converted(key: str, array: np.ndarray, config: Any) -> np.ndarray:
    """A weight as the converter writes it (``conversion/qwen.py``)."""
    keys, width = config.linear_num_key_heads, config.linear_value_head_dim
    times, mixed = config.linear_num_value_heads // keys, 2 * keys * config.linear_key_head_dim

    def tiled(part: np.ndarray, size: int) -> np.ndarray:
        """Value heads, grouped by key head, in the order in which key heads repeat."""
        if config.model_type == "qwen3_next":  # whose order stays
            return part
        return part.reshape(keys, times, size, *part.shape[1:]).swapaxes(0, 1).reshape(part.shape)

    name = key.rpartition("linear_attn.")[2]
    if name == "A_log":
        return tiled(-np.exp(array), 1)
    if name in ("dt_bias", "in_proj_a.weight", "in_proj_b.weight"):
        return tiled(array, 1)
    if name in ("in_proj_qkv.weight", "conv1d.weight"):
        array = array.reshape(array.shape[0], -1)
        return np.concatenate((array[:mixed], tiled(array[mixed:], width)))
    if name == "in_proj_z.weight":
        return tiled(array, width)
    if name == "out_proj.weight":
        return tiled(array.T, width).T
    return array if key.endswith("linear_attn.norm.weight") or "norm" not in key else array + 1


def write_own(writer: gguf.GGUFWriter, config: Any) -> None:
    """The metadata of this family."""
    writer.add_ssm_conv_kernel(config.linear_conv_kernel_dim)
    writer.add_ssm_state_size(config.linear_key_head_dim)
    writer.add_ssm_group_count(config.linear_num_key_heads)
    writer.add_ssm_time_step_rank(config.linear_num_value_heads)
    writer.add_ssm_inner_size(config.linear_value_head_dim * config.linear_num_value_heads)
    if config.model_type == KINDS[FAMILY]:
        writer.add_array("qwen35.attention.recurrent_layers", [kind != "full_attention" for kind in config.layer_types])
    else:
        writer.add_full_attention_interval(config.layer_types.index("full_attention") + 1)
