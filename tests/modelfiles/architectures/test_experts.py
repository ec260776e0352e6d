"""Readers of models with experts, and of Mistral 3, where files leave things out."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures.base import GgufFacts
from helix_app.modelfiles.architectures.table import find_gguf
from helix_app.modelfiles.config import Experts, ModelConfig, RopeScaling, Temperature
from helix_app.modelfiles.hf_config import config_from_hf
from tests.modelfiles.architectures.test_table import SIZES

MOE = {**SIZES, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32}


def read(kind: str, **changes: Any) -> ModelConfig:
    return config_from_hf({**MOE, "model_type": kind, **changes}, "m")


PLAIN = RopeScaling()


def facts(rope: RopeScaling = PLAIN, **keys: Any) -> GgufFacts:
    own = {key.replace("__", "."): value for key, value in keys.items()}
    return GgufFacts(lambda name, default=None: own.get(name, default), frozenset(), 4, 64, 4, 16, rope)


def test_weights_are_renormalised_where_transformers_would() -> None:
    assert read("qwen3_moe").experts == Experts(8, 2, 32, renormalised=False)
    assert read("qwen3_moe", norm_topk_prob=True).experts == Experts(8, 2, 32)
    assert read("qwen2_moe").experts == Experts(8, 2, 32, renormalised=False, shared_size=5632)
    assert (read("qwen2_moe").qkv_bias, read("qwen3_moe").qkv_bias) == (True, False)


def test_weights_are_renormalised_where_llama_cpp_does() -> None:
    keys = {"expert_count": 8, "expert_used_count": 2, "expert_feed_forward_length": 32, "feed_forward_length": 96}
    assert find_gguf("qwen3moe").from_gguf(facts(**keys))["experts"] == Experts(8, 2, 32)
    found = find_gguf("qwen2moe").from_gguf(facts(**keys, expert_shared_feed_forward_length=48))["experts"]
    assert found == Experts(8, 2, 32, renormalised=False, shared_size=48)
    del keys["expert_feed_forward_length"]
    assert find_gguf("qwen3moe").from_gguf(facts(**keys))["experts"].size == 48  # of all that a row asks together
    with pytest.raises(ModelFileError, match="model_feature_unsupported"):
        find_gguf("qwen3moe").from_gguf(facts(**keys, expert_weights_scale=2.5))


def test_some_layers_have_no_experts() -> None:
    config = read("qwen3_moe", decoder_sparse_step=2, mlp_only_layers=[1])
    assert [config.experts_of(i) is None for i in range(4)] == [True, True, True, False]
    assert read("qwen3_moe").layers == ()
    window = {"use_sliding_window": True, "sliding_window": 8}
    assert read("qwen3_moe", **window).windows == (8,) * 4
    assert read("qwen2_moe", **window, max_window_layers=3).windows == (8, 0, 8, 0)


@pytest.mark.parametrize(
    "changes", [{"num_experts": 0, "num_local_experts": 0}, {"num_experts_per_tok": 9}, {"moe_intermediate_size": -1}]
)
def test_numbers_that_make_no_experts(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError) as caught:
        read("qwen3_moe", **changes)
    assert caught.value.code == "model_weights_mismatch"


def test_gpt_oss_of_a_file_that_says_little() -> None:
    raw = {**SIZES, "model_type": "gpt_oss", "num_local_experts": 8, "num_key_value_heads": 2}
    config = config_from_hf(raw, "m")
    assert config.experts == Experts(8, 4, 96, softmax_of_chosen=True, biased=True, swiglu_limit=7.0, transposed=True)
    assert (config.windows, config.sinks, config.qkv_bias, config.head_dim) == ((128, 0, 128, 0), True, True, 64)
    assert (config.rope_theta, config.rope.type, config.rope.factor, config.rope.truncate) == (
        *(150_000.0, "yarn", 32.0),
        False,
    )
    assert not config.fits_float16


def test_gpt_oss_in_gguf_does_not_round_the_bounds_of_its_ramp() -> None:
    keys = {"expert_count": 8, "expert_used_count": 2, "expert_feed_forward_length": 32, "attention__sliding_window": 9}
    found = find_gguf("gpt-oss").from_gguf(facts(RopeScaling("yarn", 32.0, 4096), **keys))
    assert (found["rope"].type, found["rope"].truncate) == ("yarn", False)
    assert [layer.window for layer in found["layers"]] == [9, 0, 9, 0]
    flags = {"attention__sliding_window_pattern": [False, True, True, False]}
    assert [layer.window for layer in find_gguf("gpt-oss").from_gguf(facts(**keys, **flags))["layers"]] == [0, 9, 9, 0]


def test_mistral_3_is_the_text_model_beside_the_one_for_pictures() -> None:
    text = {**SIZES, "model_type": "ministral3", "head_dim": 16, "num_key_value_heads": 2}
    config = config_from_hf({"model_type": "mistral3", "vision_config": {"hidden_size": 7}, "text_config": text}, "m")
    assert (config.hidden_size, config.architecture) == (64, "mistral3")
    assert config.temperature == Temperature(0.1, 16_384)
    assert (config.rope.mscale, config.rope.mscale_all_dim, config.rope_theta) == (1.0, 1.0, 1_000_000.0)
    older = {**text, "model_type": "mistral", "rope_theta": 1e9}
    config = config_from_hf({"model_type": "mistral3", "text_config": older}, "m")
    assert (config.temperature, config.rope.type, config.rope_theta, config.windows) == (None, "default", 1e9, ())


@pytest.mark.parametrize(
    ("keys", "temperature", "magnitude"),
    [
        ({}, None, None),
        ({"attention__temperature_scale": 0.1}, Temperature(0.1, 4096), None),
        ({"attention__temperature_scale": 0.1, "attention__temperature_length": 64}, Temperature(0.1, 64), None),
        ({"rope__scaling__yarn_log_multiplier": 1.0}, None, 1.0),
    ],
)
def test_growth_and_magnitude_of_mistral_3_in_gguf(
    keys: dict[str, Any], temperature: Temperature | None, magnitude: float | None
) -> None:
    found = find_gguf("mistral3").from_gguf(facts(RopeScaling("yarn", 16.0, 4096), **keys))
    assert (found["temperature"], found["rope"].mscale_all_dim) == (temperature, magnitude)
    assert found["interleaved"]
