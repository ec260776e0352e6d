"""The decoder for DirectML computes what the other one computes, of operators that the device has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.models.make import make_cache, make_decoder
from helix_app.engine.models.on_device import layers as device_layers
from helix_app.engine.models.on_device.layers import DeviceDecoder
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.modelfiles.model_path import inspect
from tests.engine.directml.simulated import decoder_there, runner_there, simulated
from tests.engine.directml.simulated_directml import DEVICE, SimulatedDirectML
from tests.engine.made import tiny_families
from tests.engine.made.tiny import SHAPES, Zoo
from tests.engine.made.tiny_recurrent import SHAPES as RECURRENT
from tests.engine.models.test_decoder import runner_of, some_ids

PLAIN = [name for name in SHAPES if name not in tiny_families.SHAPES]  # those do not run there
TOLERANCE = 1e-4
SCATTERED = random.Random(3).sample(range(16), 16)
OTHERS = ("llama-q4", "phi3-partial", *RECURRENT)  # the same as another, or refused (``make.runs_on_device``)


@pytest.fixture
def device() -> Iterator[SimulatedDirectML]:
    with simulated() as made:
        yield made


def fed(runner: ModelRunner, ids: list[int], pieces: tuple[int, ...]) -> torch.Tensor:
    """Logits of all ids, run in pieces."""
    runner.open("s", ())
    logits, at = [], 0
    for count in (*pieces, len(ids) - sum(pieces)):
        logits.append(runner.forward("s", ids[at : at + count], count))
        at += count
    return torch.cat(logits)


def model_of(zoo: Zoo, name: str) -> Path:
    """In GGUF, but for what that says nothing of."""
    return zoo.folder(name) if "window" in name else zoo.gguf(name)


HERE = [name for name in PLAIN if name not in OTHERS and not name.startswith("gemma4")]


@pytest.mark.parametrize(("name", "order"), [(name, SCATTERED if i % 2 else None) for i, name in enumerate(HERE)])
def test_logits_are_those_of_the_cpu(zoo: Zoo, device: SimulatedDirectML, name: str, order: list[int] | None) -> None:
    """A prompt longer than the mask's table, single rows and a few: on adjacent and on scattered blocks."""
    ids, path = some_ids(90), model_of(zoo, name)
    here = runner_of(path)
    wanted = fed(here, ids, (80,))
    decoder = decoder_there(path)
    blocks = -(-decoder.max_positions // 16)
    got = fed(
        runner_there(decoder, 16 if blocks > 8 else blocks, order if blocks > 8 else None), ids, (50, 5, 1, 1, 20)
    )
    assert float((got - wanted).abs().max()) < TOLERANCE
    assert decoder.parameters == here.decoder.parameters


def test_a_safetensors_folder(zoo: Zoo, device: SimulatedDirectML) -> None:
    ids = some_ids(30)
    wanted = fed(runner_of(zoo.folder("qwen2")), ids, ())
    assert float((fed(runner_there(decoder_there(zoo.folder("qwen2"))), ids, ()) - wanted).abs().max()) < TOLERANCE


def test_many_sequences_in_one_batch(zoo: Zoo, device: SimulatedDirectML) -> None:
    """Single rows, a few and a prompt beside each other, with ids that only the device knows."""
    here, there = runner_of(zoo.gguf("llama-gqa3")), runner_there(decoder_there(zoo.gguf("llama-gqa3")))
    counts = {"a": (40, 1), "b": (7, 4), "c": (0, 60), "d": (3, 1)}
    results = []
    for runner in (here, there):
        batch = []
        for name, (before, rows) in counts.items():
            ids = some_ids(before + rows, len(name) + before)
            runner.open(name, ())
            if before:
                runner.forward(name, ids[:before], 1)
            known = ids[before:] if runner is here or name == "c" else ids[before : before + rows // 2]
            tail = ids[before + len(known) :]
            batch.append(Rows(name, known, rows, tail=torch.tensor(tail).to(DEVICE) if tail else None))
        results.append(torch.cat(runner.forward_many(batch)))
    assert float((results[0] - results[1]).abs().max()) < TOLERANCE


def test_half_precision_is_near(zoo: Zoo, device: SimulatedDirectML) -> None:
    ids = some_ids(60)
    wanted = fed(runner_of(zoo.gguf("llama")), ids, ())
    got = fed(runner_there(decoder_there(zoo.gguf("llama"), torch.float16)), ids, (40, 5, 1))
    assert got.dtype == torch.float32
    assert float((got - wanted).abs().max()) < 0.1


def test_large_numbers_do_not_overflow_in_the_norm(zoo: Zoo, device: SimulatedDirectML) -> None:
    """Squares over 65,504 are no numbers in float16; hidden states of real models reach thousands."""
    decoder = decoder_there(zoo.gguf("llama"), torch.float16)
    assert isinstance(decoder, DeviceDecoder)
    x = 3000 * torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    wanted = x / (x.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(decoder._normed(x.half().to(DEVICE)).cpu().float(), wanted, atol=5e-3)


def test_only_directml_gets_it(zoo: Zoo) -> None:
    config = inspect(zoo.gguf("llama")).config
    decoder = make_decoder(config, dtype=torch.float32, device=torch.device("cpu"), max_positions=32)
    assert not isinstance(decoder, DeviceDecoder)
    assert type(make_cache(config, 2, 16, torch.float32, torch.device("cpu"))).__name__ == "KVCache"


def test_released_weights_are_gone(zoo: Zoo, device: SimulatedDirectML) -> None:
    decoder = decoder_there(zoo.gguf("llama-small"))
    assert decoder.weight_bytes > 4 * decoder.parameters / 2
    decoder.release()
    assert not decoder._layers
    assert not decoder._embed.numel()


def test_a_wrong_mask_would_show(zoo: Zoo, device: SimulatedDirectML, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-check of the comparisons above: rows that see one token more than they may."""
    real = DeviceDecoder.mask

    def mask(self: DeviceDecoder, span: Any, padded: int, window: int = 0) -> torch.Tensor:
        return real(self, device_layers.Span(span.start + 1, span.rows, span.view, 1), padded, window)

    monkeypatch.setattr(DeviceDecoder, "mask", mask)
    ids = some_ids(20)
    wanted = fed(runner_of(zoo.gguf("llama")), ids, ())
    assert float((fed(runner_there(decoder_there(zoo.gguf("llama"))), ids, (10, 3)) - wanted).abs().max()) > 0.1
