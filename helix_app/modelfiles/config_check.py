"""Whether the numbers of a description can make a decoder."""

from __future__ import annotations

import math

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import ModelConfig, Rotary


def check(config: ModelConfig, path: str) -> None:
    """Raise ModelFileError when these numbers cannot make a decoder."""
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
        sizes |= {"the number of experts": one.count, "the size of an expert": one.size}
        sizes |= {"the size of the shared expert": one.shared_size + 1, "the experts of a row": one.used}
    for name, value in sizes.items():
        if not 0 < value < 2**31:
            raise _unfit(path, f"{name} is {value}")
    if config.experts is not None and config.experts.used > config.experts.count:
        raise _unfit(path, f"{config.experts.used} of {config.experts.count} experts for a row")
    if config.num_heads % config.num_kv_heads:
        raise _unfit(path, f"{config.num_heads} heads over {config.num_kv_heads} key/value heads")
    if config.head_dim % 2:
        raise _unfit(path, f"odd head size {config.head_dim}")
    if config.layers and len(config.layers) != config.num_layers:
        raise _unfit(path, f"{len(config.layers)} descriptions of {config.num_layers} layers")
    if any(not 0 <= layer.window < 2**31 for layer in config.layers):
        raise _unfit(path, "the attention window out of range")
    _check_recurrent(config, path)
    _check_layers(config, path)
    for rotary in (config._own_rotary, *config.rotaries):
        _check_rotary(config, rotary, path)
    positive = {
        "rms_norm_eps": config.norm_eps,
        "the attention scale": config.score_scale,
        "the embedding scale": config.embedding_scale,
        "the residual scale": config.residual_scale,
        "the logit scale": config.logit_scale,
        "the logit softcap": config.logit_softcap + 1,
    }
    if config.temperature is not None:
        positive |= {"the temperature of attention": config.temperature.beta + 1}
        positive |= {"the length of its steps": config.temperature.length}
    _check_positive(positive, path)


def _check_recurrent(config: ModelConfig, path: str) -> None:
    found = config.recurrent
    if found is None:
        if config.recurrent_layers:
            raise _unfit(path, "layers with a state of no size")
        return
    sizes = (found.key_heads, found.value_heads, found.key_dim, found.value_dim, found.kernel)
    if any(not 0 < size < 2**16 for size in sizes):
        raise _unfit(path, f"sizes of a recurrent layer are {sizes}")
    if found.value_heads % found.key_heads:
        raise _unfit(path, f"{found.value_heads} value heads over {found.key_heads} key heads")
    if not 0 < len(config.recurrent_layers) < config.num_layers:
        raise _unfit(path, f"{len(config.recurrent_layers)} of {config.num_layers} layers recurrent")


def _check_layers(config: ModelConfig, path: str) -> None:
    for i, layer in enumerate(config.layers):
        if not all(0 <= size < 2**31 for size in (layer.head_dim, layer.kv_heads, layer.intermediate_size)):
            raise _unfit(path, f"sizes of layer {i} out of range")
        heads, rotary = config.heads(i), config.rotary(i)
        if heads.queries % heads.kv or heads.dim % 2:
            raise _unfit(path, f"{heads.queries} heads over {heads.kv} of {heads.dim} in layer {i}")
        if rotary is not None and (rotary.head_dim or config.head_dim) != heads.dim:
            raise _unfit(path, f"the rotary embedding of layer {i} has another head size")
        if layer.shares is not None and not (
            0 <= layer.shares < i
            and config.layers[layer.shares].shares is None
            and (config.heads(layer.shares), config.layers[layer.shares].window) == (heads, layer.window)
        ):
            raise _unfit(path, f"layer {i} cannot share keys and values with layer {layer.shares}")
    inputs = config.token_inputs
    if inputs is not None and not (0 < inputs.size < 2**31 and 0 < inputs.vocab_size < 2**31):
        raise _unfit(path, f"{inputs.size} inputs a layer of {inputs.vocab_size} tokens")


def _check_rotary(config: ModelConfig, rotary: Rotary, path: str) -> None:
    scaling, dim = rotary.scaling, rotary.head_dim or config.head_dim
    size = rotary.size or dim
    if not 0 < size <= dim or size % 2:
        raise _unfit(path, f"{size} turned numbers of heads of {dim}")
    for factors in (scaling.factors, scaling.long_factors):
        if factors and len(factors) != size // 2:
            raise _unfit(path, f"{len(factors)} rotary divisors for a head size of {size}")
    positive = {
        "rope_theta": rotary.theta - 1,
        "the rotary factor": scaling.factor,
        "the original context": scaling.original_context or config.context_length,
        "beta_fast": scaling.beta_fast,
        "beta_slow": scaling.beta_slow,
    }
    _check_positive(positive, path)


def _check_positive(numbers: dict[str, float], path: str) -> None:
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise _unfit(path, f"{name} out of range")


def _unfit(path: str, what: str) -> ModelFileError:
    return ModelFileError("model_weights_mismatch", path=path, what=what)
