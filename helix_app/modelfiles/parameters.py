"""How many numbers a model has, from its description alone."""

from __future__ import annotations

from helix_app.modelfiles.config import ModelConfig


def parameter_count(config: ModelConfig) -> int:
    """Numbers in matrices and tables; norms and biases, a thousandth of them, are left out."""
    q, kv = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    layer = config.hidden_size * (2 * q + 2 * kv + 3 * config.intermediate_size)
    tables = config.vocab_size * config.hidden_size * (1 if config.tied_embeddings else 2)
    return config.num_layers * layer + tables
