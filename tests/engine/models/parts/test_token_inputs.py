"""What layers are given of a row's token, and where the table of it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helix_app.base.errors import ModelFileError
from helix_app.engine.loading.fitting.needs import dense_weights, need_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts.token_inputs import load_token_gate, load_token_table
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import LENGTH, logits_of, runner_of, some_ids, worst

CPU = torch.device("cpu")


def test_its_table_of_inputs_stays_in_the_file(zoo: Zoo, tmp_path: Path) -> None:
    """The same logits as from the unpacked table, and no memory for it."""
    path = zoo.gguf("gemma4-loopy", quant="Q8_0")
    files, ids = inspect(path), some_ids(LENGTH, 3)
    runner = runner_of(path)
    with open_weights(files) as source:
        table = source.get("inputs_embed")
    inputs = runner.decoder._inputs
    assert torch.equal(inputs.table(torch.tensor(ids)), table[ids])
    assert inputs.table.row_bytes == table.shape[1] // 32 * 34
    unpacked = dense_weights(files.config, "float32")
    mapped = files.gguf.tensors["per_layer_token_embd.weight"].nbytes
    assert need_of(files, "float32", 256, 256).weights == unpacked - 4 * table.numel() + mapped
    assert worst(logits_of(runner, ids, [31, 32]), logits_of(runner, ids)) < 1e-4


def test_a_model_without_inputs_has_no_parts_for_them(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama"))
    maker = LinearMaker("plain", torch.float32, CPU)
    with open_weights(files) as source:
        assert load_token_table(files.config, maker, source, None) is None
        assert load_token_gate(files.config, maker, source, 0) is None


def test_a_format_that_nobody_unpacks_is_refused_by_name(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    files = inspect(zoo.gguf("gemma4-loopy", quant="Q8_0"))
    odd = PackedTensor("Q8_K", np.zeros((300, 64), dtype=np.uint8), 224)
    with open_weights(files) as source:
        monkeypatch.setattr(source, "packed", lambda role, layer=0: odd)
        with pytest.raises(ModelFileError) as caught:
            load_token_table(files.config, LinearMaker("plain", torch.float32, CPU), source, None)
    assert caught.value.fields["feature"] == "Q8_K weights"
