"""Rotary scalings of tiny models, as a ``config.json`` has them."""

from __future__ import annotations

import math
from typing import Any

import gguf
import numpy as np
import torch

ROPES: dict[str, dict[str, Any]] = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
    "yarn-mscale": {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 64,
        "beta_fast": 16.0,
        "beta_slow": 2.0,
        "mscale": 0.8,
        "mscale_all_dim": 0.5,
        "truncate": False,
    },
}


def rope_parameters(config: Any) -> dict[str, Any]:
    """Of layers without a window."""
    return config.rope_parameters.get("full_attention", config.rope_parameters)


def write_rope(writer: gguf.GGUFWriter, config: Any, head_dim: int) -> None:
    """What the converter writes of a rotary scaling."""
    params = rope_parameters(config)
    kind = params["rope_type"]
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(params["factor"])
    if kind == "longrope":
        factor = config.max_position_embeddings / params["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(params["original_max_position_embeddings"])
        writer.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(factor) / math.log(params["original_max_position_embeddings"]))
        )
        for name in ("short", "long"):
            factors = np.array(params[f"{name}_factor"], dtype=np.float32)
            writer.add_tensor(f"rope_factors_{name}.weight", factors)
    if kind == "yarn":
        writer.add_rope_scaling_orig_ctx_len(params["original_max_position_embeddings"])
    if kind == "llama3":  # the converter writes the divisor of each frequency
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        plain = params["rope_theta"] ** -(torch.arange(0, head_dim, 2) / head_dim)
        scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
        writer.add_tensor("rope_freqs.weight", (plain / scaled).numpy().astype(np.float32))
