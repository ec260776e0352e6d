"""The kinds of models that Helix runs: what each does otherwise than Llama, read from both formats.

A reader gives fields of ``ModelConfig`` that the common reading of sizes (``hf_config.py``, ``gguf/gguf_config.py``)
leaves as they are for Llama. Sources: transformers' configuration classes; llama.cpp, ``load_hparams`` and converters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import Layer

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


ARCHITECTURES = (
    Architecture("llama", "Llama", ("llama",), _llama_hf, _interleaved),
    Architecture("qwen2", "Qwen2", ("qwen2",), _qwen2_hf),
    Architecture("qwen3", "Qwen3", ("qwen3",), _qwen3_hf, _qk_normed),
)
