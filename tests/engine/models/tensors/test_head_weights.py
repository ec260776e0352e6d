"""Weights of a draft head are those that its files should hold, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.tensors.head_weights import HeadWeights
from helix_app.modelfiles.draft_head import inspect_head
from tests.engine.made.heads import HeadReference, head_for
from tests.engine.made.tiny import VOCAB

ROLES = ("head_fc", "enorm", "hnorm", "q", "k", "v", "o", "mlp_norm", "gate", "up", "down", "norm", "head")


@pytest.fixture(scope="module")
def reference() -> HeadReference:
    return head_for("llama")


def test_tensors_by_role(reference: HeadReference, tmp_path: Path) -> None:
    with HeadWeights(inspect_head(reference.save(tmp_path / "head", "speculators")), 3) as source:
        for role in ROLES:
            assert source.get(role).is_floating_point()
        assert torch.equal(source.get("q"), reference.midlayer.self_attn.q_proj.weight)
        tokens = source.tokens(VOCAB)
        assert tokens is not None
        assert torch.equal(tokens, reference.tokens)
        assert source.groups4("q") is source.packed("q") is source.packed_experts("q", 0) is None


def test_one_of_the_whole_vocabulary_needs_no_map(tmp_path: Path) -> None:
    with HeadWeights(inspect_head(head_for("llama", drafted=0).save(tmp_path / "head")), 3) as source:
        assert source.tokens(VOCAB) is None


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("d2t", torch.zeros(120, dtype=torch.int64) + 200),
        ("d2t", torch.arange(120).neg()),
        ("d2t", torch.zeros(7, dtype=torch.int64)),
        ("fc.weight", torch.zeros(64, 128)),
        ("lm_head.weight", torch.zeros(121, 64)),
        ("midlayer.self_attn.q_proj.weight", torch.zeros(64, 64)),
        ("midlayer.hidden_norm.weight", torch.zeros(64, dtype=torch.int64)),
        ("midlayer.mlp.up_proj.weight", None),
    ],
)
def test_weights_that_cannot_be_are_refused(
    reference: HeadReference, tmp_path: Path, name: str, tensor: torch.Tensor | None
) -> None:
    file = reference.save(tmp_path / "head") / "model.safetensors"
    changed = {**load_file(str(file)), name: tensor}
    save_file({key: value for key, value in changed.items() if value is not None}, str(file))
    with HeadWeights(inspect_head(file.parent), 3) as source, pytest.raises(ModelFileError):
        _read(source)


def _read(source: HeadWeights) -> None:
    source.tokens(VOCAB)
    for role in ROLES:
        source.get(role)


def test_a_damaged_file_is_refused(reference: HeadReference, tmp_path: Path) -> None:
    files = inspect_head(reference.save(tmp_path / "head"))
    files.weights[0].write_bytes(b"nonsense")
    with pytest.raises(ModelFileError), HeadWeights(files, 3):
        pass
