"""What a kind of model does otherwise than Llama, and what its readers may ask.

A reader gives fields of ``ModelConfig`` that the common reading of sizes (``hf_config.py``, ``gguf/gguf_config.py``)
leaves as they are for Llama. Sources: transformers' configuration classes; llama.cpp, ``load_hparams`` and converters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.config import Layer, RopeScaling

Raw = Mapping[str, Any]
Fields = dict[str, Any]


@dataclass(frozen=True)
class GgufFacts:
    """What a reader may ask of a GGUF header.

    Attributes:
        get: a value of the architecture's own metadata, or what is given beside its name.
        tensors: their names.
        rope: the rotary scaling of the whole model.
    """

    get: Callable[..., Any]
    tensors: frozenset[str]
    layers: int
    hidden: int
    heads: int
    head_dim: int
    rope: RopeScaling = field(default_factory=RopeScaling)
    vocab_size: int = 0

    def each(self, key: str, default: Any = None) -> list[Any]:
        """A value of every layer, where a file may give one for all. Raises ValueError."""
        value = self.get(key, default)
        values = list(value) if isinstance(value, (list, tuple)) else [value] * self.layers
        if len(values) != self.layers:
            raise ValueError(f"{len(values)} values of {key} for {self.layers} layers")
        return values


def no_fields(_: Any) -> Fields:
    return {}


def as_it_is(raw: Raw) -> dict[str, Any]:
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
        partial_rotary: ``partial_rotary_factor`` means something to it.
        by_layer: a GGUF file may give sizes layer by layer; ``from_gguf`` reads them.
        packings: ways of packing safetensors that are read, as ``quant_method`` names them.
    """

    key: str
    name: str
    hf: tuple[str, ...]
    from_hf: Callable[[Raw], Fields]
    from_gguf: Callable[[GgufFacts], Fields] = no_fields
    plain: Callable[[Raw], dict[str, Any]] = as_it_is
    partial_rotary: bool = False
    by_layer: bool = False
    packings: tuple[str, ...] = ()


def windowed(raw: Raw, window: Any, slides: Callable[[int], bool]) -> tuple[Layer, ...]:
    """The layers of a ``config.json``: a window in those that its ``layer_types`` say, else in those that ``slides``
    says."""
    count, types = int(raw["num_hidden_layers"]), raw.get("layer_types")
    if not window:
        return ()
    if types is not None:
        unknown = set(types) - {"full_attention", "sliding_attention"}
        if unknown:
            raise ModelFileError(
                "model_feature_unsupported", feature=reason_of("feature_layer_kind", kind=min(unknown))
            )
        flags = [kind == "sliding_attention" for kind in types]
    else:
        flags = [slides(i) for i in range(count)]
    return tuple(Layer(window=int(window) if flag else 0) for flag in flags)


def theta_of(raw: Raw, usual: float) -> Fields:
    """``rope_theta`` wherever a version keeps it, or else the usual one."""
    both = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    return {"rope_theta": raw.get("rope_theta") or both.get("rope_theta") or usual}


def interleaved(_: GgufFacts) -> Fields:
    return {"interleaved": True}
