"""What a decoder looks like, read from a GGUF header or a ``config.json``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.special_tokens import end_tokens, known_id

ARCHITECTURES = ("llama", "qwen2")
RopeType = Literal["default", "linear", "dynamic", "llama3", "yarn"]


@dataclass(frozen=True)
class RopeScaling:
    """How rotary frequencies are stretched beyond the trained context.

    Attributes:
        original_context: tokens the model was trained on before scaling; None takes the model's context.
        factors: divisors of each of the head_dim/2 frequencies, where the file carries them ready made.
    """

    type: RopeType = "default"
    factor: float = 1.0
    original_context: int | None = None
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    attention_factor: float | None = None
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    mscale: float | None = None
    mscale_all_dim: float | None = None
    truncate: bool = True
    factors: tuple[float, ...] = ()


@dataclass(frozen=True)
class ModelConfig:
    """Shape and constants of a Llama- or Qwen2-family decoder."""

    architecture: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    context_length: int
    norm_eps: float = 1e-6
    rope_theta: float = 10_000.0
    rope: RopeScaling = field(default_factory=RopeScaling)
    tied_embeddings: bool = False
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    bos_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = ()

    @property
    def group_size(self) -> int:
        """Query heads that share one key/value head."""
        return self.num_heads // self.num_kv_heads

    def check(self, path: str) -> None:
        """Raise ModelFileError when these numbers cannot make a decoder."""
        sizes = {
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "num_kv_heads": self.num_kv_heads,
            "head_dim": self.head_dim,
            "context_length": self.context_length,
        }
        for name, value in sizes.items():
            if not 0 < value < 2**31:
                raise ModelFileError("model_weights_mismatch", path=path, what=f"{name} is {value}")
        if self.num_heads % self.num_kv_heads:
            what = f"{self.num_heads} heads over {self.num_kv_heads} key/value heads"
            raise ModelFileError("model_weights_mismatch", path=path, what=what)
        if self.head_dim % 2:
            raise ModelFileError("model_weights_mismatch", path=path, what=f"odd head size {self.head_dim}")
        rope = self.rope
        if rope.factors and len(rope.factors) != self.head_dim // 2:
            what = f"{len(rope.factors)} rotary divisors for a head size of {self.head_dim}"
            raise ModelFileError("model_weights_mismatch", path=path, what=what)
        positive = {
            "rope_theta": self.rope_theta - 1,
            "rms_norm_eps": self.norm_eps,
            "the rotary factor": rope.factor,
            "the original context": rope.original_context or self.context_length,
            "beta_fast": rope.beta_fast,
            "beta_slow": rope.beta_slow,
        }
        for name, number in positive.items():
            if not 0 < number < math.inf:
                raise ModelFileError("model_weights_mismatch", path=path, what=f"{name} out of range")


def config_from_hf(raw: dict[str, Any], path: str) -> ModelConfig:
    """A ModelConfig from the object in a Hugging Face ``config.json``.

    Raises:
        ModelFileError: an architecture, activation or feature that the decoder does not have, or a missing key.
    """
    kind = str(raw.get("model_type", "unknown"))
    if kind not in ARCHITECTURES:
        raise ModelFileError("model_unsupported", architecture=kind)
    if raw.get("hidden_act", "silu") not in ("silu", "swish"):
        raise ModelFileError("model_feature_unsupported", feature=f"the activation {raw['hidden_act']}")
    _check_quantisation(raw)
    if raw.get("use_sliding_window"):
        raise ModelFileError("model_feature_unsupported", feature="sliding-window attention")
    try:
        hidden, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
        config = ModelConfig(
            architecture=kind,
            vocab_size=int(raw["vocab_size"]),
            hidden_size=hidden,
            intermediate_size=int(raw["intermediate_size"]),
            num_layers=int(raw["num_hidden_layers"]),
            num_heads=heads,
            num_kv_heads=int(raw.get("num_key_value_heads") or heads),
            head_dim=int(raw.get("head_dim") or hidden // max(heads, 1)),
            context_length=int(raw.get("max_position_embeddings", 2048)),
            norm_eps=float(raw.get("rms_norm_eps", 1e-6)),
            rope_theta=_rope_theta(raw),
            rope=_rope_from_hf(raw),
            tied_embeddings=bool(raw.get("tie_word_embeddings", False)),
            qkv_bias=kind == "qwen2" or bool(raw.get("attention_bias", False)),
            out_bias=kind == "llama" and bool(raw.get("attention_bias", False)),
            mlp_bias=kind == "llama" and bool(raw.get("mlp_bias", False)),
            bos_token_id=known_id(raw.get("bos_token_id"), int(raw["vocab_size"])),
            eos_token_ids=end_tokens(token_ids(raw.get("eos_token_id")), {}, int(raw["vocab_size"])),
        )
    except KeyError as exc:
        raise ModelFileError("model_description", path=path, what=f"config.json has no {exc.args[0]}") from exc
    except (TypeError, ValueError, OverflowError) as exc:
        reason = f"nonsense in config.json ({exc})"
        raise ModelFileError("model_corrupt", path=path, reason=reason, detail=repr(exc)) from exc
    config.check(path)
    return config


def _check_quantisation(raw: dict[str, Any]) -> None:
    """Refuse weights that only the library reads which packed them: GPTQ, AWQ, bitsandbytes, MLX and others."""
    found = raw.get("quantization_config") or raw.get("quantization")
    if not found:
        return
    method = found.get("quant_method") if isinstance(found, dict) else None
    if not method:  # mlx-lm writes "quantization" with group size and bits alone
        method = "MLX" if raw.get("quantization") else "unknown"
    raise ModelFileError("model_feature_unsupported", feature=f"{method} quantised safetensors")


def token_ids(value: Any) -> tuple[int, ...]:
    """Ids from a JSON entry that holds one, a list of them or nothing. Raises TypeError, ValueError, OverflowError."""
    values = value if isinstance(value, list) else () if value is None else (value,)
    return tuple(int(v) for v in values)


def _rope_parameters(raw: dict[str, Any]) -> dict[str, Any]:
    # transformers 5 writes rope_parameters, earlier versions rope_scaling beside rope_theta
    return dict(raw.get("rope_parameters") or raw.get("rope_scaling") or {})


def _rope_theta(raw: dict[str, Any]) -> float:
    return float(raw.get("rope_theta") or _rope_parameters(raw).get("rope_theta") or 10_000.0)


def _rope_from_hf(raw: dict[str, Any]) -> RopeScaling:
    params = _rope_parameters(raw)
    kind = str(params.get("rope_type") or params.get("type") or "default")
    if kind not in ("default", "linear", "dynamic", "llama3", "yarn"):
        raise ModelFileError("model_feature_unsupported", feature=f"{kind} rotary scaling")
    if float(params.get("partial_rotary_factor") or raw.get("partial_rotary_factor") or 1.0) != 1.0:
        raise ModelFileError("model_feature_unsupported", feature="partial rotary embeddings")
    original = params.get("original_max_position_embeddings") or raw.get("original_max_position_embeddings")

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
