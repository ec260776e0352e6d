"""The tensors of recurrent layers by role, in both file formats.

Sources: transformers' ``Qwen3_5GatedDeltaNet``; llama.cpp's converter (``conversion/qwen.py``: ``Qwen3NextModel`` and
``_LinearAttentionVReorderBase``), which writes ``-exp(A_log)``, drops the middle of the convolution's shape and tiles
the value heads, and its ``src/models/qwen35.cpp`` for names. Unlike the other norms this one has no offset.
"""

from __future__ import annotations

import torch

from helix_app.modelfiles.config import Recurrent

# role -> (name in GGUF, name in safetensors), whole; {i} is the layer
NAMES = {
    "delta_qkv": ("blk.{i}.attn_qkv.weight", "model.layers.{i}.linear_attn.in_proj_qkv.weight"),
    "delta_gate": ("blk.{i}.attn_gate.weight", "model.layers.{i}.linear_attn.in_proj_z.weight"),
    "delta_rate": ("blk.{i}.ssm_beta.weight", "model.layers.{i}.linear_attn.in_proj_b.weight"),
    "delta_speed": ("blk.{i}.ssm_alpha.weight", "model.layers.{i}.linear_attn.in_proj_a.weight"),
    "delta_conv": ("blk.{i}.ssm_conv1d.weight", "model.layers.{i}.linear_attn.conv1d.weight"),
    "delta_decay": ("blk.{i}.ssm_a", "model.layers.{i}.linear_attn.A_log"),
    "delta_bias": ("blk.{i}.ssm_dt.bias", "model.layers.{i}.linear_attn.dt_bias"),
    "delta_gain": ("blk.{i}.ssm_norm.weight", "model.layers.{i}.linear_attn.norm.weight"),
    "delta_out": ("blk.{i}.ssm_out.weight", "model.layers.{i}.linear_attn.out_proj.weight"),
}
MATRICES = ("delta_qkv", "delta_gate", "delta_out")  # those in the model's number format
GATES = ("delta_rate", "delta_speed")
VECTORS = ("delta_conv", "delta_decay", "delta_bias", "delta_gain")  # those in float32


def delta_shapes(sizes: Recurrent, hidden: int) -> dict[str, tuple[int, ...]]:
    """The shape of each role."""
    heads = sizes.value_heads
    return {
        "delta_qkv": (sizes.channels, hidden),
        "delta_gate": (sizes.inner, hidden),
        "delta_rate": (heads, hidden),
        "delta_speed": (heads, hidden),
        "delta_conv": (sizes.channels, sizes.kernel),
        "delta_decay": (heads,),
        "delta_bias": (heads,),
        "delta_gain": (sizes.value_dim,),
        "delta_out": (hidden, sizes.inner),
    }


def as_converted(role: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of a safetensors file as the converter would write it, but for the order of heads."""
    if role == "delta_decay":
        return -tensor.float().exp()
    return tensor.squeeze(1) if role == "delta_conv" and tensor.ndim == 3 else tensor
