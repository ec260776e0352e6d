"""Which models have a layer that drafts (multi-token prediction), and what is its own.

Sources: llama.cpp, ``LLM_KV_NEXTN_PREDICT_LAYERS`` and ``load_block_mtp`` of ``src/models/qwen35.cpp``: blocks behind
the last layer count for ``block_count``, and what is not there of embeddings, norm and head is the target's; vLLM,
``qwen3_next_mtp.py``, for names of safetensors. Which hidden state it takes: after the final norm for Qwen3-Next and
Qwen3.5 (llama.cpp, pull request 24025), before it for the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from helix_app.modelfiles.config import Layer, ModelConfig, NextToken

_NORMED = ("qwen3next", "qwen35", "qwen35moe")  # by their names in GGUF files
_COUNTS = ("mtp_num_hidden_layers", "num_nextn_predict_layers")
_UNCOUNTED = ("qwen3_next",)  # whose config.json says nothing of it


def with_next_token_of_gguf(config: ModelConfig, tensors: Collection[str]) -> ModelConfig:
    """The same with the layer behind its last one, if the file has it and did not lose it when it was quantised."""
    block = f"blk.{config.num_layers}."
    own, attention = f"{block}nextn.", f"{block}attn_q.weight"
    if f"{own}eh_proj.weight" not in tensors or attention not in tensors:
        return config
    return _with(
        config,
        dense=f"{block}ffn_gate_inp.weight" not in tensors,
        own_embeddings=f"{own}embed_tokens.weight" in tensors,
        own_norm=f"{own}shared_head_norm.weight" in tensors,
        own_head=f"{own}shared_head_head.weight" in tensors,
    )


def may_have_next_token(raw: Mapping[str, Any]) -> bool:
    """Whether a ``config.json`` speaks of such a layer, so that its weights are worth a look."""
    text = raw.get("text_config")
    parts = [raw, text] if isinstance(text, Mapping) else [raw]
    return any(part.get("model_type") in _UNCOUNTED or any(part.get(key) for key in _COUNTS) for part in parts)


def with_next_token_of_folder(config: ModelConfig, tensors: Collection[str]) -> ModelConfig:
    """The same with the layer of a folder's ``mtp`` tensors, if there are any."""
    if "mtp.fc.weight" not in tensors:
        return config
    return _with(
        config,
        dense="mtp.layers.0.mlp.gate.weight" not in tensors,
        own_embeddings="mtp.embed_tokens.weight" in tensors,
        own_norm="mtp.norm.weight" in tensors,
        own_head="mtp.lm_head.weight" in tensors,
    )


def _with(config: ModelConfig, *, dense: bool, own_embeddings: bool, own_norm: bool, own_head: bool) -> ModelConfig:
    """A model whose layers norm or scale what they add is not known to have such a layer, nor how it would be.

    Args:
        dense: the layer has no experts, whatever the others have.
    """
    unknown = config.post_norms or config.residual_scale != 1.0 or not config.is_even or config.sinks
    if unknown or config.temperature is not None:
        return config
    layer = Layer(dense=dense and config.experts is not None)
    own = NextToken(layer, config.architecture in _NORMED, own_embeddings, own_norm, own_head)
    return replace(config, next_token=own)
