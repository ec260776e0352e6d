"""The kinds of models that Helix runs: what each does otherwise than Llama, read from both formats.

A reader gives fields of ``ModelConfig`` that the common reading of sizes (``hf_config.py``, ``gguf/gguf_config.py``)
leaves as they are for Llama. Sources: transformers' configuration classes; llama.cpp, ``load_hparams`` and converters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import Layer, Rotary

Raw = Mapping[str, Any]
Fields = dict[str, Any]


@dataclass(frozen=True)
class GgufFacts:
    """What a reader may ask of a GGUF header.

    Attributes:
        get: a value of the architecture's own metadata, or what is given beside its name.
        tensors: their names.
    """

    get: Callable[..., Any]
    tensors: frozenset[str]
    layers: int
    hidden: int
    heads: int
    head_dim: int


def _no_fields(_: Any) -> Fields:
    return {}


def _as_it_is(raw: Raw) -> dict[str, Any]:
    return dict(raw)


@dataclass(frozen=True)
class Architecture:
    """A kind of model.

    Attributes:
        key: its name in GGUF files.
        name: as people call it.
        hf: its names in ``config.json``.
        from_hf, from_gguf: what it does otherwise.
        plain: its ``config.json`` with the names that Llama's has.
    """

    key: str
    name: str
    hf: tuple[str, ...]
    from_hf: Callable[[Raw], Fields]
    from_gguf: Callable[[GgufFacts], Fields] = _no_fields
    plain: Callable[[Raw], dict[str, Any]] = _as_it_is


def find_hf(kind: str) -> Architecture:
    """The architecture of a ``model_type``. Raises ModelFileError for one that is not supported."""
    return _found((one for one in ARCHITECTURES if kind in one.hf), kind)


def find_gguf(kind: str) -> Architecture:
    """The architecture of a ``general.architecture``. Raises ModelFileError for one that is not supported."""
    return _found((one for one in ARCHITECTURES if kind == one.key), kind)


def _found(those: Iterable[Architecture], kind: str) -> Architecture:
    for one in those:
        return one
    *names, last = (one.name for one in ARCHITECTURES)
    raise ModelFileError("model_unsupported", architecture=kind, supported=f"{', '.join(names)} and {last}")


# --------------------------------------------------------------------------- windows


def _windowed(raw: Raw, window: Any, slides: Callable[[int], bool]) -> tuple[Layer, ...]:
    """The layers of a ``config.json``: a window in those that its ``layer_types`` say, else in those that ``slides``
    says."""
    count, types = int(raw["num_hidden_layers"]), raw.get("layer_types")
    if not window:
        return ()
    if types is not None:
        unknown = set(types) - {"full_attention", "sliding_attention"}
        if unknown:
            raise ModelFileError("model_feature_unsupported", feature=f"layers of the kind {min(unknown)}")
        flags = [kind == "sliding_attention" for kind in types]
    else:
        flags = [slides(i) for i in range(count)]
    return tuple(Layer(window=int(window) if flag else 0) for flag in flags)


def _qwen_layers(raw: Raw) -> tuple[Layer, ...]:
    first = int(raw.get("max_window_layers") or 28)
    window = raw.get("sliding_window", 4096) if raw.get("use_sliding_window") else None
    return _windowed(raw, window, lambda i: i >= first)


# --------------------------------------------------------------------------- readers


def _llama_hf(raw: Raw) -> Fields:
    if raw.get("use_sliding_window"):
        raise ModelFileError("model_feature_unsupported", feature="sliding-window attention")
    return {}


def _interleaved(_: GgufFacts) -> Fields:
    return {"interleaved": True}


def _qwen2_hf(raw: Raw) -> Fields:
    return {"qkv_bias": True, "out_bias": False, "mlp_bias": False, "layers": _qwen_layers(raw)}


def _qwen3_hf(raw: Raw) -> Fields:
    head_dim = int(raw.get("head_dim") or 128)
    return {"qk_norm": True, "head_dim": head_dim, "mlp_bias": False, "layers": _qwen_layers(raw)}


def _qk_normed(_: GgufFacts) -> Fields:
    return {"qk_norm": True}


_NO_ROPE_INTERVAL = 4  # every fourth layer of SmolLM3 turns nothing
_GEMMA_LOCAL_THETA, _GEMMA_PATTERN = 10_000.0, 6  # of layers with a window; every sixth has none
# what Gemma3TextConfig has where a file says nothing, as Google's own files for its larger models do
_GEMMA3 = {
    "vocab_size": 262_208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 131_072,
    "tie_word_embeddings": True,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
}


def _theta(raw: Raw, usual: float) -> Fields:
    """``rope_theta`` wherever a version keeps it, or else the usual one."""
    both = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    return {"rope_theta": raw.get("rope_theta") or both.get("rope_theta") or usual}


def _gemma3_plain(raw: Raw) -> dict[str, Any]:
    text = raw.get("text_config")  # beside the parts that look at pictures
    plain = {**_GEMMA3, **raw, **(text if isinstance(text, Mapping) else {})}
    both = plain.get("rope_parameters") or {}
    if "full_attention" in both or "sliding_attention" in both:
        local = both.get("sliding_attention") or {}
        plain["rope_local_base_freq"] = local.get("rope_theta")
        kind = str(local.get("rope_type") or "default")
        if kind != "default":
            raise ModelFileError("model_feature_unsupported", feature=f"{kind} rotary scaling in layers with a window")
        plain["rope_parameters"] = both.get("full_attention") or {}
    return plain | _theta(plain, 1_000_000.0)


def _gemma3(layers: tuple[Layer, ...], local_theta: float, hidden: int, scale: float | None) -> Fields:
    """What Gemma 3 is, whichever format it is read from."""
    local = Rotary(local_theta)
    return {
        "layers": tuple(replace(layer, rotary=local) if layer.window else layer for layer in layers),
        "qk_norm": True,
        "post_norms": True,
        "activation": "gelu_tanh",
        "embedding_scale": hidden**0.5,
        "attention_scale": scale,
    }


def _gemma3_hf(raw: Raw) -> Fields:
    if raw.get("attn_logit_softcapping"):
        raise ModelFileError("model_feature_unsupported", feature="a softcap of attention scores")
    if raw.get("use_bidirectional_attention"):
        raise ModelFileError("model_feature_unsupported", feature="attention to later tokens")
    pattern = int(raw.get("sliding_window_pattern") or _GEMMA_PATTERN)
    layers = _windowed(raw, raw["sliding_window"], lambda i: bool((i + 1) % pattern))
    scalar, head_dim = float(raw["query_pre_attn_scalar"]), int(raw["head_dim"])
    scale = None if scalar == head_dim else scalar**-0.5
    local = float(raw.get("rope_local_base_freq") or _GEMMA_LOCAL_THETA)
    softcap = float(raw.get("final_logit_softcapping") or 0.0)
    fields = _gemma3(layers, local, int(raw["hidden_size"]), scale)
    return {**fields, "norm_offset": 1.0, "mlp_bias": False, "logit_softcap": softcap}


def _gemma3_gguf(facts: GgufFacts) -> Fields:
    """Its norm weights hold the offset already."""
    window = int(facts.get("attention.sliding_window", 0))
    pattern = facts.get("attention.sliding_window_pattern", _GEMMA_PATTERN)
    if isinstance(pattern, list):
        flags = [bool(flag) for flag in pattern]
    else:
        flags = [bool((i + 1) % int(pattern)) for i in range(facts.layers)]
    layers = tuple(Layer(window=window if flag else 0) for flag in flags)
    # the model of 62 layers alone scales by another size than that of a head, and no metadata says so
    scale = (facts.hidden / facts.heads) ** -0.5 if facts.layers == 62 else None
    local = float(facts.get("rope.freq_base_swa", _GEMMA_LOCAL_THETA))
    softcap = float(facts.get("final_logit_softcapping", 0.0))
    return {**_gemma3(layers, local, facts.hidden, scale), "logit_softcap": softcap}


def _smollm3_plain(raw: Raw) -> dict[str, Any]:
    return {"tie_word_embeddings": True, **raw} | _theta(raw, 2_000_000.0)


def _smollm3_layers(turns: list[bool], windows: tuple[int, ...]) -> Fields:
    windows = windows or (0,) * len(turns)
    return {"layers": tuple(Layer(window=window, turned=turned) for window, turned in zip(windows, turns))}


def _smollm3_hf(raw: Raw) -> Fields:
    count, flags = int(raw["num_hidden_layers"]), raw.get("no_rope_layers")
    interval = int(raw.get("no_rope_layer_interval") or _NO_ROPE_INTERVAL)
    turns = [bool(flag) for flag in flags] if flags else [bool((i + 1) % interval) for i in range(count)]
    window = raw.get("sliding_window") if raw.get("use_sliding_window") else None
    windows = _windowed(raw, window, lambda i: not turns[i])
    return _smollm3_layers(turns, tuple(layer.window for layer in windows))


def _smollm3_gguf(facts: GgufFacts) -> Fields:
    turns = [bool((i + 1) % _NO_ROPE_INTERVAL) for i in range(facts.layers)]
    return {"interleaved": True, **_smollm3_layers(turns, ())}


def _mistral_hf(raw: Raw) -> Fields:
    window = raw.get("sliding_window", 4096)
    layers = (Layer(window=int(window)),) * int(raw["num_hidden_layers"]) if window else ()
    return {"qkv_bias": False, "out_bias": False, "mlp_bias": False, "layers": layers}


def _phi3_plain(raw: Raw) -> dict[str, Any]:
    usual = {"original_max_position_embeddings": 4096, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5}
    plain = {**usual, **raw}
    key = "rope_parameters" if raw.get("rope_parameters") else "rope_scaling"
    params = dict(raw.get(key) or {})
    if str(params.get("rope_type") or params.get("type")) in ("su", "yarn"):  # what its first files call it
        plain[key] = {**params, "rope_type": "longrope"}
    return plain


def _phi3(window: int, layers: int) -> Fields:
    return {"fused": True, "layers": (Layer(window=window),) * layers if window else ()}


def _phi3_hf(raw: Raw) -> Fields:
    fields = _phi3(int(raw.get("sliding_window") or 0), int(raw["num_hidden_layers"]))
    return {**fields, "qkv_bias": False, "out_bias": False, "mlp_bias": False}


def _phi3_gguf(facts: GgufFacts) -> Fields:
    return _phi3(int(facts.get("attention.sliding_window", 0)), facts.layers)


def _granite_hf(raw: Raw) -> Fields:
    return {
        "embedding_scale": float(raw.get("embedding_multiplier", 1.0)),
        "attention_scale": float(raw.get("attention_multiplier", 1.0)),
        "residual_scale": float(raw.get("residual_multiplier", 1.0)),
        "logit_scale": 1.0 / float(raw.get("logits_scaling", 1.0)),
    }


def _granite_gguf(facts: GgufFacts) -> Fields:
    get = facts.get
    return {
        "interleaved": True,
        "embedding_scale": float(get("embedding_scale", 1.0)),
        "attention_scale": float(get("attention.scale", 0.0)) or None,
        "residual_scale": float(get("residual_scale", 1.0)),
        "logit_scale": 1.0 / float(get("logit_scale", 1.0)),
    }


ARCHITECTURES = (
    Architecture("llama", "Llama", ("llama",), _llama_hf, _interleaved),
    Architecture("qwen2", "Qwen2", ("qwen2",), _qwen2_hf),
    Architecture("qwen3", "Qwen3", ("qwen3",), _qwen3_hf, _qk_normed),
    Architecture("gemma3", "Gemma 3", ("gemma3", "gemma3_text"), _gemma3_hf, _gemma3_gguf, _gemma3_plain),
    Architecture("smollm3", "SmolLM3", ("smollm3",), _smollm3_hf, _smollm3_gguf, _smollm3_plain),
    Architecture("phi3", "Phi-3", ("phi3",), _phi3_hf, _phi3_gguf, _phi3_plain),
    Architecture("granite", "Granite", ("granite",), _granite_hf, _granite_gguf),
    Architecture("llama", "Mistral", ("mistral",), _mistral_hf),  # in GGUF it is Llama
)
