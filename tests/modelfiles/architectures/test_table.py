"""Readers of what each architecture does otherwise; ``tests/engine/models`` compares what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures.base import GgufFacts
from helix_app.modelfiles.architectures.table import ARCHITECTURES, find_gguf, find_hf
from helix_app.modelfiles.config import Layer, RopeScaling, Rotary
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import SHAPES, Zoo, hf_config

SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
}


def test_each_is_found_by_its_names_and_no_other() -> None:
    for one in ARCHITECTURES:
        assert find_gguf(one.key).key == one.key
        assert all(find_hf(kind) is one for kind in one.hf)
    assert len({kind for one in ARCHITECTURES for kind in one.hf}) == sum(len(one.hf) for one in ARCHITECTURES)
    for find in (find_hf, find_gguf):
        with pytest.raises(ModelFileError) as caught:
            find("mamba")
        assert caught.value.code == "model_unsupported"
        assert caught.value.fields["supported"].startswith("Llama, ")


@pytest.mark.parametrize("name", [name for name in SHAPES if "window" not in name])
def test_both_formats_describe_the_same_layers(zoo: Zoo, name: str) -> None:
    """But for how the file holds weights."""
    file, folder = (inspect(path).config for path in (zoo.gguf(name), zoo.folder(name)))
    same = ("windows", "qk_norm", "post_norms", "activation", "head_dim", "qkv_bias", "out_bias", "mlp_bias")
    same += ("embedding_scale", "residual_scale", "logit_scale", "logit_softcap", "score_scale", "tied_embeddings")
    for field in same:
        assert getattr(file, field) == pytest.approx(getattr(folder, field)), field
    assert [r.theta for r in file.rotaries] == [r.theta for r in folder.rotaries]
    assert [file.rotary(i) is None for i in range(2)] == [folder.rotary(i) is None for i in range(2)]


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
@pytest.mark.parametrize(
    ("changes", "windows"),
    [
        ({}, ()),
        ({"sliding_window": 8}, ()),
        ({"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 3}, (0, 0, 0, 8)),
        ({"use_sliding_window": True, "max_window_layers": 2}, (0, 0, 4096, 4096)),
        ({"use_sliding_window": True, "sliding_window": None}, ()),
        ({"use_sliding_window": True, "layer_types": ["sliding_attention", *["full_attention"] * 3]}, (4096, 0, 0, 0)),
    ],
)
def test_windows_are_those_that_transformers_takes(
    kind: str, changes: dict[str, Any], windows: tuple[int, ...]
) -> None:
    made = config_from_hf({**SIZES, "model_type": kind, **changes}, "m")
    assert made.windows == windows
    assert made.layer(0) in (Layer(), Layer(window=4096))


def test_layers_of_another_kind_are_refused_by_name() -> None:
    raw = {**SIZES, "model_type": "qwen3", "use_sliding_window": True, "layer_types": ["linear_attention"] * 4}
    with pytest.raises(ModelFileError) as caught:
        config_from_hf(raw, "m")
    assert caught.value.fields["feature"] == "layers of the kind linear_attention"


def test_a_head_size_that_is_not_said_is_the_one_of_transformers() -> None:
    from transformers import Qwen3Config

    assert config_from_hf({**SIZES, "model_type": "qwen3"}, "m").head_dim == Qwen3Config().head_dim
    assert config_from_hf(hf_config("qwen3").to_dict(), "m").head_dim == 24


# --------------------------------------------------------------------------- Gemma 3

GEMMA: dict[str, Any] = {**SIZES, "model_type": "gemma3_text", "num_hidden_layers": 7, "sliding_window": 8}
LOCAL = Rotary(10_000.0)


def test_every_sixth_layer_of_gemma_sees_all() -> None:
    made = config_from_hf(GEMMA, "m")
    assert made.windows == (8, 8, 8, 8, 8, 0, 8)
    assert [made.rotary(i) for i in (0, 5)] == [LOCAL, Rotary(1_000_000.0)]
    assert (made.embedding_scale, made.score_scale, made.norm_offset) == (8.0, 1 / 16, 1.0)
    assert (made.tied_embeddings, made.head_dim, made.activation, made.fits_float16) == (True, 256, "gelu_tanh", False)


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_theta": 5e5, "rope_local_base_freq": 300.0, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        {
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5e5},
                "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
            }
        },
    ],
    ids=["before", "transformers 5"],
)
def test_gemma_s_two_rotary_embeddings_are_read_wherever_versions_keep_them(changes: dict[str, Any]) -> None:
    made = config_from_hf({**GEMMA, **changes}, "m")
    assert made.rotaries == (Rotary(300.0), Rotary(5e5, RopeScaling(type="linear", factor=8.0)))


def test_a_gemma_that_also_sees_pictures_is_read_with_what_google_leaves_out() -> None:
    """Its text part says little; the rest is what transformers takes."""
    from transformers import Gemma3TextConfig

    text = {"hidden_size": 2560, "num_hidden_layers": 34, "intermediate_size": 10240, "sliding_window": 1024}
    made = config_from_hf({"model_type": "gemma3", "text_config": text, "eos_token_id": [1, 106]}, "m")
    theirs = Gemma3TextConfig(**text)
    assert (made.num_heads, made.num_kv_heads, made.head_dim) == (8, 4, 256)
    assert made.windows == tuple(1024 if kind == "sliding_attention" else 0 for kind in theirs.layer_types)
    assert (made.vocab_size, made.context_length) == (theirs.vocab_size, theirs.max_position_embeddings)
    assert (made.hidden_size, made.eos_token_ids) == (2560, (1, 106))
    assert [rotary.theta for rotary in made.rotaries] == [1e4, 1e6]


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"attn_logit_softcapping": 50.0}, "a softcap of attention scores"),
        ({"use_bidirectional_attention": True}, "attention to later tokens"),
        ({"hidden_activation": "gelu"}, "the activation gelu"),
        (
            {"rope_parameters": {"sliding_attention": {"rope_type": "yarn"}}},
            "yarn rotary scaling in layers with a window",
        ),
    ],
)
def test_what_gemma_has_not_is_refused_by_name(changes: dict[str, Any], feature: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**GEMMA, **changes}, "m")
    assert caught.value.fields["feature"] == feature


def facts(layers: int, **keys: Any) -> GgufFacts:
    return GgufFacts(lambda name, default=None: keys.get(name, default), frozenset(), layers, 5376, 32, 128)


def test_windows_and_scales_of_gemma_in_gguf() -> None:
    read = find_gguf("gemma3").from_gguf
    window = {"attention.sliding_window": 8}
    assert [layer.window for layer in read(facts(7, **window))["layers"]] == [8, 8, 8, 8, 8, 0, 8]
    assert [
        layer.window for layer in read(facts(4, **window, **{"attention.sliding_window_pattern": 2}))["layers"]
    ] == [
        8,
        0,
        8,
        0,
    ]
    flags = {"attention.sliding_window_pattern": [False, True]}
    assert [layer.window for layer in read(facts(2, **window, **flags))["layers"]] == [0, 8]
    assert [read(facts(count))["attention_scale"] for count in (61, 62)] == [None, 168**-0.5]


# --------------------------------------------------------------------------- others


def test_mistral_has_its_window_everywhere_unless_it_says_none() -> None:
    raw = {**SIZES, "model_type": "mistral"}
    assert config_from_hf(raw, "m").windows == (4096,) * 4  # what transformers takes
    assert config_from_hf({**raw, "sliding_window": None}, "m").windows == ()
    assert config_from_hf({**raw, "sliding_window": 7}, "m").windows == (7,) * 4


def test_fourth_layers_of_smollm3_turn_nothing() -> None:
    raw = {**SIZES, "model_type": "smollm3"}
    made = config_from_hf(raw, "m")
    assert [made.rotary(i) is None for i in range(4)] == [False, False, False, True]
    assert (made.tied_embeddings, made.rotaries) == (True, (Rotary(2_000_000.0),))
    made = config_from_hf({**raw, "no_rope_layers": [0, 1, 1, 0], "sliding_window": 8, "use_sliding_window": True}, "m")
    assert [made.rotary(i) is None for i in range(4)] == [True, False, False, True]
    assert made.windows == (8, 0, 0, 8)


@pytest.mark.parametrize("kind", ["su", "yarn", "longrope"])
def test_phi_3_s_divisors_have_had_several_names(kind: str) -> None:
    factors = {"short_factor": [1.0] * 8, "long_factor": [2.0] * 8}
    raw = {**SIZES, "model_type": "phi3", "max_position_embeddings": 131072, "rope_scaling": {"type": kind, **factors}}
    scaling = config_from_hf(raw, "m").rope
    assert (scaling.type, scaling.original_context, scaling.factor) == ("longrope", 4096, 32.0)
    assert scaling.attention_factor == pytest.approx(1.19023807)
    assert (scaling.factors, scaling.long_factors) == ((1.0,) * 8, (2.0,) * 8)
    with pytest.raises(ModelFileError) as caught:
        config_from_hf(
            {**raw, "rope_scaling": {"type": kind, "short_factor": [1.0] * 8, "long_factor": [2.0] * 7}}, "m"
        )
    assert "7 rotary divisors" in caught.value.fields["what"]


def test_granite_s_multipliers() -> None:
    raw = {**SIZES, "model_type": "granite", "embedding_multiplier": 12, "attention_multiplier": 0.0078125}
    made = config_from_hf({**raw, "residual_multiplier": 0.22, "logits_scaling": 8.0}, "m")
    assert (made.embedding_scale, made.score_scale, made.residual_scale, made.logit_scale) == (
        12,
        0.0078125,
        0.22,
        0.125,
    )
