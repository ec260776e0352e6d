"""Files of models with recurrent layers: quantised ones, and where they do not run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.make import runs_on_device
from helix_app.engine.models.packed.decoder import packed_formats
from helix_app.engine.models.tensors.delta_weights import (
    GATES,
    MATRICES,
    NAMES,
    VECTORS,
    as_converted,
    delta_shapes,
)
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, hf_model, write_gguf
from tests.engine.models.test_decoder import logits_of, runner_of, some_ids


def test_a_quantised_file_is_unpacked_and_is_nearly_the_model(zoo: Zoo) -> None:
    path, ids = zoo.gguf("qwen35-loopy", quant="Q8_0"), some_ids(40)
    got, want = (logits_of(runner_of(one), ids).double() for one in (path, zoo.gguf("qwen35-loopy")))
    assert 0 < float((got - want).norm() / want.norm()) < 0.1
    files = inspect(path)
    assert packed_formats(files) == frozenset()
    assert not runs_on_device(files.config)


@pytest.mark.parametrize("name", ["qwen35", "qwen3_next"])
@pytest.mark.parametrize("kind", ["gguf", "folder"])
def test_each_role_has_the_shape_that_is_expected(zoo: Zoo, kind: str, name: str) -> None:
    files = inspect(zoo.gguf(name) if kind == "gguf" else zoo.folder(name))
    config = files.config
    assert config.recurrent is not None
    shapes = delta_shapes(config.recurrent, config.hidden_size)
    assert set(shapes) == set(NAMES)
    with open_weights(files) as source:
        for role in (*MATRICES, *GATES, *VECTORS):
            assert tuple(source.get(role, layer=0).shape) == shapes[role]
        assert bool((source.get("delta_decay", layer=0) < 0).all()), "heads forget"


def test_older_files_hold_what_the_convolution_sees_and_gates_as_one(zoo: Zoo, tmp_path: Path) -> None:
    state = hf_model("qwen3_next").state_dict()
    joined = {f"blk.{i}.ssm_in.weight": f"model.layers.{i}.linear_attn.in_proj_qkvz.weight" for i in (0, 2)}
    tensors = {name: state[key].numpy() for name, key in joined.items()}
    older = inspect(write_gguf("qwen3_next", 0, tmp_path / "older.gguf", tensors=tensors))
    newer = inspect(zoo.gguf("qwen3_next"))
    assert [one.config.recurrent and one.config.recurrent.joined for one in (older, newer)] == [True, False]
    with open_weights(older) as mine, open_weights(newer) as other:
        for role in (*MATRICES, *GATES):
            assert torch.equal(mine.get(role, layer=2), other.get(role, layer=2)), role


def test_a_tensor_that_is_missing_is_named(zoo: Zoo) -> None:
    files = inspect(zoo.folder("qwen35"))
    with open_weights(files) as source, pytest.raises(ModelFileError) as caught:
        source.get("delta_qkv", layer=1)  # a layer with attention
    assert "linear_attn.in_proj_qkv.weight is missing" in caught.value.fields["what"]


def test_what_a_folder_holds_is_made_what_a_converter_writes() -> None:
    assert torch.equal(as_converted("delta_decay", torch.zeros(2)), torch.tensor([-1.0, -1.0]))
    assert as_converted("delta_conv", torch.zeros(8, 1, 4)).shape == (8, 4)
    assert as_converted("delta_out", torch.ones(2, 2)).shape == (2, 2)
