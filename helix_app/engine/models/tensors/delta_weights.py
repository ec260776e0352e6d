"""The tensors of recurrent layers by role, in both file formats.

Sources: transformers' ``Qwen3_5GatedDeltaNet``; llama.cpp's converter (``conversion/qwen.py``: ``Qwen3NextModel`` and
``_LinearAttentionVReorderBase``), which writes ``-exp(A_log)``, drops the middle of the convolution's shape and tiles
the value heads, and its ``src/models/qwen35.cpp`` for names. Unlike the other norms this one has no offset.

Files of Qwen3-Next hold some of them as one, the rows of each key head together: what makes queries, keys, values and
output gates (``Qwen3NextGatedDeltaNet.fix_query_key_value_ordering``; ``ssm_in`` in older GGUF files), and rates and
speeds (``ssm_ba``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
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
    # of several
    "delta_all": ("blk.{i}.ssm_in.weight", "model.layers.{i}.linear_attn.in_proj_qkvz.weight"),
    "delta_both": ("blk.{i}.ssm_ba.weight", "model.layers.{i}.linear_attn.in_proj_ba.weight"),
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
        "delta_all": (sizes.channels + sizes.inner, hidden),
        "delta_both": (2 * heads, hidden),
    }


def whole_of(sizes: Recurrent | None, role: str) -> str:
    """The role of the matrix that a file holds this one in: itself where it stands alone."""
    if sizes is not None and sizes.joined and role in ("delta_qkv", "delta_gate"):
        return "delta_all"
    return "delta_both" if sizes is not None and sizes.joined_gates and role in GATES else role


def rows_of(sizes: Recurrent, role: str) -> npt.NDArray[np.int64] | None:
    """Which rows of that matrix are this one; None where it stands alone."""
    whole = whole_of(sizes, role)
    if whole == role:
        return None
    keys, each = sizes.key_dim, sizes.value_heads // sizes.key_heads
    values = each * sizes.value_dim
    parts = (keys, keys, values, values) if whole == "delta_all" else (each, each)
    wanted = {"delta_qkv": (0, 1, 2), "delta_gate": (3,), "delta_rate": (0,), "delta_speed": (1,)}[role]
    rows = np.arange(sizes.key_heads * sum(parts)).reshape(sizes.key_heads, -1)
    pieces = np.split(rows, np.cumsum(parts)[:-1], axis=1)
    return np.concatenate([pieces[i].reshape(-1) for i in wanted])


def as_converted(role: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of a safetensors file as the converter would write it, but for the order of heads."""
    if role == "delta_decay":
        return -tensor.float().exp()
    return tensor.squeeze(1) if role == "delta_conv" and tensor.ndim == 3 else tensor
