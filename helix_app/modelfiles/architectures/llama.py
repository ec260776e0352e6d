"""Llama, and Mistral, which is Llama in GGUF files."""

from __future__ import annotations

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    Raw,
    interleaved,
)
from helix_app.modelfiles.config import Layer


def _llama_hf(raw: Raw) -> Fields:
    if raw.get("use_sliding_window"):
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_window"))
    return {}


def _mistral_hf(raw: Raw) -> Fields:
    window = raw.get("sliding_window", 4096)
    layers = (Layer(window=int(window)),) * int(raw["num_hidden_layers"]) if window else ()
    return {"qkv_bias": False, "out_bias": False, "mlp_bias": False, "layers": layers}


ARCHITECTURES = (
    Architecture("llama", "Llama", ("llama",), _llama_hf, interleaved),
    Architecture("llama", "Mistral", ("mistral",), _mistral_hf),  # in GGUF it is Llama
)
