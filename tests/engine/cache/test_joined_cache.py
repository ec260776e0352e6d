"""Keys and values in one tensor: the same cache as ``KVCache``, wherever the blocks lie."""

from __future__ import annotations

import random

import pytest
import torch

from helix_app.engine.cache.joined_cache import JoinedCache, JoinedView
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.modelfiles.config import ModelConfig

CONFIG = ModelConfig("llama", 32, 12, 16, 2, 2, 2, 6, 64)
BLOCKS, SIZE = 12, 4
CPU = torch.device("cpu")
ORDERS = {"adjacent": list(range(3, 11)), "scattered": [7, 2, 9, 3, 4, 0, 11, 5]}


def caches() -> tuple[KVCache, JoinedCache]:
    return tuple(kind(CONFIG, BLOCKS, SIZE, torch.float32, CPU) for kind in (KVCache, JoinedCache))  # type: ignore


def same(plain: KVCache, joined: JoinedCache) -> bool:
    pairs = zip((*plain.keys, *plain.values), (*joined.keys, *joined.values))
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("order", ORDERS)
def test_rows_are_written_and_read_as_in_the_other_cache(order: str) -> None:
    """In pieces of any size: one row, a few, more than two blocks."""
    plain, joined = caches()
    blocks, rng = ORDERS[order], random.Random(1)
    length = 0
    for rows in (1, 3, 2, 9, 1, 5, 7):
        length += rows
        for layer in range(2):
            kv = torch.randn(4, rows, 6)
            padded = rng.random() < 0.5
            wanted = plain.view(blocks, length, rows).write(layer, kv, padded)
            view = joined.view(blocks, length, rows)
            got = view.write(layer, kv, padded)
            assert all(torch.equal(a, b) for a, b in zip(wanted, got))
            both = joined.view(blocks, length, 0).read(layer)
            assert all(torch.equal(a, b) for a, b in zip(plain.view(blocks, length, 0).read(layer), both))
        assert view.contiguous == (order == "adjacent" or length <= SIZE)
    assert same(plain, joined)


def test_reading_copies() -> None:
    _, joined = caches()
    keys, _ = joined.view([1, 2], 5, 0).read(0)
    keys += 1
    assert not bool(joined.keys[0].any())


def test_blocks_are_copied_and_wiped_over_all_layers() -> None:
    plain, joined = caches()
    for layer in range(2):
        kv = torch.randn(4, 16, 6)
        for cache in (plain, joined):
            cache.view([1, 2, 3, 4], 16, 16).write(layer, kv)
    for cache in (plain, joined):
        cache.copy_block(2, 9)
        cache.scrub([3], 1)
        cache.scrub([4])
    assert same(plain, joined)
    assert bool(joined.keys[1][:, 9 * SIZE : 10 * SIZE].any())
    assert not bool(joined.values[0][:, 4 * SIZE :][:, :SIZE].any())


def test_another_size_is_empty_and_the_old_one_freed() -> None:
    _, joined = caches()
    joined.joined[0].fill_(1.0)
    other = joined.replaced(5)
    assert isinstance(other, JoinedCache)
    assert (other.num_blocks, other.keys[0].shape[1]) == (5, 5 * SIZE)
    assert not bool(other.joined[0].any())
    assert not joined.joined
    assert not joined.keys
    assert isinstance(other.view([0], 1, 1), JoinedView)
