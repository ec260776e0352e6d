"""Experts beside a perceptron, as transformers' own layer has them."""

from __future__ import annotations

import pytest
import torch

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts.expert_branch import load_branch
from helix_app.engine.models.parts.feed_forward import load_mlp
from helix_app.engine.models.parts.part import Pass
from helix_app.engine.models.residual import Norm, residual
from helix_app.engine.models.tensors import expert_weights, weights
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo, hf_model

CPU, ALONE = torch.device("cpu"), Pass((), ())


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_both_are_normed_and_added(zoo: Zoo, kind: str) -> None:
    """What a layer of transformers adds to the stream, but for the norm behind both."""
    path = zoo.folder("gemma4_moe") if kind == "folder" else zoo.gguf("gemma4_moe")
    files, layer = inspect(path), hf_model("gemma4_moe").model.layers[1]
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        dense = layer.mlp(layer.pre_feedforward_layernorm(x))
        _, weights, chosen = layer.router(x)
        given = layer.experts(layer.pre_feedforward_layernorm_2(x), chosen, weights)
        want = layer.post_feedforward_layernorm_1(dense) + layer.post_feedforward_layernorm_2(given)
    maker = LinearMaker("plain", torch.float32, CPU)
    with open_weights(files) as source:
        branch, mlp = (load(files.config, maker, source, 1) for load in (load_branch, load_mlp))
        norm = Norm(source.get("mlp_norm", layer=1))
    assert branch is not None
    stream = residual(x, norm, files.config.norm_eps)
    torch.testing.assert_close(branch(mlp(stream.normed(norm), ALONE), stream, ALONE), want, atol=1e-5, rtol=1e-5)
    each = [residual(row, norm, files.config.norm_eps) for row in x.split(1)]
    rows = torch.cat([branch(mlp(one.normed(norm), ALONE), one, ALONE) for one in each])
    torch.testing.assert_close(rows, want, atol=1e-5, rtol=1e-5)
    products = sum(one.rows * one.columns for one in branch.linears)
    assert 4 * products < branch.weight_bytes < 1.1 * 4 * products


def test_other_layers_have_none(zoo: Zoo) -> None:
    maker = LinearMaker("plain", torch.float32, CPU)
    for name in ("gemma4", "qwen3_moe"):
        files = inspect(zoo.folder(name))
        with open_weights(files) as source:
            assert load_branch(files.config, maker, source, 1) is None


@pytest.mark.parametrize("role", ["router_scale", "expert_scale", "dense_post_norm"])
def test_a_file_without_one_of_its_weights_is_refused(zoo: Zoo, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    files = inspect(zoo.gguf("gemma4_moe"))
    for names in (expert_weights.NAMES, weights._NAMES):
        monkeypatch.setitem(names, role, ("blk.{i}.elsewhere", "elsewhere"))
    with open_weights(files) as source, pytest.raises(ModelFileError):
        load_branch(files.config, LinearMaker("plain", torch.float32, CPU), source, 0)
