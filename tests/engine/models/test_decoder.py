"""The decoder gives the logits that transformers gives, however the rows are cut and wherever the blocks lie."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch

from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import SHAPES, VOCAB, Zoo, hf_model
from tests.engine.runs.paged import paged

CPU = torch.device("cpu")
TOLERANCE = 1e-4
LENGTH = 150  # beyond the 64 tokens that the stretched models were "trained" on


def runner_of(
    path: Path,
    kind: str = "plain",
    dtype: torch.dtype = torch.float32,
    order: list[int] | None = None,
    context: int = 256,
) -> ModelRunner:
    """A runner over a model file; ``order`` shuffles its blocks."""
    files = inspect(path)
    context = min(context, files.config.context_length)
    decoder = Decoder(files.config, dtype=dtype, device=CPU, max_positions=context, linear_kind=kind)
    with open_weights(files) as source:
        assert list(decoder.load(source))[-1] == 1.0
    return paged(decoder, context // 16, order=order)


def some_ids(count: int, seed: int = 0) -> list[int]:
    """Random token ids."""
    return torch.randint(0, VOCAB, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def logits_of(runner: ModelRunner, ids: list[int], cuts: list[int] | None = None) -> torch.Tensor:
    """Logits of every row, with a forward pass for each of the pieces that end at ``cuts``."""
    runner.open("s", ())
    rows, at = [], 0
    for end in [*(cuts or []), len(ids)]:
        rows.append(runner.forward("s", ids[at:end], end - at))
        runner.commit("s", ids[:end])
        at = end
    runner.close("s")
    runner.pool.check_integrity()
    runner.pool.clear_cache()
    return torch.cat(rows)


def reference(name: str, ids: list[int]) -> torch.Tensor:
    """What transformers says."""
    return _said(name, tuple(ids))


@functools.lru_cache(maxsize=256)
def _said(name: str, ids: tuple[int, ...]) -> torch.Tensor:
    with torch.no_grad():
        return hf_model(name)(torch.tensor([ids])).logits[0]


def worst(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest difference."""
    assert a.shape == b.shape
    return float((a - b).abs().max())


@pytest.mark.parametrize("kind", ["plain", "onednn"])
@pytest.mark.parametrize("name", sorted(set(SHAPES) - {"llama-short", "llama-loopy"}))
def test_logits_equal_those_of_transformers(zoo: Zoo, name: str, kind: str) -> None:
    ids = some_ids(LENGTH)
    assert worst(logits_of(runner_of(zoo.folder(name), kind), ids), reference(name, ids)) < TOLERANCE


IN_GGUF = "llama llama-tied llama-gqa3 llama-wide-heads llama-biases llama-linear llama-llama3 llama-yarn qwen2"


@pytest.mark.parametrize("name", [*IN_GGUF.split(), "qwen2-tied"])
def test_a_gguf_file_gives_the_logits_of_its_folder(zoo: Zoo, name: str) -> None:
    ids = some_ids(LENGTH, 1)
    assert worst(logits_of(runner_of(zoo.gguf(name)), ids), reference(name, ids)) < TOLERANCE


@pytest.mark.parametrize("quant", ["F16", "Q8_0", "Q4_0", "Q4_1", "BF16"])
def test_quantised_files_hold_what_gguf_says_they_hold(zoo: Zoo, quant: str) -> None:
    """Compared with transformers on the dequantised weights; and the rounding of weights is visible."""
    import copy

    import gguf

    kind = gguf.GGMLQuantizationType[quant]
    model = copy.deepcopy(hf_model("llama-q4"))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:  # q and k are permuted by whole rows, so rounding a row is the same either way
                packed = gguf.quantize(weight.numpy(), kind)
                weight.copy_(torch.from_numpy(gguf.dequantize(packed, kind).reshape(weight.shape).copy()))
        ids = some_ids(60, 2)
        rounded = model(torch.tensor([ids])).logits[0]
    got = logits_of(runner_of(zoo.gguf("llama-q4", quant=quant)), ids)
    assert worst(got, rounded) < TOLERANCE
    assert worst(got, reference("llama-q4", ids)) > TOLERANCE


