"""How many numbers a model has, from its description alone."""

from __future__ import annotations

from dataclasses import replace

from helix_app.modelfiles.config import ModelConfig


def parameter_count(config: ModelConfig) -> int:
    """Numbers in matrices and tables; norms and biases, a thousandth of them, are left out."""
    tables = config.vocab_size * config.hidden_size * (1 if config.tied_embeddings else 2)
    inputs = config.token_inputs
    if inputs is not None:
        tables += config.num_layers * inputs.size * (inputs.vocab_size + config.hidden_size)
    return tables + sum(layer_numbers(config, i) for i in range(config.num_layers))


def layer_numbers(config: ModelConfig, index: int) -> int:
    """Numbers in the matrices of a layer."""
    heads, layer, hidden = config.heads(index), config.layer(index), config.hidden_size
    if layer.recurrent and config.recurrent is not None:
        sizes = config.recurrent
        return hidden * (sizes.channels + 2 * sizes.inner + _inner(config, index))
    own = 0 if layer.shares is not None else 1 if layer.keys_as_values else 2  # keys, values
    inputs = config.token_inputs.size if config.token_inputs is not None else 0
    queries = (2 + config.gated_attention) * heads.queries
    rows = (queries + own * heads.kv) * heads.dim + _inner(config, index) + 2 * inputs
    return hidden * rows


def read_count(config: ModelConfig) -> int:
    """Of these, how many a row reads: of experts those that it is given to."""
    return parameter_count(replace(config, intermediate_size=config.active_size, experts=None))


def _inner(config: ModelConfig, index: int) -> int:
    """Rows of a feed-forward half's matrices, over ``hidden_size``."""
    one, dense = config.experts_of(index), 3 * config.inner_size(index)
    if one is None:
        return dense
    beside = dense if one.beside else 0
    return beside + 3 * (one.count * one.size + one.shared_size) + one.count + (one.shared_size > 0)
