"""Caches of one tensor: replaced, copied and wiped alike; and where a window finds a sequence's slots."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.cache.pooled import PooledCache, Window
from tests.engine.cache.test_kv_cache import CONFIG
from tests.engine.cache.test_plane_cache import LAYERS, described

CPU = torch.device("cpu")
SIZE = 4


def planes() -> PlaneCache:
    config = described(LAYERS)
    return PlaneCache(config, 6, SIZE, torch.float16, CPU, layout_of(config, 64))


KINDS = {"one size": lambda: KVCache(CONFIG, 6, SIZE, torch.float16, CPU), "planes": planes}
kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_it_begins_with_zeros(kind: str) -> None:
    cache = KINDS[kind]()
    assert cache.pool.shape[-2] == cache.num_blocks * cache.block_size == 24
    assert cache.pool.dtype == torch.float16
    assert not cache.pool.any()


@kinds
def test_another_size_is_made_once_the_memory_of_the_old_one_is_free(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = KINDS[kind]()
    reserve, held = type(cache)._reserve, []

    def reserved(self: PooledCache) -> None:
        held.append(cache.pool.numel() + sum(tensor.numel() for tensor in (*cache.keys, *cache.values)))
        reserve(self)  # type: ignore[arg-type]

    cache.pool.fill_(1)
    monkeypatch.setattr(type(cache), "_reserve", reserved)
    other = cache.replaced(3)
    assert held == [0]
    assert (type(other), other.num_blocks, other.block_size) == (type(cache), 3, SIZE)
    assert (other.layout, other.pool.dtype) == (cache.layout, torch.float16)
    assert other.pool.shape[-2] == 12
    assert not other.pool.any()


@kinds
def test_a_block_is_copied_and_wiped_from_a_slot_on(kind: str) -> None:
    cache = KINDS[kind]()
    cache.pool.copy_(torch.arange(24, dtype=torch.float16)[:, None].expand_as(cache.pool))
    cache.copy_block(1, 4)
    cache.scrub([4, 0], begin=1)
    slots = [0, 0, 0, 0, *range(4, 16), 4, 0, 0, 0, *range(20, 24)]
    assert torch.equal(cache.pool, torch.tensor(slots, dtype=torch.float16)[:, None].expand_as(cache.pool))


@pytest.mark.parametrize(
    ("blocks", "begin", "contiguous", "padded"),
    [([2, 3, 4], 0, True, 12), ([2, 4, 3], 0, False, 12), ([5, 6, 9], 1, True, 8), ([2, 3, 4, 9], 0, True, 12)],
)
def test_a_window_is_of_the_blocks_that_hold_tokens(
    blocks: list[int], begin: int, contiguous: bool, padded: int
) -> None:
    """What is not there any more comes before them, blocks that are empty yet behind."""
    window = Window(SIZE, blocks, 10, 2, begin)
    assert (window.first, window.contiguous, window.padded_length) == (begin * SIZE, contiguous, padded)
    slots = window._slots_of(torch.tensor(window.blocks)).tolist()
    assert slots == [SIZE * block + i for block in blocks[: padded // SIZE] for i in range(SIZE)]
