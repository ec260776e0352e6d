"""What llama.cpp calls the weights of transformers, and the way back; and how it stores them."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np

from tests.engine.made import tiny_gemma4

_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.qkv_proj": "attn_qkv",
    "mlp.gate_up_proj": "ffn_up",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "layer_scalar": "layer_output_scale",
}


_GEMMA_NAMES = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def gguf_name(key: str, arch: str = "llama") -> str:
    """What llama.cpp calls a weight of transformers."""
    stem, kind = key.rsplit(".", 1)
    if stem.startswith("model.layers."):
        _, _, layer, rest = stem.split(".", 3)
        names = _NAMES | {"gemma3": _GEMMA_NAMES, "gemma4": tiny_gemma4.NAMES}.get(arch, {})
        return f"blk.{layer}.{names[rest]}.{kind}"
    return f"{(_NAMES | tiny_gemma4.NAMES)[stem]}.{kind}"


def from_gguf_name(key: str) -> str:
    """The way back."""
    back = {short: long for long, short in _NAMES.items()}
    stem, kind = key.rsplit(".", 1)
    if stem.startswith("blk."):
        _, layer, rest = stem.split(".", 2)
        return f"model.layers.{layer}.{back[rest]}.{kind}"
    return f"{back[stem]}.{kind}"


def as_stored(array: np.ndarray, kind: gguf.GGMLQuantizationType | None) -> dict[str, Any]:
    """What ``GGUFWriter.add_tensor`` takes beside a name; None for numbers as they are."""
    data = array.copy() if kind is None else gguf.quantize(np.ascontiguousarray(array), kind)
    return {"tensor": data, "raw_dtype": kind}


def permuted(array: np.ndarray, heads: int) -> np.ndarray:
    """Interleave the rotary halves of each head's rows (llama.cpp, ``LlamaModel.permute``)."""
    half = array.shape[0] // heads // 2
    return array.reshape(heads, 2, half, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
