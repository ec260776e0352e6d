"""Folders of random weights: they load, they are the same for a seed, and the command refuses what it must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.bench.instruments import random_model
from tests.bench.instruments.random_model import SIZES, tensors, write
from tests.engine.made.tiny import EOS_ID, Zoo, ask, finish, loaded


def test_a_folder_loads_and_replies(zoo: Zoo, tmp_path: Path) -> None:
    like = zoo.gguf("llama")
    count = write(SIZES["tiny"], tmp_path / "made", str(like), shard_bytes=200_000)
    files = inspect(tmp_path / "made")
    assert len(files.weights) > 2
    assert files.config.tied_embeddings
    assert EOS_ID in files.config.eos_token_ids
    own, theirs = load_tokenizer(files), load_tokenizer(inspect(like))
    assert own.encode("the cat 12", add_bos=False) == theirs.encode("the cat 12", add_bos=False)
    assert own.info.chat_template == theirs.info.chat_template
    engine = loaded(tmp_path / "made", context_length=128)
    assert engine.ready is not None
    assert engine.ready.parameters == count
    assert finish(engine, ask(max_tokens=6)).metrics.tokens_generated <= 6


def test_a_seed_gives_the_same_weights(zoo: Zoo, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> dict[str, torch.Tensor]:
        write(SIZES["tiny"], tmp_path / name, str(zoo.gguf("llama")), seed)
        return {k: v for f in (tmp_path / name).glob("*.safetensors") for k, v in load_file(f).items()}

    a, b, c = weights("a", 1), weights("b", 1), weights("c", 2)
    assert all(torch.equal(a[name], b[name]) for name in a)
    key = "model.layers.1.mlp.up_proj.weight"
    assert not torch.equal(a[key], c[key])
    assert a[key].dtype == torch.bfloat16
    assert all(bool(tensor.isfinite().all()) for tensor in a.values())
    index = json.loads((tmp_path / "a" / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"]) == set(a) == {name for name, _ in tensors(SIZES["tiny"], 300)}


def test_the_large_one_has_about_a_billion_parameters() -> None:
    size = SIZES["1b"]
    assert (size.hidden, size.layers, size.heads, size.kv_heads, size.inner) == (2048, 16, 32, 8, 8192)
    counts = [torch.Size(shape).numel() for _, shape in tensors(size, 49152)]
    assert 1.0e9 < sum(counts) < 1.1e9


def test_the_command(zoo: Zoo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["--parameters", "tiny", "--out", str(tmp_path / "made"), "--like", str(zoo.gguf("llama"))]
    assert random_model.main(args) == 0
    assert "parameters in" in capsys.readouterr().out
    assert random_model.main(args) == 2
    assert "Give an empty or a new folder" in capsys.readouterr().err
    (tmp_path / "file").write_text("x")
    assert random_model.main([*args[:2], "--out", str(tmp_path / "file" / "x"), *args[4:]]) == 1
    assert random_model.main([*args[:2], "--out", str(tmp_path / "new"), "--like", "no-such-model"]) == 2
    assert not (tmp_path / "new").exists()
