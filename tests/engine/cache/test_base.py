"""The memory of a block: what both kinds of cache take, in every number format."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.cache.base import Cache, bytes_per_block
from helix_app.engine.cache.joined_cache import JoinedCache
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.modelfiles.config import ModelConfig

CONFIG = ModelConfig("llama", 10, 8, 8, 3, 4, 2, 6, 64)
CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", [KVCache, JoinedCache])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_memory_of_a_block_is_what_the_tensors_take(
    kind: type[KVCache] | type[JoinedCache], dtype: torch.dtype
) -> None:
    cache: Cache = kind(CONFIG, 6, 4, dtype, CPU)
    total = sum(t.numel() * t.element_size() for t in (*cache.keys, *cache.values))
    assert bytes_per_block(CONFIG, 4, dtype) * 6 == total
    assert cache.block_bytes * 6 == total


def test_it_counts_layers_heads_and_slots() -> None:
    assert bytes_per_block(CONFIG, 16, torch.float32) == 2 * 3 * 2 * 6 * 16 * 4  # keys and values
    assert bytes_per_block(CONFIG, 16, torch.float16) * 2 == bytes_per_block(CONFIG, 16, torch.float32)


@pytest.mark.parametrize("kind", [KVCache, JoinedCache])
def test_a_cache_of_another_size_has_blocks_of_the_same_memory(kind: type[KVCache] | type[JoinedCache]) -> None:
    cache: Cache = kind(CONFIG, 6, 4, torch.float32, CPU)
    other = cache.replaced(3)
    assert (other.num_blocks, other.block_size, other.block_bytes) == (3, 4, cache.block_bytes)
    assert not cache.keys
