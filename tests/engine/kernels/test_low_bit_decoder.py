"""A decoder on packed weights says what the dequantised one says, and can share another's cache, embedding and head."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.kernels.low_bit import Int4Linear, Int8Linear
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.kernels.test_low_bit import needs
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import CPU, logits_of, runner_of, some_ids

BF16 = torch.bfloat16
CUTS = [40, 41, 42, 45, 50]


def packed(
    path: Path,
    bits: int,
    head_bits: int = 0,
    cache_dtype: torch.dtype | None = None,
    like: Decoder | None = None,
) -> ModelRunner:
    """A runner in bfloat16 on packed weights."""
    files = inspect(path)
    decoder = Decoder(
        files.config,
        dtype=BF16,
        device=CPU,
        max_positions=256,
        linear_kind="plain",
        bits=bits,
        head_bits=head_bits,
        cache_dtype=cache_dtype,
    )
    with open_weights(files) as source:
        assert list(decoder.load(source, like))[-1] == 1.0
    return ModelRunner(decoder, BlockPool(16, 16), KVCache(files.config, 16, 16, decoder.cache_dtype, CPU))


def error(got: torch.Tensor, want: torch.Tensor) -> float:
    """Relative, over all logits."""
    assert got.shape == want.shape
    return float((got - want).norm() / want.norm())


@needs(4)
@pytest.mark.parametrize("quant", ["Q4_0", "Q4_1"])
@pytest.mark.parametrize("name", ["llama-q4", "qwen2"])
def test_the_files_own_integers_give_the_dequantised_logits(zoo: Zoo, name: str, quant: str) -> None:
    """As near as bfloat16 comes with dense weights; the rounding to four bits itself would be ten times as far."""
    path, ids = zoo.gguf(name, quant=quant), some_ids(60, 2)
    exact = logits_of(runner_of(path), ids)
    dense = runner_of(path, dtype=BF16)
    runner = packed(path, 4)
    got = error(logits_of(runner, ids, CUTS), exact)
    assert 0 < got < 1.5 * error(logits_of(dense, ids, CUTS), exact)
    assert got < 0.2 * error(logits_of(runner_of(zoo.gguf(name)), ids), exact)
    decoder = runner.decoder
    assert (decoder.rounded, decoder.parameters) == (0, dense.decoder.parameters)
    for layer in decoder._layers:
        assert all(isinstance(one.run, Int4Linear) for one in layer.linears)


@needs(4)
def test_weights_of_another_format_are_rounded_and_counted(zoo: Zoo) -> None:
    ids = some_ids(60, 2)
    runner = packed(zoo.gguf("llama-q4"), 4, head_bits=8)
    assert runner.decoder.rounded == 2 * 7 + 1
    exact = logits_of(runner_of(zoo.gguf("llama-q4")), ids)
    assert 0.02 < error(logits_of(runner, ids), exact) < 0.5  # random weights suffer more than learnt ones
    assert packed(zoo.gguf("llama-q4", quant="Q4_0"), 4, head_bits=8).decoder.rounded == 1


@needs(8)
@pytest.mark.parametrize("name", ["llama-q4", "llama-tied", "qwen2"])
def test_eight_bits_are_near_the_dense_logits(zoo: Zoo, name: str) -> None:
    ids = some_ids(60, 2)
    runner = packed(zoo.gguf(name), 8, head_bits=8)
    assert isinstance(runner.decoder._head, Int8Linear)
    assert all(isinstance(layer.linears[-1].run, Int8Linear) for layer in runner.decoder._layers)
    assert 0 < error(logits_of(runner, ids, CUTS), logits_of(runner_of(zoo.gguf(name)), ids)) < 0.06


@pytest.mark.parametrize("bits", [pytest.param(4, marks=needs(4)), pytest.param(8, marks=needs(8))])
def test_a_width_that_cannot_be_packed_runs_dense(zoo: Zoo, bits: int) -> None:
    """48 columns fill no group; the 96 of "down" do."""
    runner, dense = packed(zoo.gguf("llama-gqa3"), bits, head_bits=8), runner_of(zoo.gguf("llama-gqa3"), dtype=BF16)
    layer = runner.decoder._layers[0]
    low = [isinstance(one.run, (Int4Linear, Int8Linear)) for one in layer.linears]
    assert low == [False, False, False, True]
    assert not isinstance(runner.decoder._head, Int8Linear)
    assert (runner.decoder.rounded, runner.decoder.parameters) == (2, dense.decoder.parameters)
    ids = some_ids(30)
    assert error(logits_of(runner, ids), logits_of(dense, ids)) < 0.3


@pytest.mark.parametrize("bits", [pytest.param(0, id="dense"), pytest.param(8, marks=needs(8))])
def test_a_cache_of_another_precision(zoo: Zoo, bits: int) -> None:
    """Keys and values in float32 beside activations in bfloat16, cut into any pieces."""
    path, ids = zoo.gguf("llama-q4"), some_ids(60, 2)
    exact = logits_of(runner_of(path), ids)
    wide, narrow = packed(path, bits, cache_dtype=torch.float32), packed(path, bits)
    assert {t.dtype for t in (*wide.cache.keys, *wide.cache.values)} == {torch.float32}
    assert (wide.decoder.dtype, wide.decoder.cache_dtype, narrow.decoder.cache_dtype) == (BF16, torch.float32, BF16)
    got = logits_of(wide, ids, CUTS)
    assert got.dtype == torch.float32
    assert error(got, exact) < 1.3 * error(logits_of(narrow, ids, CUTS), exact)
    together = [wide.forward(name, ids[:20], 20) for name in "ab" if wide.open(name, ()) == 0]
    assert error(together[1], got[:20]) < 0.02


@needs(8)
@pytest.mark.parametrize("bits", [8, pytest.param(4, marks=needs(4))])
@pytest.mark.parametrize("dtype", [torch.float32, BF16])
def test_a_copy_reads_what_its_target_wrote(zoo: Zoo, dtype: torch.dtype, bits: int) -> None:
    path, ids = zoo.gguf("llama-q4", quant="Q4_0"), some_ids(60, 2)
    target = runner_of(path, dtype=dtype)
    copy = packed(path, bits, 8, dtype, target.decoder)
    drafting = ModelRunner(copy.decoder, target.pool, target.cache)
    target.open("s", ())
    target.forward("s", ids[:50], 1)
    target.commit("s", ids[:50])
    rows = [drafting.forward("s", [token], 1) for token in ids[50:]]
    target.pool.truncate("s", 50)
    want = target.forward("s", ids[50:], 10)  # writes over what the copy wrote
    straight = logits_of(runner_of(path, dtype=dtype), ids)[50:]
    torch.testing.assert_close(want, straight, atol=0.15 if dtype == BF16 else 1e-4, rtol=0)
    assert error(torch.cat(rows), want) < (0.05 if bits == 8 or dtype == BF16 else 0.04)


@needs(8)
@pytest.mark.parametrize("name", ["llama-q4", "llama-tied"])
def test_a_copy_shares_embedding_and_head_with_its_target(zoo: Zoo, name: str) -> None:
    path = zoo.gguf(name)
    same = runner_of(path, dtype=BF16).decoder
    copy = packed(path, 8, 8, BF16, same).decoder
    assert copy._embed.data_ptr() == same._embed.data_ptr()
    assert copy._head is same._head
    other = runner_of(path).decoder  # in float32 nothing can be shared but the numbers
    copy = packed(path, 8, 8, torch.float32, other).decoder
    assert torch.equal(copy._embed, other._embed.to(BF16))
    assert isinstance(copy._head, Int8Linear)
