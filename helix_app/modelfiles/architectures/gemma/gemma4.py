"""Gemma 4 text: heads of two sizes, keys and values shared with earlier layers, inputs of the token in each layer, or
experts beside the perceptron of each.

Sources: transformers, ``Gemma4TextConfig`` and ``Gemma4TextAttention``; llama.cpp, ``Gemma4Model`` of
convert_hf_to_gguf.py and ``load_arch_hparams`` of models/gemma4.cpp. Its norm weights have no offset. In layers that
see all tokens only the first part of a head's frequencies turns it; a file gives the others a divisor without end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures.base import Architecture, Fields, GgufFacts, Raw
from helix_app.modelfiles.architectures.qwen.qwen_moe import experts_gguf
from helix_app.modelfiles.config import Experts, Layer, RopeScaling, Rotary, TokenInputs

_PATTERN = 6  # of layers with a window; every sixth has none
_STILL = 1e30  # divisor of the frequencies that do not turn (convert_hf_to_gguf.py)
_LOCAL_THETA, _FULL_THETA = 10_000.0, 1_000_000.0
_SLIDING, _FULL = "sliding_attention", "full_attention"
# what Gemma4TextConfig has where a file says nothing
_USUAL = {
    "vocab_size": 262_144,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 30,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 131_072,
    "tie_word_embeddings": True,
    "sliding_window": 512,
    "global_head_dim": 512,
    "hidden_size_per_layer_input": 256,
    "vocab_size_per_layer_input": 262_144,
    "eos_token_id": 1,
}


def _plain(raw: Raw) -> dict[str, Any]:
    text = raw.get("text_config")  # beside the parts that look at pictures and listen
    text = text if isinstance(text, Mapping) else {}
    plain = {**_USUAL, **raw, **text}
    plain["eos_token_id"] = [*_ids(raw.get("eos_token_id")), *_ids(text.get("eos_token_id"))] or [1]
    both = plain.get("rope_parameters") or {}
    local = both.get(_SLIDING) or {"rope_theta": _LOCAL_THETA}
    if str(local.get("rope_type") or "default") != "default":
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_rope_any_window"))
    full = both.get(_FULL) or {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": _FULL_THETA}
    return {**plain, "rope_parameters": dict(local), "rope_theta": None, "full_rope": full}


def _ids(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _experts(raw: Raw) -> Experts | None:
    if not raw.get("enable_moe_block"):
        return None
    size = raw.get("moe_intermediate_size") or raw.get("expert_intermediate_size")
    return Experts(int(raw["num_experts"]), int(raw["top_k_experts"]), int(size or 0), beside=True)


def _from_hf(raw: Raw) -> Fields:
    if raw.get("use_bidirectional_attention") == "all":
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_later_tokens"))
    count, shared = int(raw["num_hidden_layers"]), int(raw.get("num_kv_shared_layers") or 0)
    types = list(raw.get("layer_types") or [_SLIDING if (i + 1) % _PATTERN else _FULL for i in range(count)])
    if unknown := set(types) - {_SLIDING, _FULL}:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_layer_kind", kind=min(unknown)))
    types[-1] = _FULL  # whatever it says (Gemma4TextConfig)
    sliding = [kind == _SLIDING for kind in types]
    dim = int(raw.get("global_head_dim") or raw["head_dim"])
    as_values = bool(raw.get("attention_k_eq_v"))
    kv_heads = int((raw.get("num_global_key_value_heads") if as_values else 0) or 0)
    inner = 2 * int(raw["intermediate_size"]) if raw.get("use_double_wide_mlp") and shared < count else 0
    rope = raw["full_rope"]
    full = Rotary(float(rope.get("rope_theta") or _FULL_THETA), _proportional(rope, dim), dim)
    sharing = _sharing(sliding, shared)
    layers = tuple(
        Layer(
            window=int(raw["sliding_window"]) if slides else 0,
            rotary=None if slides else full,
            head_dim=0 if slides else dim,
            kv_heads=0 if slides else kv_heads,
            intermediate_size=inner if shares is not None else 0,
            shares=shares,
            keys_as_values=as_values and not slides and shares is None,
        )
        for slides, shares in zip(sliding, sharing)
    )
    size = int(raw.get("hidden_size_per_layer_input") or 0)
    inputs = TokenInputs(size, int(raw["vocab_size_per_layer_input"])) if size else None
    softcap = float(raw.get("final_logit_softcapping") or 0.0)
    own = {"logit_softcap": softcap, "mlp_bias": False, "experts": _experts(raw)}
    return {**_gemma4(layers, int(raw["hidden_size"]), inputs), **own}


def _proportional(rope: Mapping[str, Any], dim: int) -> RopeScaling:
    """The divisors of a head's frequencies, of which only the first part turns it."""
    kind = str(rope.get("rope_type") or "default")
    if kind == "default":
        return RopeScaling()
    if kind != "proportional":
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_rope", kind=kind))
    turned = int(float(rope.get("partial_rotary_factor") or 1.0) * dim // 2)
    factor = float(rope.get("factor") or 1.0)
    return RopeScaling(type="llama3", factors=(factor,) * turned + (_STILL,) * (dim // 2 - turned))


def _from_gguf(facts: GgufFacts) -> Fields:
    sliding = [bool(flag) for flag in facts.each("attention.sliding_window_pattern")]
    window, dim = int(facts.get("attention.sliding_window", 0)), int(facts.get("attention.key_length_swa", 0))
    if not window or not dim:
        raise ValueError("no window, or no size of the heads of its layers")
    if int(facts.get("attention.value_length_swa", dim)) != dim:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_value_size"))
    if int(facts.get("rope.dimension_count_swa", dim)) != dim:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_partial_rope"))
    if not all(sliding) and not facts.rope.factors:
        raise ValueError("no rope_freqs.weight, which layers that see all tokens are turned by")
    theta, local = (float(facts.get(key, usual)) for key, usual in _THETAS)
    full = Rotary(theta, facts.rope, facts.head_dim)
    kv_heads = [int(count) for count in facts.each("attention.head_count_kv", facts.heads)]
    inner = [int(size) for size in facts.each("feed_forward_length")]
    sharing = _sharing(sliding, int(facts.get("attention.shared_kv_layers", 0)))
    experts = experts_gguf(facts, beside=True) if facts.get("expert_count") else None
    layers = tuple(
        Layer(
            window=window if slides else 0,
            rotary=None if slides else full,
            head_dim=0 if slides else facts.head_dim,
            kv_heads=kv_heads[i] if kv_heads[i] != kv_heads[0] else 0,
            intermediate_size=inner[i] if inner[i] != inner[0] else 0,
            shares=shares,
            keys_as_values=shares is None and f"blk.{i}.attn_v.weight" not in facts.tensors,
            dense=experts is not None and f"blk.{i}.ffn_gate_inp.weight" not in facts.tensors,
        )
        for i, (slides, shares) in enumerate(zip(sliding, sharing))
    )
    size = int(facts.get("embedding_length_per_layer_input", 0))
    fields = _gemma4(layers, facts.hidden, TokenInputs(size, facts.vocab_size) if size else None)
    softcap = float(facts.get("final_logit_softcapping", 0.0))
    own = {"head_dim": dim, "num_kv_heads": kv_heads[0], "intermediate_size": inner[0], "experts": experts}
    return {**fields, **own, "rope": RopeScaling(), "rope_theta": local, "logit_softcap": softcap}


_THETAS = (("rope.freq_base", _FULL_THETA), ("rope.freq_base_swa", _LOCAL_THETA))


def _sharing(sliding: Sequence[bool], count: int) -> list[int | None]:
    """Which layer's keys and values each of the last ``count`` layers reads: of those before the last of its kind."""
    first = len(sliding) - count
    last = {slides: i for i, slides in enumerate(sliding[:first])}
    if any(slides not in last for slides in sliding[first:]):
        raise ValueError(f"{count} layers share keys and values that no layer before them has")
    return [None if i < first else last[slides] for i, slides in enumerate(sliding)]


def _gemma4(layers: tuple[Layer, ...], hidden: int, inputs: TokenInputs | None) -> Fields:
    """What Gemma 4 is, whichever format it is read from."""
    return {
        "layers": layers,
        "qk_norm": True,
        "value_norm": True,
        "post_norms": True,
        "layer_scale": True,
        "activation": "gelu_tanh",
        "attention_scale": 1.0,
        "embedding_scale": hidden**0.5,
        "token_inputs": inputs,
    }


ARCHITECTURES = (
    Architecture("gemma4", "Gemma 4", ("gemma4", "gemma4_text"), _from_hf, _from_gguf, _plain, by_layer=True),
)
