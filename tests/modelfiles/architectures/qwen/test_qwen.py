"""What is read of Qwen3.5: which layers are recurrent, their sizes, and where a config keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import ModelConfig, Recurrent
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, write_gguf

SIZES: dict[str, Any] = {
    "model_type": "qwen3_5_text",
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e7, "partial_rotary_factor": 0.25},
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 6,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 3,
}


def read(**changes: Any) -> ModelConfig:
    return config_from_hf({**SIZES, **changes}, "m")


def test_every_fourth_layer_has_attention_unless_the_file_says_otherwise() -> None:
    assert read().recurrent_layers == (0, 1, 2, 4, 5, 6)
    assert read(full_attention_interval=2).recurrent_layers == (0, 2, 4, 6)
    types = ["full_attention", *["linear_attention"] * 7]
    made = read(layer_types=types)
    assert made.recurrent_layers == (1, 2, 3, 4, 5, 6, 7)
    assert [made.rotary(i) is None for i in range(8)] == [False, *[True] * 7]
    with pytest.raises(ModelFileError) as caught:
        read(layer_types=["sliding_attention"] * 8)
    assert caught.value.fields["feature"] == "layers of the kind sliding_attention"


def test_sizes_of_its_layers() -> None:
    made = read()
    assert made.recurrent == Recurrent(key_heads=2, value_heads=6, key_dim=16, value_dim=8, kernel=3)
    assert (made.qk_norm, made.gated_attention, made.norm_offset, made.rotary_size) == (True, True, 1.0, 8)
    assert made.recurrent.channels == 2 * 2 * 16 + 6 * 8
    assert made.recurrent.state_bytes == 4 * (6 * 16 * 8 + 2 * 112)
    assert made.state_bytes == 6 * made.recurrent.state_bytes


def test_a_model_that_sees_pictures_keeps_the_sizes_of_its_text_apart() -> None:
    outer = {"model_type": "qwen3_5", "text_config": SIZES, "vision_config": {"depth": 2}, "tie_word_embeddings": True}
    made = config_from_hf(outer, "m")
    assert (made.num_layers, made.recurrent, made.tied_embeddings) == (8, read().recurrent, True)


def test_what_a_file_leaves_out_is_what_transformers_has() -> None:
    made = config_from_hf({"model_type": "qwen3_5_text"}, "m")
    assert (made.hidden_size, made.num_layers, made.head_dim, made.rotary_size) == (4096, 32, 256, 64)
    assert made.recurrent == Recurrent(key_heads=16, value_heads=32, key_dim=128, value_dim=128, kernel=4)
    assert len(made.recurrent_layers) == 24


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"linear_num_value_heads": 5}, "5 value heads over 2 key heads"),
        ({"linear_conv_kernel_dim": 0}, "sizes of a recurrent layer"),
        ({"layer_types": ["linear_attention"] * 8}, "8 of 8 layers recurrent"),
    ],
)
def test_what_makes_no_model_is_refused(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read(**changes)
    assert what in caught.value.fields["what"]


def test_a_gguf_file_counts_layers_that_predict_further_tokens(tmp_path: Path, zoo: Zoo) -> None:
    plain = inspect(zoo.gguf("qwen35")).config
    assert (plain.num_layers, plain.recurrent_layers) == (4, (0, 2, 3))
    assert plain.recurrent is not None
    assert (plain.recurrent.tiled, plain.norm_offset, plain.partial_rotary) == (True, 0.0, True)
    path = write_gguf("qwen35", 0, tmp_path / "mtp.gguf", **{"qwen35.nextn_predict_layers": 1})
    made = inspect(path).config
    assert (made.num_layers, made.recurrent_layers) == (3, (0, 2)), "its last layer is not run with the others"
