"""Configs from ``config.json``: every family and feature that there is, and a refusal by name for any other."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.base.messages import error_text
from helix_app.modelfiles.architectures.table import ARCHITECTURES
from helix_app.modelfiles.config import RopeScaling
from helix_app.modelfiles.hf_config import config_from_hf, token_ids
from tests.engine.made.tiny import Zoo
from tests.modelfiles.refusals import check

RAW: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


def refused(**changes: Any) -> ModelFileError:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**RAW, **changes}, "m")
    return caught.value


def test_what_is_not_said_has_the_usual_value() -> None:
    made = config_from_hf(RAW, "m")
    assert (made.num_kv_heads, made.head_dim, made.group_size) == (4, 16, 1)
    assert (made.context_length, made.norm_eps, made.rope_theta) == (2048, 1e-6, 10_000.0)
    assert (made.tied_embeddings, made.rope, made.eos_token_ids) == (False, RopeScaling(), ())


@pytest.mark.parametrize(
    ("changes", "qkv", "out", "mlp"),
    [
        ({}, False, False, False),
        ({"attention_bias": True}, True, True, False),
        ({"mlp_bias": True}, False, False, True),
        ({"model_type": "qwen2"}, True, False, False),
        ({"model_type": "qwen2", "attention_bias": True, "mlp_bias": True}, True, False, False),
    ],
)
def test_biases_are_those_of_the_family(changes: dict[str, Any], qkv: bool, out: bool, mlp: bool) -> None:
    made = config_from_hf({**RAW, **changes}, "m")
    assert (made.qkv_bias, made.out_bias, made.mlp_bias) == (qkv, out, mlp)


@pytest.mark.parametrize(
    "changes",
    [
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}},  # transformers 5
        {"rope_scaling": {"type": "linear", "factor": 4.0}, "rope_theta": 500.0},  # before
        {"rope_scaling": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}},
    ],
)
def test_rotary_scaling_is_read_wherever_versions_keep_it(changes: dict[str, Any]) -> None:
    made = config_from_hf({**RAW, **changes}, "m")
    assert (made.rope, made.rope_theta) == (RopeScaling(type="linear", factor=4.0), 500.0)


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"model_type": "mamba"}, "model_unsupported", "mamba"),
        ({"hidden_act": "gelu"}, "model_feature_unsupported", "the activation gelu"),
        ({"use_sliding_window": True}, "model_feature_unsupported", "sliding-window attention"),
        ({"rope_scaling": {"type": "longrope"}}, "model_feature_unsupported", "longrope rotary scaling"),
        ({"partial_rotary_factor": 0.5}, "model_feature_unsupported", "partial rotary embeddings"),
        ({"num_hidden_layers": "many"}, "model_corrupt", "nonsense in config.json"),
        ({"num_attention_heads": None}, "model_corrupt", "nonsense in config.json"),
        ({"hidden_size": math.inf}, "model_corrupt", "nonsense in config.json"),
        ({"model_type": "smollm3", "rope_scaling": "linear"}, "model_corrupt", "nonsense in config.json"),
        ({"model_type": "gpt_oss", "rope_scaling": "linear"}, "model_corrupt", "nonsense in config.json"),
    ],
)
def test_what_the_decoder_has_not_is_refused_by_name(changes: dict[str, Any], code: str, word: str) -> None:
    error = refused(**changes)
    assert error.code == code
    assert any(word in value for value in error.fields.values())
    if code == "model_unsupported":  # with the list of what works
        assert all(one.name in error_text(error.code, error.fields) for one in ARCHITECTURES)


@pytest.mark.parametrize(("value", "ids"), [(None, ()), (7, (7,)), ([7, 8], (7, 8)), ([], ()), ("7", (7,))])
def test_ids_are_one_some_or_none(value: Any, ids: tuple[int, ...]) -> None:
    assert token_ids(value) == ids


def test_a_folder_s_factor_without_a_type_counts_as_transformers_counts_it() -> None:
    from transformers import LlamaConfig

    raw = {"model_type": "llama", "vocab_size": 9, "hidden_size": 32, "intermediate_size": 8}
    raw |= {"num_hidden_layers": 1, "num_attention_heads": 2, "rope_scaling": {"factor": 4.0}}
    theirs = LlamaConfig(**raw).rope_parameters["rope_type"]
    assert config_from_hf(raw, "").rope.type == theirs == "default"


# --------------------------------------------------------------------------- as files


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "gptq"),
        ({"quantization_config": {"quant_method": "awq"}}, "awq"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, "bitsandbytes"),
        ({"quantization": {"group_size": 64, "bits": 4}, "quantization_config": {"group_size": 64}}, "MLX"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "MLX"),
    ],
)
def test_quantised_folders_name_their_method(zoo: Zoo, tmp_path: Path, change: dict[str, object], word: str) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    check(folder, "model_feature_unsupported", word)


def test_a_config_that_says_too_little(zoo: Zoo, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    file = folder / "config.json"
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "hidden_size"}))
    check(folder, "model_description", "hidden_size")
