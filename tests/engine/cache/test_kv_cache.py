"""Where keys and values land."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch

from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.machine.memory import resident_memory
from helix_app.modelfiles.config import ModelConfig

CONFIG = ModelConfig(
    architecture="llama",
    vocab_size=10,
    hidden_size=8,
    intermediate_size=8,
    num_layers=2,
    num_heads=2,
    num_kv_heads=2,
    head_dim=4,
    context_length=64,
)


def cache_of(blocks: int = 6) -> KVCache:
    cache = KVCache(CONFIG, blocks, 4, torch.float32, torch.device("cpu"))
    for tensor in (*cache.keys, *cache.values):
        tensor.fill_(float("nan"))  # unwritten slots must never be read
    return cache


def rows(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, count, 4, generator=generator), torch.randn(2, count, 4, generator=generator)


@pytest.mark.parametrize(
    ("blocks", "adjacent"), [([1, 2, 3], True), ([4, 0, 2], False), ([2, 3, 5], False), ([4, 1, 2], False)]
)
def test_what_is_written_is_read(blocks: list[int], adjacent: bool) -> None:
    cache = cache_of()
    keys, values = rows(10, 0)
    for begin, end in ((0, 3), (3, 4), (4, 10)):
        view = cache.view(blocks, end, end - begin)
        assert view.contiguous is (adjacent or end <= 4 or (blocks == [2, 3, 5] and end <= 8))
        for layer in range(2):
            k, v = view.write(layer, torch.cat((keys[:, begin:end] + layer, values[:, begin:end] - layer)))
            assert torch.equal(k, (keys[:, :end] + layer)[None])
            assert torch.equal(v, (values[:, :end] - layer)[None])
    got_keys, got_values = cache.view(blocks, 10, 0).read(1)
    assert torch.equal(got_keys, keys + 1)
    assert torch.equal(got_values, values - 1)


@pytest.mark.parametrize("blocks", [[1, 2], [3, 1]])
def test_other_blocks_are_left_alone(blocks: list[int]) -> None:
    cache = cache_of()
    keys, values = rows(6, 1)
    cache.view(blocks, 6, 6).write(0, torch.cat((keys, values)))
    written = {block * 4 + i for n, block in enumerate(blocks) for i in range(4 if n == 0 else 2)}
    for slot in range(24):
        assert bool(cache.keys[0][:, slot].isnan().all()) == (slot not in written)
        assert bool(cache.keys[1][:, slot].isnan().all())


def test_a_block_is_copied_over_all_layers() -> None:
    cache = cache_of()
    for layer in range(2):
        cache.view([1], 4, 4).write(layer, torch.cat(rows(4, layer)))
    cache.copy_block(1, 5)
    for layer in range(2):
        keys, values = cache.view([5], 4, 0).read(layer)
        assert torch.equal(keys, rows(4, layer)[0])
        assert torch.equal(values, rows(4, layer)[1])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no huge pages that a process asks for")
def test_the_first_block_takes_little_of_a_large_cache() -> None:
    config = replace(CONFIG, num_layers=32)
    blocks = (256 << 20) // bytes_per_block(config, 16, torch.float32)
    cache = KVCache(config, blocks, 16, torch.float32, torch.device("cpu"))
    before = resident_memory()
    cache.pool[:, :, :16] = 1.0
    after = resident_memory()
    assert before is not None
    assert after is not None
    assert after - before < 64 << 20
    assert not cache.pool[:, :, 16:32].any()
