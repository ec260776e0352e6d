"""Configs from the object in a Hugging Face ``config.json``."""

from __future__ import annotations

import math
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import Architecture
from helix_app.modelfiles.architectures.table import find_hf
from helix_app.modelfiles.config import Activation, ModelConfig, RopeScaling
from helix_app.modelfiles.config_check import NONSENSE, check
from helix_app.modelfiles.tokens.special_tokens import end_tokens

_MOST_LAYERS = 4096  # descriptions of layers are made before weights show whether they are there
_ACTIVATIONS: dict[str, Activation] = {"silu": "silu", "swish": "silu", "gelu_pytorch_tanh": "gelu_tanh"}


def config_from_hf(raw: dict[str, Any], path: str) -> ModelConfig:
    """A ModelConfig from the object in a Hugging Face ``config.json``.

    Raises:
        ModelFileError: an architecture, activation or feature that the decoder does not have, or a missing key.
    """
    architecture = find_hf(str(raw.get("model_type", "unknown")))
    _check_quantisation(raw, architecture.packings)
    try:
        raw = architecture.plain(raw)
        config = ModelConfig(**{**_shape(raw, architecture), **architecture.from_hf(raw)})
    except KeyError as exc:
        raise ModelFileError("model_description", path=path, what=reason_of("config_no_key", key=exc.args[0])) from exc
    except NONSENSE as exc:
        reason = reason_of("file_nonsense", file="config.json", said=exc)
        raise ModelFileError("model_corrupt", path=path, reason=reason, detail=repr(exc)) from exc
    check(config, path)
    return config


def _shape(raw: dict[str, Any], architecture: Architecture) -> dict[str, Any]:
    """What all architectures have, as fields of a ModelConfig. Raises what is in ``NONSENSE``."""
    if int(raw["num_hidden_layers"]) > _MOST_LAYERS:
        raise ValueError(f"{raw['num_hidden_layers']} layers")
    hidden, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
    head_dim = int(raw.get("head_dim") or hidden // max(heads, 1))
    return {
        "architecture": architecture.key,
        "activation": _activation(raw),
        "vocab_size": int(raw["vocab_size"]),
        "hidden_size": hidden,
        "intermediate_size": int(raw["intermediate_size"]),
        "num_layers": int(raw["num_hidden_layers"]),
        "num_heads": heads,
        "num_kv_heads": int(raw.get("num_key_value_heads") or heads),
        "head_dim": head_dim,
        "context_length": int(raw.get("max_position_embeddings", 2048)),
        "norm_eps": float(raw.get("rms_norm_eps", 1e-6)),
        "rope_theta": _rope_theta(raw),
        "rope": _rope_from_hf(raw),
        "rotary_size": _rotary_size(raw, head_dim) if architecture.partial_rotary else _whole_heads(raw),
        "tied_embeddings": bool(raw.get("tie_word_embeddings", False)),
        "qkv_bias": bool(raw.get("attention_bias", False)),
        "out_bias": bool(raw.get("attention_bias", False)),
        "mlp_bias": bool(raw.get("mlp_bias", False)),
        "eos_token_ids": end_tokens(token_ids(raw.get("eos_token_id")), {}, int(raw["vocab_size"])),
    }


def _activation(raw: dict[str, Any]) -> Activation:
    name = str(raw.get("hidden_activation") or raw.get("hidden_act") or "silu")
    if name not in _ACTIVATIONS:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_activation", name=name))
    return _ACTIVATIONS[name]


def _check_quantisation(raw: dict[str, Any], known: tuple[str, ...]) -> None:
    """Refuse weights that only the library reads which packed them: GPTQ, AWQ, bitsandbytes, MLX and others."""
    found = raw.get("quantization_config") or raw.get("quantization")
    if not found:
        return
    method = found.get("quant_method") if isinstance(found, dict) else None
    if method in known:
        return
    if not method:  # mlx-lm writes "quantization" with group size and bits alone
        method = "MLX" if raw.get("quantization") else "unknown"
    raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_quantised", method=method))


def token_ids(value: Any) -> tuple[int, ...]:
    """Ids from a JSON entry that holds one, a list of them or nothing. Raises TypeError, ValueError, OverflowError."""
    values = value if isinstance(value, list) else () if value is None else (value,)
    return tuple(int(v) for v in values)


def _rope_parameters(raw: dict[str, Any]) -> dict[str, Any]:
    # transformers 5 writes rope_parameters, earlier versions rope_scaling beside rope_theta
    return dict(raw.get("rope_parameters") or raw.get("rope_scaling") or {})


def _rope_theta(raw: dict[str, Any]) -> float:
    return float(raw.get("rope_theta") or _rope_parameters(raw).get("rope_theta") or 10_000.0)


def _turned_share(raw: dict[str, Any]) -> float:
    return float(_rope_parameters(raw).get("partial_rotary_factor") or raw.get("partial_rotary_factor") or 1.0)


def _rotary_size(raw: dict[str, Any], head_dim: int) -> int:
    """Numbers of a head that are turned, 0 for all."""
    return int(head_dim * _turned_share(raw)) % head_dim


def _whole_heads(raw: dict[str, Any]) -> int:
    """The same for a model that turns all: what else a file says is refused."""
    if _turned_share(raw) != 1.0:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_partial_rope"))
    return 0


def _rope_from_hf(raw: dict[str, Any]) -> RopeScaling:
    params = _rope_parameters(raw)
    kind = str(params.get("rope_type") or params.get("type") or "default")
    known = ("default", "linear", "dynamic", "llama3", "yarn")
    if kind not in known and not (kind == "longrope" and params.get("long_factor") and params.get("short_factor")):
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_rope", kind=kind))
    original = params.get("original_max_position_embeddings") or raw.get("original_max_position_embeddings")
    if kind == "longrope":
        return _longrope(raw, params, int(original or 0))

    def optional(name: str) -> float | None:
        return float(params[name]) if params.get(name) else None

    return RopeScaling(
        type=kind,  # type: ignore[arg-type]
        factor=float(params.get("factor") or 1.0),
        original_context=int(original) if original else None,
        low_freq_factor=float(params.get("low_freq_factor") or 1.0),
        high_freq_factor=float(params.get("high_freq_factor") or 4.0),
        beta_fast=float(params.get("beta_fast") or 32.0),
        beta_slow=float(params.get("beta_slow") or 1.0),
        truncate=bool(params.get("truncate", True)),
        attention_factor=optional("attention_factor"),
        mscale=optional("mscale"),
        mscale_all_dim=optional("mscale_all_dim"),
    )


def _longrope(raw: dict[str, Any], params: dict[str, Any], original: int) -> RopeScaling:
    factor = float(params.get("factor") or int(raw.get("max_position_embeddings", 2048)) / original)
    usual = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
    return RopeScaling(
        type="longrope",
        factor=factor,
        original_context=original,
        attention_factor=float(params.get("attention_factor") or usual),
        factors=tuple(float(x) for x in params["short_factor"]),
        long_factors=tuple(float(x) for x in params["long_factor"]),
    )
