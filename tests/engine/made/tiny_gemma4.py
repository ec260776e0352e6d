"""Tiny Gemma 4 models: what ``tiny.py`` asks about their shapes, and what llama.cpp's converter writes of them."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import torch

VOCAB = 300  # of ``tiny.py``
_SLIDING, _FULL = "sliding_attention", "full_attention"
_SMALL = {
    "head_dim": 16,
    "global_head_dim": 32,
    "sliding_window": 24,
    "tie_word_embeddings": True,
    "vocab_size_per_layer_input": VOCAB,
    "final_logit_softcapping": 30.0,
    "rope_parameters": {
        _SLIDING: {"rope_type": "default", "rope_theta": 300.0},
        _FULL: {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 5000.0},
    },
}
# as the E models are: inputs of the token, keys and values shared with the last own layers, and wide layers that do
_SHARED = {
    "num_hidden_layers": 7,
    "layer_types": [_SLIDING, _SLIDING, _FULL, _SLIDING, _FULL, _SLIDING, _FULL],
    "num_kv_shared_layers": 3,
    "num_key_value_heads": 1,
    "hidden_size_per_layer_input": 32,
    "use_double_wide_mlp": True,
}
# as the dense larger ones are: values of the keys, and other numbers of heads, in layers that see all tokens
_ALIKE = {
    "num_hidden_layers": 5,
    "layer_types": [_SLIDING, _SLIDING, _FULL, _SLIDING, _FULL],
    "num_kv_shared_layers": 0,
    "num_key_value_heads": 4,
    "num_global_key_value_heads": 1,
    "attention_k_eq_v": True,
    "hidden_size_per_layer_input": 0,
}
# as the one with experts is: these beside the perceptron of each layer
_EXPERTS = {"enable_moe_block": True, "num_experts": 6, "top_k_experts": 3, "moe_intermediate_size": 32}
_FEW = {"num_hidden_layers": 3, "layer_types": [_SLIDING, _FULL, _FULL]}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "gemma4": ("gemma4", {**_SMALL, **_ALIKE}),
    "gemma4-loopy": ("gemma4", {**_SMALL, **_SHARED}),
    "gemma4_moe": ("gemma4_moe", {**_SMALL, **_ALIKE, **_EXPERTS}),
    "gemma4_moe-loopy": ("gemma4_moe", {**_SMALL, **_ALIKE, **_EXPERTS, **_FEW}),
}
KINDS = {"gemma4": "gemma4_text", "gemma4_moe": "gemma4_text"}  # as transformers calls them
NAMES = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "post_feedforward_layernorm_1": "post_ffw_norm_1",
    "post_feedforward_layernorm_2": "post_ffw_norm_2",
    "pre_feedforward_layernorm_2": "pre_ffw_norm_2",
    "router": "ffn_gate_inp",
    "router.proj": "ffn_gate_inp",
    "experts.gate_up_proj": "ffn_gate_up_exps",
    "experts.down_proj": "ffn_down_exps",
    "per_layer_input_gate": "inp_gate",
    "per_layer_projection": "proj",
    "post_per_layer_input_norm": "post_norm",
    "model.embed_tokens_per_layer": "per_layer_token_embd",
    "model.per_layer_model_projection": "per_layer_model_proj",
    "model.per_layer_projection_norm": "per_layer_proj_norm",
}


def scale_layers(model: Any, generator: torch.Generator) -> None:
    """Give each layer a scale of its own."""
    for layer in model.model.layers:
        layer.layer_scalar.copy_(0.7 + 0.5 * torch.rand(1, generator=generator))


def tensor_name(key: str) -> str:
    """A key of the model's state as the converter takes it: scales and matrices of experts get a kind."""
    if key.endswith("router.per_expert_scale"):
        return key.replace("router.per_expert_scale", "experts.down_proj.scale")
    bare = key.endswith("layer_scalar") or (".layers." in key and key.endswith((".gate_up_proj", ".down_proj")))
    return f"{key}.weight" if bare else key


def write_own(writer: gguf.GGUFWriter, config: Any) -> None:
    """Metadata and tensor that are this family's (``Gemma4Model`` of convert_hf_to_gguf.py)."""
    sliding = [kind == _SLIDING for kind in config.layer_types]
    first = config.num_hidden_layers - config.num_kv_shared_layers
    writer.add_sliding_window(config.sliding_window)
    writer.add_shared_kv_layers(config.num_kv_shared_layers)
    writer.add_embedding_length_per_layer_input(config.hidden_size_per_layer_input)
    writer.add_sliding_window_pattern(sliding)
    writer.add_final_logit_softcapping(config.final_logit_softcapping)
    writer.add_key_length_swa(config.head_dim)
    writer.add_value_length_swa(config.head_dim)
    writer.add_rope_dimension_count_swa(config.head_dim)
    writer.add_float32("gemma4.rope.freq_base_swa", config.rope_parameters[_SLIDING]["rope_theta"])
    if config.enable_moe_block:
        writer.add_expert_count(config.num_experts)
        writer.add_expert_used_count(config.top_k_experts)
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    inner = config.intermediate_size
    if config.use_double_wide_mlp:
        writer.add_feed_forward_length([inner if i < first else 2 * inner for i in range(len(sliding))])
    else:
        writer.add_feed_forward_length(inner)
    if config.num_global_key_value_heads is not None:
        counts = config.num_key_value_heads, config.num_global_key_value_heads
        writer.add_head_count_kv([counts[0] if slides else counts[1] for slides in sliding])
    else:
        writer.add_head_count_kv(config.num_key_value_heads)
    full = config.rope_parameters[_FULL]
    turned = int(config.global_head_dim * full["partial_rotary_factor"] / 2)
    values = [1.0] * turned + [1e30] * (config.global_head_dim // 2 - turned)
    writer.add_tensor("rope_freqs.weight", np.array(values, dtype=np.float32))
