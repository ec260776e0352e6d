"""Readers of what each architecture does otherwise; ``tests/engine/models`` compares what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures import ARCHITECTURES, find_gguf, find_hf
from helix_app.modelfiles.config import Layer
from helix_app.modelfiles.hf_config import config_from_hf
from helix_app.modelfiles.model_path import inspect
from tests.engine.tiny import SHAPES, Zoo, hf_config

SIZES: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
}


def test_each_is_found_by_its_names_and_no_other() -> None:
    for one in ARCHITECTURES:
        assert find_gguf(one.key) is one
        assert all(find_hf(kind) is one for kind in one.hf)
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
