"""What Gemma 4 is, in both formats, and what of it is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import gguf
import pytest
import torch

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.rope import inverse_frequencies
from helix_app.engine.models.tensors import expert_weights
from helix_app.engine.models.tensors.token_weights import TOKEN_INPUTS
from helix_app.modelfiles.architectures.base import GgufFacts
from helix_app.modelfiles.architectures.gemma.gemma4 import ARCHITECTURES
from helix_app.modelfiles.architectures.table import find_hf
from helix_app.modelfiles.config import Experts, Heads, RopeScaling
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, hf_config

NAMES = ("gemma4", "gemma4-loopy", "gemma4_moe")


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_describe_one_model(zoo: Zoo, name: str) -> None:
    folder, file = (inspect(path).config for path in (zoo.folder(name), zoo.gguf(name)))
    assert dataclasses.replace(folder, layers=(), norm_eps=0) == dataclasses.replace(file, layers=(), norm_eps=0)
    for i in range(folder.num_layers):
        ours, theirs = folder.layer(i), file.layer(i)
        assert (folder.heads(i), folder.inner_size(i)) == (file.heads(i), file.inner_size(i))
        assert (ours.window, ours.shares, ours.keys_as_values) == (theirs.window, theirs.shares, theirs.keys_as_values)
        turns = [inverse_frequencies(config, config.rotary(i))[0] for config in (folder, file)]
        assert torch.allclose(*turns)


def test_experts_stand_beside_the_perceptron_of_each_layer_that_has_a_router(zoo: Zoo) -> None:
    config = inspect(zoo.gguf("gemma4_moe")).config
    assert config.experts == Experts(6, 3, 32, beside=True)
    assert config.active_size == 96 + 3 * 32
    some = facts(expert_count=6, expert_used_count=3, expert_feed_forward_length=32)
    fields = ARCHITECTURES[0].from_gguf(dataclasses.replace(some, tensors=some.tensors | {"blk.1.ffn_gate_inp.weight"}))
    assert [one.dense for one in fields["layers"]] == [True, False, True, True]


@pytest.mark.parametrize("missing", ["num_experts", "top_k_experts", "moe_intermediate_size"])
def test_experts_without_their_numbers_are_nonsense(missing: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**hf_config("gemma4_moe").to_dict(), missing: None}, "")
    assert caught.value.code in ("model_corrupt", "model_weights_mismatch")


def test_a_description_within_one_that_sees_and_hears() -> None:
    """Ends of both are ends, and what the text alone says goes before."""
    text = hf_config("gemma4-loopy").to_dict()
    whole = {
        "model_type": "gemma4",
        "text_config": text,
        "vision_config": {},
        "eos_token_id": [1, 106],
        "hidden_size": 9,
    }
    nested, alone = config_from_hf(whole, ""), config_from_hf(text, "")
    assert nested.eos_token_ids == (1, 106, 2)
    assert dataclasses.replace(nested, eos_token_ids=alone.eos_token_ids) == alone
    assert find_hf("gemma4_text").key == "gemma4"


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"use_bidirectional_attention": "all"}, "later tokens"),
        ({"layer_types": ["sliding_attention", "chunked_attention"] * 2 + ["full_attention"]}, "chunked_attention"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 1.0}}}, "yarn"),
    ],
    ids=str,
)
def test_what_it_does_not_do_is_refused_by_name(changes: dict[str, Any], feature: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**hf_config("gemma4").to_dict(), **changes}, "")
    assert caught.value.code == "model_feature_unsupported"
    assert feature in caught.value.fields["feature"]


@pytest.mark.parametrize("shared", [5, 4, 9])
def test_layers_share_only_what_there_is(shared: int) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**hf_config("gemma4").to_dict(), "num_kv_shared_layers": shared}, "")
    assert caught.value.code == "model_corrupt"


def facts(**changes: Any) -> GgufFacts:
    """Of a file of four layers, the last of which shares."""
    values = {
        "attention.sliding_window_pattern": [True, False, True, False],
        "attention.sliding_window": 512,
        "attention.key_length_swa": 256,
        "attention.shared_kv_layers": 1,
        "attention.head_count_kv": [8, 2, 8, 2],
        "feed_forward_length": [64, 64, 64, 128],
        **changes,
    }
    names = frozenset(f"blk.{i}.attn_v.weight" for i in (0, 2))
    return GgufFacts(values.get, names, 4, 64, 8, 512, RopeScaling("llama3", factors=(1.0,) * 256), 300)


def test_sizes_of_a_file_are_layer_by_layer() -> None:
    fields = ARCHITECTURES[0].from_gguf(facts())
    layers = fields["layers"]
    assert (fields["head_dim"], fields["num_kv_heads"], fields["intermediate_size"]) == (256, 8, 64)
    assert [(one.head_dim, one.kv_heads, one.window) for one in layers] == [(0, 0, 512), (512, 2, 0)] * 2
    assert [one.shares for one in layers] == [None, None, None, 1]
    assert [one.keys_as_values for one in layers] == [False, True, False, False]
    assert [one.intermediate_size for one in layers] == [0, 0, 0, 128]


@pytest.mark.parametrize(
    "changes",
    [
        {"attention.sliding_window_pattern": [True]},
        {"attention.key_length_swa": 0},
        {"attention.sliding_window": 0},
        {"attention.shared_kv_layers": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nonsense_in_a_file_is_found(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ARCHITECTURES[0].from_gguf(facts(**changes))


@pytest.mark.parametrize("key", ["attention.value_length_swa", "rope.dimension_count_swa"])
def test_heads_of_another_kind_are_refused_by_name(key: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        ARCHITECTURES[0].from_gguf(facts(**{key: 128}))
    assert caught.value.code == "model_feature_unsupported"


def test_the_names_of_tensors_are_those_of_the_format() -> None:
    known = {gguf.TENSOR_NAMES[kind] for kind in gguf.MODEL_TENSORS[gguf.MODEL_ARCH.GEMMA4]}
    beside = ("router", "router_scale", "expert_scale", "expert_norm", "expert_post_norm", "dense_post_norm")
    for name, _ in (*TOKEN_INPUTS.values(), *(expert_weights.NAMES[role] for role in beside)):
        assert name.replace("{i}", "{bid}").removesuffix(".scale") in known


def test_heads_of_layers_are_the_models_but_for_their_own(zoo: Zoo) -> None:
    config = inspect(zoo.folder("gemma4")).config
    assert [config.heads(i) for i in (0, 2)] == [Heads(4, 4, 16), Heads(4, 1, 32)]
    assert (config.heads(0).group, config.heads(2).group) == (1, 4)
    assert not config.is_even