@pytest.mark.parametrize("kind", ["plain", "onednn"])
@pytest.mark.parametrize("cuts", [[40, 80, 120], [1, 2, 17, 33, 130], list(range(1, LENGTH))])
def test_pieces_give_the_logits_of_one_pass(zoo: Zoo, kind: str, cuts: list[int]) -> None:
    runner, ids = runner_of(zoo.gguf("llama"), kind), some_ids(LENGTH)
    assert worst(logits_of(runner, ids, cuts), logits_of(runner, ids)) < TOLERANCE


@pytest.mark.parametrize("name", ["llama", "llama-mqa", "llama-mha"])
def test_scattered_blocks_give_the_logits_of_adjacent_ones(zoo: Zoo, name: str) -> None:
    order = torch.randperm(16, generator=torch.Generator().manual_seed(5)).tolist()
    adjacent, scattered = runner_of(zoo.gguf(name)), runner_of(zoo.gguf(name), order=order)
    ids, cuts = some_ids(LENGTH), [50, 51, 56, 100]
    scattered.open("probe", ())
    scattered.pool.extend("probe", LENGTH)
    blocks = scattered.pool.tables()["probe"].blocks
    scattered.close("probe")
    assert blocks != list(range(blocks[0], blocks[0] + len(blocks)))
    assert worst(logits_of(scattered, ids, cuts), logits_of(adjacent, ids)) < TOLERANCE


def test_sequences_beside_each_other_do_not_mix(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    alone = [logits_of(runner, some_ids(40, seed)) for seed in (1, 2)]
    for name in ("a", "b"):
        runner.open(name, ())
    got: list[list[torch.Tensor]] = [[], []]
    for at in range(0, 40, 8):
        for i, name in enumerate(("a", "b")):
            got[i].append(runner.forward(name, some_ids(40, i + 1)[at : at + 8], 8))
    for i in range(2):
        assert worst(torch.cat(got[i]), alone[i]) < TOLERANCE


def test_a_shared_prefix_gives_the_logits_of_a_cold_run(zoo: Zoo) -> None:
    runner, ids = runner_of(zoo.gguf("llama")), some_ids(70)
    cold = logits_of(runner, ids)
    runner.open("first", ())
    runner.forward("first", ids[:64], 1)
    runner.commit("first", ids[:64])
    assert runner.open("second", ids) == 64
    assert worst(runner.forward("second", ids[64:], 6), cold[64:]) < TOLERANCE


def test_rows_after_a_rollback_are_those_of_a_run_that_never_strayed(zoo: Zoo) -> None:
    runner, ids = runner_of(zoo.gguf("llama")), some_ids(60)
    straight = logits_of(runner, ids)
    runner.open("s", ())
    runner.forward("s", ids[:30], 1)
    runner.commit("s", ids[:30])
    runner.forward("s", some_ids(9, 99), 9)  # rejected, across a block's edge
    runner.commit("s", ids[:30])
    assert worst(runner.forward("s", ids[30:], 30), straight[30:]) < TOLERANCE


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_follows_float32(zoo: Zoo, dtype: torch.dtype) -> None:
    ids = some_ids(60)
    exact = reference("llama", ids)
    got = logits_of(runner_of(zoo.gguf("llama"), dtype=dtype), ids)
    assert got.dtype == torch.float32
    error = (got - exact).abs().mean() / exact.abs().mean()
    assert 0 < error < (0.05 if dtype == torch.bfloat16 else 0.01)


def test_parameters_are_counted_once(zoo: Zoo) -> None:
    for name in ("llama", "llama-tied", "qwen2"):
        assert runner_of(zoo.gguf(name)).decoder.parameters == hf_model(name).num_parameters()
