"""Weights by role: the same tensors from both formats, in the order that the decoder wants, and a refusal of others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.tensors.weights import expected_shape, open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, hf_model

OF_A_LAYER = ("attn_norm", "q", "k", "v", "o", "mlp_norm", "gate", "up", "down")
ALL = ("embed", "norm", "head", *OF_A_LAYER)


@pytest.mark.parametrize("name", ["llama-gqa3", "llama-wide-heads", "qwen2"])
def test_both_formats_give_the_same_tensors(zoo: Zoo, name: str) -> None:
    file, folder = inspect(zoo.gguf(name)), inspect(zoo.folder(name))
    with open_weights(file) as ours, open_weights(folder) as theirs:
        for role in ALL:
            for layer in range(file.config.num_layers if role in OF_A_LAYER else 1):
                got = ours.get(role, "weight", layer)
                assert torch.equal(got, theirs.get(role, "weight", layer)), role
                assert tuple(got.shape) == expected_shape(file.config, role, "weight")
                got[...] = 0  # a tensor of its own, not the file


def test_biases_are_as_long_as_their_weights(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("qwen2"))
    state = hf_model("qwen2").state_dict()
    with open_weights(files) as source:
        for role in ("q", "k", "v"):
            bias = source.get(role, "bias", 1)
            assert torch.equal(bias, state[f"model.layers.1.self_attn.{role}_proj.bias"])
            assert tuple(bias.shape) == expected_shape(files.config, role, "bias")


def test_only_packed_weights_are_packed(zoo: Zoo) -> None:
    for path, packed in (
        (zoo.gguf("llama-q4", quant="Q4_0"), True),
        (zoo.gguf("llama-q4"), False),
        (zoo.folder("llama-q4"), False),
    ):
        with open_weights(inspect(path)) as source:
            found = source.packed("down", 1)
            assert (found is not None) is packed
            assert (source.groups4("down", 1) is not None) is packed
            if found is not None:
                assert (found.rows, found.columns) == tuple(source.get("down", layer=1).shape)


def test_query_and_key_rows_are_put_apart_and_others_stay(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-q4", quant="Q4_0"))
    assert files.gguf is not None
    with open_weights(files) as source:
        for role, name, heads in (("q", "attn_q", 4), ("k", "attn_k", 2), ("v", "attn_v", 1)):
            raw, ours = files.gguf.groups4(f"blk.0.{name}.weight"), source.groups4(role)
            assert raw is not None
            assert ours is not None
            half = raw.integers.shape[0] // heads // 2
            order = [h * 2 * half + 2 * i + j for h in range(heads) for j in range(2) for i in range(half)]
            if role == "v":
                order = list(range(len(raw.integers)))
            assert np.array_equal(ours.integers, raw.integers[order])
            assert np.array_equal(ours.scale, raw.scale[order])
            assert not np.array_equal(ours.integers, raw.integers) or role == "v"


# --------------------------------------------------------------------------- refusals


def test_a_weight_of_another_shape_is_a_mismatch(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-q4", quant="Q4_0"))
    wider = replace(files, config=replace(files.config, intermediate_size=128))
    with open_weights(wider) as source:
        assert source.groups4("q") is not None
        with pytest.raises(ModelFileError) as caught:
            source.groups4("gate")
    assert caught.value.code == "model_weights_mismatch"


@pytest.fixture
def folder(zoo: Zoo, tmp_path: Path) -> Path:
    """A sound safetensors folder to be changed."""
    return Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))


def changed(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    """The folder after a change of its tensors."""
    file = folder / "model.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)
    return folder


UP = "model.layers.0.mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        (lambda tensors: tensors.pop(UP), "model_weights_mismatch", f"{UP} is missing"),
        (lambda tensors: tensors.update({UP: tensors[UP][:-1].clone()}), "model_weights_mismatch", "[95, 32] instead"),
        (lambda tensors: tensors.update({UP: tensors[UP].to(torch.int8)}), "model_feature_unsupported", "torch.int8"),
        (
            lambda tensors: tensors.update({UP: tensors[UP].to(torch.float8_e4m3fn)}),
            "model_feature_unsupported",
            "float8",
        ),
    ],
)
def test_what_is_no_such_weight_is_named(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], object], code: str, word: str
) -> None:
    with open_weights(inspect(changed(folder, change))) as source:
        assert source.get("gate").shape == (96, 32)
        with pytest.raises(ModelFileError) as caught:
            source.get("up")
    assert caught.value.code == code
    assert any(word in value for value in caught.value.fields.values())


def renamed(name: str, way: str) -> str:
    return {
        "bare": name.removeprefix("model."),
        "beside pictures, before": f"language_model.{name}",
        "beside pictures": name.replace("model.", "model.language_model.", 1),
    }[way]


@pytest.mark.parametrize("way", ["bare", "beside pictures, before", "beside pictures"])
def test_names_with_another_first_part_are_found_too(folder: Path, way: str) -> None:
    """As checkpoints of the bare model have them, and those of models that also look at pictures."""

    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            tensors[renamed(name, way)] = tensors.pop(name)

    with open_weights(inspect(folder)) as source:
        wanted = {role: source.get(role) for role in ALL}
    with open_weights(inspect(changed(folder, rename))) as source:
        assert all(torch.equal(source.get(role), wanted[role]) for role in ALL)


def test_norms_of_gemma_are_the_same_from_both_formats(zoo: Zoo) -> None:
    """One is added to what a folder holds; a file holds the sum."""
    file, folder = inspect(zoo.gguf("gemma3")), inspect(zoo.folder("gemma3"))
    state = hf_model("gemma3").state_dict()
    with open_weights(file) as ours, open_weights(folder) as theirs:
        for role, name in (
            ("attn_norm", "input_layernorm"),
            ("attn_post_norm", "post_attention_layernorm"),
            ("mlp_norm", "pre_feedforward_layernorm"),
            ("mlp_post_norm", "post_feedforward_layernorm"),
            ("q_norm", "self_attn.q_norm"),
            ("k_norm", "self_attn.k_norm"),
        ):
            want = state[f"model.layers.1.{name}.weight"] + 1
            assert torch.equal(ours.get(role, layer=1), want)
            assert torch.equal(theirs.get(role, layer=1), want)


def test_a_half_keeps_its_precision(folder: Path) -> None:
    halved = changed(folder, lambda tensors: tensors.update({UP: tensors[UP].bfloat16()}))
    with open_weights(inspect(halved)) as source:
        assert (source.get("up").dtype, source.get("gate").dtype) == (torch.bfloat16, torch.float32)
