"""Configs from the metadata and the tensors of a GGUF file."""

from __future__ import annotations

import math
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import GgufFacts
from helix_app.modelfiles.architectures.table import find_gguf
from helix_app.modelfiles.config import ModelConfig, RopeScaling
from helix_app.modelfiles.config_check import NONSENSE, check
from helix_app.modelfiles.gguf.gguf_file import GgufHeader
from helix_app.modelfiles.gguf.other_kinds import check_kind
from helix_app.modelfiles.next_token import with_next_token_of_gguf
from helix_app.modelfiles.tokens.special_tokens import gguf_end_tokens


def config_from_gguf(header: GgufHeader) -> ModelConfig:
    """A ModelConfig from GGUF metadata and tensor shapes.

    Raises:
        ModelFileError: no language model, an architecture or feature that the decoder does not have, or a missing key.
    """
    check_kind(header.path, header.metadata, header.tensors)
    architecture = find_gguf(header.architecture)
    entries = _Entries(header, architecture.by_layer)
    try:
        shape = _shape(header, entries)
        sizes = (shape[name] for name in ("num_layers", "hidden_size", "num_heads", "head_dim", "rope", "vocab_size"))
        facts = GgufFacts(entries.get, frozenset(header.tensors), *sizes)
        config = with_next_token_of_gguf(ModelConfig(**{**shape, **architecture.from_gguf(facts)}), header.tensors)
    except NONSENSE as exc:
        reason = reason_of("header_nonsense_of", said=exc)
        raise ModelFileError("model_corrupt", path=header.path, reason=reason, detail=f"metadata: {exc!r}") from exc
    if entries.get("expert_count") and config.experts is None:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_experts"))
    check(config, str(header.path))
    return config


class _Entries:
    """What a header says of its architecture."""

    def __init__(self, header: GgufHeader, by_layer: bool) -> None:
        """``by_layer``: values may differ from layer to layer; the first one's is taken here."""
        self._header, self._by_layer = header, by_layer

    def get(self, key: str, default: Any = None) -> Any:
        """A value, or what is given beside its name."""
        return self._header.metadata.get(f"{self._header.architecture}.{key}", default)

    def need(self, key: str) -> Any:
        """A value of all layers. Raises ModelFileError where there is none."""
        name = f"{self._header.architecture}.{key}"
        if name not in self._header.metadata:
            raise ModelFileError("model_description", path=self._header.path, what=reason_of("header_no_key", key=name))
        return self.of_all_layers(key, self.get(key))

    def of_all_layers(self, key: str, value: Any) -> Any:
        """A value that is given once, or for each layer the same. Raises ModelFileError where layers differ."""
        if not isinstance(value, list):
            return value
        if not self._by_layer and len(set(value)) != 1:
            feature = reason_of(_VARIED.get(key, "feature_varied"), key=key)
            raise ModelFileError("model_feature_unsupported", feature=feature)
        return value[0]


def _shape(header: GgufHeader, entries: _Entries) -> dict[str, Any]:
    """What all architectures have, as fields of a ModelConfig.

    Raises:
        ModelFileError, and what is in ``NONSENSE``: what the file says makes no sense.
    """
    get, need, tensors = entries.get, entries.need, header.tensors
    hidden, heads = int(need("embedding_length")), int(need("attention.head_count"))
    kv_heads = int(entries.of_all_layers("attention.head_count_kv", get("attention.head_count_kv", heads)))
    head_dim = int(get("attention.key_length") or hidden // max(heads, 1))
    if int(get("attention.value_length", head_dim)) != head_dim:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_value_size"))
    embeddings = header.info("token_embd.weight").shape
    layers = int(need("block_count")) - int(get("nextn_predict_layers", 0))
    if layers > len(tensors):
        raise ValueError(f"{layers} layers of {len(tensors)} tensors")
    return {
        "architecture": header.architecture,
        "vocab_size": int(embeddings[0]),
        "hidden_size": hidden,
        "intermediate_size": int(need(_width(get))),
        "num_layers": layers,
        "num_heads": heads,
        "num_kv_heads": kv_heads,
        "head_dim": head_dim,
        "context_length": int(get("context_length", 2048)),
        "norm_eps": float(get("attention.layer_norm_rms_epsilon", 1e-6)),
        "rope_theta": float(get("rope.freq_base", 10_000.0)),
        "rope": _rope(header, get),
        "rotary_size": int(get("rope.dimension_count", head_dim)) % head_dim,
        "tied_embeddings": "output.weight" not in tensors,
        "qkv_bias": "blk.0.attn_q.bias" in tensors,
        "out_bias": "blk.0.attn_output.bias" in tensors,
        "mlp_bias": "blk.0.ffn_down.bias" in tensors,
        "eos_token_ids": gguf_end_tokens(header.metadata, int(embeddings[0])),
    }


_VARIED = {
    "attention.head_count": "feature_varied_heads",
    "attention.head_count_kv": "feature_varied_kv_heads",
    "feed_forward_length": "feature_varied_size",
}


def _width(get: Any) -> str:
    """Where a header has the width of feed-forward halves: with experts alone it may have that of one of them."""
    own, of_one = "feed_forward_length", "expert_feed_forward_length"
    return of_one if get(own) is None and get(of_one) is not None else own


def _rope(header: GgufHeader, get: Any) -> RopeScaling:
    # a factor without a type is linear, and its older name is scale_linear (llama.cpp, ``load_hparams``)
    factor = float(get("rope.scaling.factor") or get("rope.scale_linear") or 1.0)
    kind = str(get("rope.scaling.type") or ("linear" if factor != 1.0 else "none"))
    original = int(get("rope.scaling.original_context_length") or 0) or None
    if "rope_freqs.weight" in header.tensors:
        factors = tuple(float(x) for x in header.tensor("rope_freqs.weight"))
        return RopeScaling(type="llama3", original_context=original, factors=factors)
    if "rope_factors_long.weight" in header.tensors:  # Phi-3's converter gives no type
        short, long = (
            tuple(float(x) for x in header.tensor(f"rope_factors_{name}.weight")) for name in ("short", "long")
        )
        attention = float(get("rope.scaling.attn_factor", 1.0))
        return RopeScaling("longrope", 1.0, original, attention_factor=attention, factors=short, long_factors=long)
    if kind == "linear" and factor != 1.0:
        return RopeScaling(type="linear", factor=factor)
    if kind == "yarn":
        return RopeScaling(
            type="yarn",
            factor=factor,
            original_context=original,
            attention_factor=_yarn_attention(get("rope.scaling.attn_factor"), factor),
            beta_fast=float(get("rope.scaling.yarn_beta_fast", 32.0)),
            beta_slow=float(get("rope.scaling.yarn_beta_slow", 1.0)),
        )
    if kind not in ("none", "linear"):
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_rope", kind=kind))
    return RopeScaling()


def _yarn_attention(multiplier: Any, factor: float) -> float | None:
    """GGUF files keep what YaRN's own magnitude is multiplied with, not the product (llama.cpp, ``rope_yarn``)."""
    if multiplier is None:
        return None
    return float(multiplier) * (1.0 + 0.1 * math.log(max(factor, 1.0)))
