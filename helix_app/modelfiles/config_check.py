"""Whether the numbers of a description can make a decoder."""

from __future__ import annotations

import math

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.config import ModelConfig, Rotary

# what reading a description may raise that makes no sense: entries of other kinds, sizes of 0 or beyond all numbers
NONSENSE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def check(config: ModelConfig, path: str) -> None:
    """Raise ModelFileError when these numbers cannot make a decoder."""
    for name, value in _sizes(config).items():
        if not 0 < value < 2**31:
            raise _unfit(path, "size_is", name=name, value=value)
    if config.experts is not None and config.experts.used > config.experts.count:
        raise _unfit(path, "experts_over", used=config.experts.used, count=config.experts.count)
    if config.num_heads % config.num_kv_heads:
        raise _unfit(path, "heads_over", heads=config.num_heads, kv=config.num_kv_heads)
    if config.head_dim % 2:
        raise _unfit(path, "heads_odd", size=config.head_dim)
    if config.layers and len(config.layers) != config.num_layers:
        raise _unfit(path, "layers_described", count=len(config.layers), layers=config.num_layers)
    if any(not 0 <= layer.window < 2**31 for layer in config.layers):
        raise _unfit(path, "out_of_range", name=reason_of("attention_window"))
    _check_recurrent(config, path)
    _check_layers(config, path)
    for rotary in (config.own_rotary, *config.rotaries):
        _check_rotary(config, rotary, path)
    _check_positive(_factors(config), path)


def _sizes(config: ModelConfig) -> dict[str, int]:
    """Counts and widths, by what a sentence calls them."""
    sizes = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_layers": config.num_layers,
        "num_heads": config.num_heads,
        "num_kv_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "context_length": config.context_length,
    }
    if config.experts is not None:
        one = config.experts
        sizes |= {reason_of("experts_number"): one.count, reason_of("experts_size"): one.size}
        sizes |= {reason_of("experts_shared"): one.shared_size + 1, reason_of("experts_used"): one.used}
    return sizes


def _factors(config: ModelConfig) -> dict[str, float]:
    """What numbers are multiplied with and bounded by, likewise; those that may be 0 have 1 added."""
    positive = {
        "rms_norm_eps": config.norm_eps,
        reason_of("attention_scale"): config.score_scale,
        reason_of("embedding_scale"): config.embedding_scale,
        reason_of("residual_scale"): config.residual_scale,
        reason_of("logit_scale"): config.logit_scale,
        reason_of("logit_softcap"): config.logit_softcap + 1,
    }
    if config.temperature is not None:
        positive |= {reason_of("attention_temperature"): config.temperature.beta + 1}
        positive |= {reason_of("temperature_steps"): config.temperature.length}
    return positive


def _check_recurrent(config: ModelConfig, path: str) -> None:
    found = config.recurrent
    if found is None:
        if config.recurrent_layers:
            raise _unfit(path, "state_no_size")
        return
    sizes = (found.key_heads, found.value_heads, found.key_dim, found.value_dim, found.kernel)
    if any(not 0 < size < 2**16 for size in sizes):
        raise _unfit(path, "state_sizes", sizes=sizes)
    if found.value_heads % found.key_heads:
        raise _unfit(path, "state_heads_over", values=found.value_heads, keys=found.key_heads)
    if not 0 < len(config.recurrent_layers) < config.num_layers:
        raise _unfit(path, "state_layers", count=len(config.recurrent_layers), layers=config.num_layers)


def _check_layers(config: ModelConfig, path: str) -> None:
    for i, layer in enumerate(config.layers):
        if not all(0 <= size < 2**31 for size in (layer.head_dim, layer.kv_heads, layer.intermediate_size)):
            raise _unfit(path, "layer_out_of_range", layer=i)
        heads, rotary = config.heads(i), config.rotary(i)
        if heads.queries % heads.kv or heads.dim % 2:
            raise _unfit(path, "layer_heads_over", heads=heads.queries, kv=heads.kv, size=heads.dim, layer=i)
        if rotary is not None and (rotary.head_dim or config.head_dim) != heads.dim:
            raise _unfit(path, "layer_rotary", layer=i)
        if layer.shares is not None and not (
            0 <= layer.shares < i
            and config.layers[layer.shares].shares is None
            and (config.heads(layer.shares), config.layers[layer.shares].window) == (heads, layer.window)
        ):
            raise _unfit(path, "layer_shares", layer=i, other=layer.shares)
    inputs = config.token_inputs
    if inputs is not None and not (0 < inputs.size < 2**31 and 0 < inputs.vocab_size < 2**31):
        raise _unfit(path, "layer_inputs", size=inputs.size, tokens=inputs.vocab_size)


def _check_rotary(config: ModelConfig, rotary: Rotary, path: str) -> None:
    scaling, dim = rotary.scaling, rotary.head_dim or config.head_dim
    size = rotary.size or dim
    if not 0 < size <= dim or size % 2:
        raise _unfit(path, "rotary_size", size=size, dim=dim)
    for factors in (scaling.factors, scaling.long_factors):
        if factors and len(factors) != size // 2:
            raise _unfit(path, "rotary_divisors", count=len(factors), size=size)
    positive = {
        "rope_theta": rotary.theta - 1,
        reason_of("rotary_factor"): scaling.factor,
        reason_of("original_context"): scaling.original_context or config.context_length,
        "beta_fast": scaling.beta_fast,
        "beta_slow": scaling.beta_slow,
    }
    _check_positive(positive, path)


def _check_positive(numbers: dict[str, float], path: str) -> None:
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise _unfit(path, "out_of_range", name=name)


def _unfit(path: str, code: str, **fields: object) -> ModelFileError:
    return ModelFileError("model_weights_mismatch", path=path, what=reason_of(code, **fields))
