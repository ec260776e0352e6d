"""Attention whose output is gated, and heads that are turned in part, against transformers' own class (Qwen3.5, of
layers with full attention alone) and in both formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from helix_app.engine.loading.fitting.needs import dense_weights
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.make import runs_on_device
from helix_app.engine.models.packed.decoder import packed_formats
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.config_check import check
from helix_app.modelfiles.gguf.gguf_file import read_header
from helix_app.modelfiles.model_path import ModelFiles
from tests.engine.made.gguf_names import gguf_name
from tests.engine.made.tiny import VOCAB
from tests.engine.models.test_decoder import CPU, LENGTH, TOLERANCE, logits_of, some_ids, worst
from tests.engine.runs.paged import paged

HIDDEN, INNER, HEADS, KV_HEADS, DIM, TURNED, THETA = 64, 96, 4, 2, 24, 12, 500.0
CONFIG = ModelConfig(
    "qwen3",
    VOCAB,
    HIDDEN,
    INNER,
    2,
    HEADS,
    KV_HEADS,
    DIM,
    256,
    norm_eps=1e-5,
    rope_theta=THETA,
    rotary_size=TURNED,
    qk_norm=True,
    gated_attention=True,
)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """Random weights in transformers' class."""
    from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

    config = Qwen3_5TextConfig(
        vocab_size=VOCAB,
        hidden_size=HIDDEN,
        intermediate_size=INNER,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        head_dim=DIM,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        layer_types=["full_attention"] * 2,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": THETA,
            "partial_rotary_factor": TURNED / DIM,
            "mrope_section": [2, 2, 2],
        },
    )
    config._attn_implementation = "eager"
    model = Qwen3_5ForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            weight.copy_(0.2 * noise if "norm" in name else noise * 1.3 / weight.shape[-1] ** 0.5)
    return model


@pytest.fixture(scope="module")
def folder(theirs: Any, tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    from safetensors.torch import save_file

    path = tmp_path_factory.mktemp("gated") / "model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, path)
    return ModelFiles(path.parent, replace(CONFIG, norm_offset=1.0), "gated", weights=(path,))


def written(theirs: Any, path: Path, interleaved: bool) -> ModelFiles:
    """As a converter writes it: norms with their offset, queries and gates head by head in one matrix."""
    writer = gguf.GGUFWriter(str(path), "qwen3")
    for name, tensor in theirs.state_dict().items():
        array = tensor.numpy() + np.float32("norm" in name)
        if interleaved and ("q_" in name or "k_" in name):
            heads = array.reshape(-1, DIM * (1 + ("q_proj" in name)), *array.shape[1:])
            pairs = heads[:, :TURNED].reshape(len(heads), 2, TURNED // 2, *array.shape[1:]).swapaxes(1, 2)
            turned = pairs.reshape(len(heads), TURNED, *array.shape[1:])
            if "norm" not in name:
                array = np.concatenate((turned, heads[:, TURNED:]), axis=1).reshape(array.shape)
        writer.add_tensor(gguf_name(name), np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return ModelFiles(path, replace(CONFIG, interleaved=interleaved), "gated", gguf=read_header(path))


@pytest.fixture(scope="module")
def packed(theirs: Any, tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return written(theirs, tmp_path_factory.mktemp("gated") / "model.gguf", interleaved=False)


@pytest.fixture(scope="module")
def interleaved(theirs: Any, tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return written(theirs, tmp_path_factory.mktemp("gated") / "model.gguf", interleaved=True)


@pytest.mark.parametrize("kind", ["folder", "packed", "interleaved"])
def test_logits_are_those_of_transformers(theirs: Any, kind: str, request: pytest.FixtureRequest) -> None:
    files: ModelFiles = request.getfixturevalue(kind)
    decoder = Decoder(files.config, dtype=torch.float32, device=CPU, max_positions=256)
    with open_weights(files) as source:
        assert list(decoder.load(source))[-1] == 1.0
    ids = some_ids(LENGTH, 3)
    with torch.no_grad():
        want = theirs(torch.tensor([ids])).logits[0]
    runner = paged(decoder, 16, order=list(reversed(range(16))))
    assert worst(logits_of(runner, ids, [7, 40, 41, 90, *range(140, LENGTH)]), want) < TOLERANCE
    held = sum(layer.weight_bytes for layer in decoder._layers) + 4 * HIDDEN * (2 * VOCAB + 1)
    assert dense_weights(files.config, "float32", head_copied=True) == pytest.approx(held, rel=0.01)


def test_what_has_no_kernels_for_it_says_so(packed: ModelFiles) -> None:
    plain = replace(CONFIG, gated_attention=False, rotary_size=0)
    for config in (CONFIG, replace(plain, gated_attention=True), replace(plain, rotary_size=TURNED)):
        assert not packed_formats(replace(packed, config=config))
        assert not runs_on_device(config)
    assert runs_on_device(plain)
    assert not replace(plain, rotary_size=DIM).partial_rotary


def test_a_part_that_is_no_pairs_is_refused() -> None:
    from helix_app.base.errors import ModelFileError

    for size in (7, DIM + 2):
        with pytest.raises(ModelFileError):
            check(replace(CONFIG, rotary_size=size), str(Path("model")))
