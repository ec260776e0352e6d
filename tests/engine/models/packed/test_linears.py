"""Linear layers on a file's own blocks: what dequantised ones give, whatever runs beside a row, and nothing copied."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.kernels.packed.library import CORE, shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.packed.decoder import packed_formats, pool_of
from helix_app.engine.models.packed.linears import PackedEmbedding, PackedLinears, experts_apart, packable
from helix_app.engine.models.parts.experts import ExpertMlps
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.whole.test_ragged import BESIDE, TORCH, check_exact


@pytest.fixture(scope="module")
def linears() -> PackedLinears:
    try:
        shared().add((CORE, "Q8_0", "MXFP4"))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return PackedLinears(shared(), pool_of(shared(), 2))


@pytest.mark.parametrize("quant", ["Q8_0", "MXFP4"])
def test_products_and_biases_are_those_of_the_dequantised_matrices(
    zoo: Zoo, linears: PackedLinears, quant: str
) -> None:
    generator = torch.Generator().manual_seed(1)
    with open_weights(inspect(zoo.gguf("gpt_oss-loopy", quant=quant))) as source:
        tensors = [source.packed(role, 0) for role in ("q", "k", "v")]
        assert packable(tensors)
        held = [tensor for tensor in tensors if tensor is not None]
        weight = torch.cat([source.get(role) for role in ("q", "k", "v")])
        bias = torch.cat([source.get(role, "bias") for role in ("q", "k", "v")])
    linear = linears.linear(held, bias)
    assert linear.packed_bytes == sum(tensor.raw.nbytes for tensor in held) == bytes_of(linear) - 4 * len(bias)
    for rows in (1, 2, 9, 40, 3):  # memory grows, and is used again
        x = torch.randn(rows, weight.shape[1], generator=generator)
        got, want = linear(x), torch.nn.functional.linear(x, weight, bias)
        assert 0 < float((got - want).norm() / want.norm()) < 0.02
        assert torch.equal(got[:1], linear(x[:1]))
        assert linear(x.bfloat16()).dtype == torch.bfloat16
    plain = linears.linear(held)
    assert torch.allclose(plain(x) + bias, got, atol=1e-5)


def test_experts_are_views_of_the_mapped_file(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("qwen3_moe-loopy", quant="Q8_0"))
    with open_weights(files) as source:
        whole = source.packed_experts("expert_gate_up", 1)
        assert whole is not None
        apart = experts_apart(whole, 6)
        assert [len(tensors) for tensors in apart] == [2] * 6  # gate and up
        for index, tensors in enumerate(apart):
            assert all(np.shares_memory(one.raw, all_of.raw) for one, all_of in zip(tensors, whole))
            assert sum(one.rows for one in tensors) == source.expert("expert_gate_up", 1, index).shape[0]
        assert source.packed("router", 1) is None
    assert not packable([None])
    with open_weights(inspect(zoo.gguf("qwen3_moe-loopy"))) as source:
        assert source.packed_experts("expert_down", 0) is None


def test_embeddings_are_unpacked_as_they_are_asked_for(zoo: Zoo) -> None:
    with open_weights(inspect(zoo.gguf("qwen3_moe-loopy", quant="Q8_0"))) as source:
        tensor, table = source.packed("embed"), source.get("embed")
    assert tensor is not None
    ids = torch.tensor([5, 0, 299, 5])
    assert torch.equal(PackedEmbedding(tensor, torch.float32)(ids), table[ids])


def test_a_model_of_experts_holds_its_file_and_hardly_more(zoo: Zoo) -> None:
    path = zoo.gguf("gpt_oss-loopy", quant="MXFP4")
    assert packed_formats(inspect(path)) == {"MXFP4"}
    decoder = packed_runner(path).decoder
    assert isinstance(decoder, Decoder)
    half = decoder._layers[0].feed_forward
    assert isinstance(half, ExpertMlps)
    assert decoder.format == "packed"
    assert half.weight_bytes < half.linears[1].rows * half.linears[1].columns * 2 * 2  # two experts of a row


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("name", ["gpt_oss-loopy", "qwen2_moe-loopy", "qwen3_5_moe-loopy"])
def test_bits_do_not_depend_on_what_runs_beside_a_row(zoo: Zoo, name: str) -> None:
    check_exact(packed_runner(zoo.gguf(name, quant="Q8_0"), 3), 45, BESIDE[1:2])


def test_threads_are_given_back_once(linears: PackedLinears) -> None:
    ended: list[int] = []
    made = PackedLinears(linears.library, pool_of(linears.library, 2), lambda: ended.append(1))
    made.release()
    made.release()
    assert ended == [1]
