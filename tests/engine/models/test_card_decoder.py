"""The decoder that keeps a file's blocks on a card, on the CPU: the model of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.engine import interpreted as interpreted  # isort: skip  (before Triton)
from helix_app.engine.models.card_decoder import CardDecoder
from helix_app.engine.models.make import make_decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import CPU, logits_of, runner_of, some_ids, worst
from tests.engine.runs.paged import paged


def card_runner(path: Path, dtype: torch.dtype = torch.float32) -> ModelRunner:
    files = inspect(path)
    decoder = make_decoder(files.config, dtype=dtype, device=CPU, max_positions=64, packed=True)
    assert isinstance(decoder, CardDecoder)
    with open_weights(files) as source:
        for _ in decoder.load(source):
            pass
    return paged(decoder, 4)


@pytest.mark.parametrize(
    ("name", "quant"), [("llama", "Q4_0"), ("qwen2", "Q5_1"), ("gemma3", "Q8_0"), ("phi3", "Q8_0"), ("llama", "F32")]
)
def test_it_is_the_model_of_the_file(zoo: Zoo, monkeypatch: pytest.MonkeyPatch, name: str, quant: str) -> None:
    """Interleaved heads, biases, one table for embeddings and head, matrices in one; and what is not packed."""
    interpreted.plain_products(monkeypatch)
    path, ids = zoo.gguf(name, quant=quant), some_ids(40, 1)
    card, dense = card_runner(path), runner_of(path, context=64)
    assert card.decoder.format == "packed"
    assert card.decoder.parameters == dense.decoder.parameters
    assert set(card.decoder.kernels) == {"PlainLinear" if quant == "F32" else "PackedLinear"}
    assert worst(logits_of(card, ids, [6, 30]), logits_of(dense, ids)) < 1e-4


def test_tritons_kernels_run_in_it(zoo: Zoo) -> None:
    path, ids = zoo.gguf("llama-tied", quant="Q4_1"), some_ids(3, 1)
    assert worst(logits_of(card_runner(path), ids), logits_of(runner_of(path, context=64), ids)) < 1e-4


@pytest.mark.parametrize("name", ["llama", "llama-tied"])
def test_its_memory_is_the_files(zoo: Zoo, name: str) -> None:
    path = zoo.gguf(name, quant="Q8_0")
    files, decoder = inspect(path), card_runner(path).decoder
    assert files.gguf is not None
    assert isinstance(decoder, CardDecoder)
    blocks = sum(info.nbytes for info in files.gguf.tensors.values())
    assert decoder.held_bytes == pytest.approx(blocks, rel=0.02)
    decoder.release()
    assert not decoder._embed.numel()
