"""What is read of Qwen3.5 with experts: their sizes, wherever a file keeps them, and the layer that drafts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures.table import find_gguf
from helix_app.modelfiles.config import Experts, Layer, ModelConfig, Recurrent
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.next_token import with_next_token_of_folder, with_next_token_of_gguf
from tests.engine.made.tiny import Zoo
from tests.modelfiles.architectures.qwen.test_qwen import SIZES
from tests.modelfiles.architectures.test_experts import facts

EXPERTS = {
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 48,
}
TEXT = {**{k: v for k, v in SIZES.items() if k != "intermediate_size"}, **EXPERTS, "model_type": "qwen3_5_moe_text"}


def read(**changes: object) -> ModelConfig:
    return config_from_hf({**TEXT, **changes}, "m")


def test_experts_are_beside_what_qwen35_has() -> None:
    made, dense = read(), config_from_hf(SIZES, "m")
    assert made.experts == Experts(8, 2, 32, renormalised=True, shared_size=48)
    assert (made.architecture, made.layers, made.recurrent) == ("qwen35moe", dense.layers, dense.recurrent)
    assert (made.gated_attention, made.qk_norm, made.norm_offset, made.rotary_size) == (True, True, 1.0, 8)
    assert [made.experts_of(i) for i in range(8)] == [made.experts] * 8
    assert made.active_size == 2 * 32 + 48


def test_sizes_of_its_text_stand_apart_where_it_sees_pictures() -> None:
    outer = {"model_type": "qwen3_5_moe", "text_config": TEXT, "vision_config": {"depth": 2}, "image_token_id": 7}
    made = config_from_hf(outer, "m")
    assert (made.experts, made.recurrent, made.num_layers) == (read().experts, read().recurrent, 8)


def test_what_a_file_leaves_out_is_what_transformers_has() -> None:
    made = config_from_hf({"model_type": "qwen3_5_moe_text"}, "m")
    assert (made.hidden_size, made.num_layers, made.num_kv_heads, made.rotary_size) == (2048, 40, 2, 64)
    assert made.experts == Experts(256, 8, 512, shared_size=512)
    assert made.recurrent == Recurrent(key_heads=16, value_heads=32, key_dim=128, value_dim=128, kernel=4)


def test_a_header_need_not_have_the_width_of_a_perceptron(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("qwen3_5_moe"))
    assert files.gguf is not None
    assert "qwen35moe.feed_forward_length" not in files.gguf.metadata
    config = files.config
    assert config.experts == Experts(6, 3, 32, shared_size=64)
    assert (config.intermediate_size, config.recurrent_layers, config.norm_offset) == (32, (0, 2), 0.0)


def test_weights_of_a_shared_expert_are_as_wide_as_a_perceptron_where_nothing_else_is_said() -> None:
    keys = {"expert_count": 8, "expert_used_count": 2, "feed_forward_length": 96, "ssm__time_step_rank": 2}
    assert find_gguf("qwen35moe").from_gguf(facts(**keys))["experts"] == Experts(8, 2, 48, shared_size=96)
    with pytest.raises(ModelFileError, match="model_feature_unsupported"):
        find_gguf("qwen35moe").from_gguf(facts(**keys, expert_weights_scale=2.5))


@pytest.mark.parametrize("router", [True, False])
def test_the_layer_that_drafts_has_experts_where_it_has_a_router(router: bool) -> None:
    config = read()
    names = ["nextn.eh_proj", "attn_q", *(["ffn_gate_inp"] if router else [])]
    made = with_next_token_of_gguf(config, [f"blk.8.{name}.weight" for name in names])
    names = ["fc", *(["layers.0.mlp.gate"] if router else [])]
    assert with_next_token_of_folder(config, [f"mtp.{name}.weight" for name in names]) == made
    own = made.next_token
    assert own is not None
    assert (own.layer, own.normed) == (Layer(dense=not router), True)
    assert made.experts_of(8) == (config.experts if router else None)
    assert made.extended.experts_of(8) == made.experts_of(8)


# --------------------------------------------------------------------------- Qwen3-Next


def test_qwen3_next_of_a_config() -> None:
    raw = {**TEXT, "model_type": "qwen3_next", "intermediate_size": 96}
    made, other = config_from_hf(raw, "m"), read()
    assert (made.architecture, made.experts, made.layers) == ("qwen3next", other.experts, other.layers)
    assert other.recurrent is not None
    assert made.recurrent == replace(other.recurrent, joined=True, joined_gates=True)
    unscaled = config_from_hf({**raw, "norm_topk_prob": False, "mlp_only_layers": [2]}, "m")
    assert unscaled.experts == Experts(8, 2, 32, renormalised=False, shared_size=48)
    assert [i for i in range(8) if unscaled.experts_of(i) is None] == [2]
    assert config_from_hf({"model_type": "qwen3_next"}, "m").experts == Experts(512, 10, 512, shared_size=512)


def test_qwen3_next_of_a_header(zoo: Zoo) -> None:
    config = inspect(zoo.gguf("qwen3_next")).config
    assert config.experts == Experts(6, 3, 32, shared_size=64)
    assert config.recurrent == Recurrent(2, 4, 8, 16, 4, joined_gates=True)
    assert (config.intermediate_size, config.norm_offset, config.recurrent_layers) == (96, 0.0, (0, 2))
