"""A layer of other heads lies in the blocks of its target, apart, and follows them wherever they go."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from helix_app.engine.cache.base import Cache, bytes_per_block
from helix_app.engine.cache.drafting_cache import DraftingCache
from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.cache.layout import layout_of, with_states
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.models.make import make_cache
from helix_app.modelfiles.config import Layer, ModelConfig, Recurrent

CPU = torch.device("cpu")
OWN = Layer(head_dim=12, kv_heads=3, apart=True)
_BASE = ModelConfig("x", 100, 32, 64, 2, 4, 2, 8, 4096)
WINDOW = 6
TARGETS = {
    "even": _BASE,
    "windows": dataclasses.replace(_BASE, num_layers=4, layers=(*(Layer(window=WINDOW),) * 2, Layer(), Layer())),
    "heads differ": dataclasses.replace(_BASE, layers=(Layer(window=WINDOW), Layer(head_dim=16, kv_heads=1))),
    "recurrent": dataclasses.replace(
        _BASE, layers=(Layer(recurrent=True, turned=False), Layer()), recurrent=Recurrent(1, 2, 4, 4, 2)
    ),
}


def made(name: str, blocks: int = 12, size: int = 4) -> tuple[DraftingCache, BlockPool, int]:
    """A cache full of what is no number, its pool, and the layer's number."""
    target = TARGETS[name]
    config = target.with_layer(OWN)
    layout = with_states(layout_of(config, 64), config, 64, 64)
    cache = make_cache(config, blocks, size, torch.float32, CPU, layout)
    assert isinstance(cache, DraftingCache)
    for one in (*cache.keys, *cache.values):
        one.fill_(float("nan"))
    return cache, BlockPool(blocks, size, windows=layout.windows, states=layout.states), target.num_layers


def put(cache: Cache, pool: BlockPool, name: str, rows: torch.Tensor) -> None:
    """Write rows ``[2 * kv_heads, rows, dim]`` behind what a sequence holds."""
    count = rows.shape[1]
    pool.extend(name, pool.tables()[name].length + count)
    view = cache.view_of(pool.tables()[name], count)
    assert view.drafting is not None
    view.drafting.put(_number(cache), rows)


def held(cache: Cache, pool: BlockPool, name: str) -> torch.Tensor:
    view = cache.view_of(pool.tables()[name], 0)
    assert view.drafting is not None
    return torch.cat(view.drafting.read(_number(cache)))


def _number(cache: Cache) -> int:
    return len(cache.layout.places) - 1


def some(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(6, count, 12, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", TARGETS)
def test_the_target_s_part_is_what_it_is_alone(name: str) -> None:
    cache, _, _ = made(name)
    target = TARGETS[name]
    alone = with_states(layout_of(target, 64), target, 64, 64)
    assert cache.target.layout == alone
    assert isinstance(cache.target, PlaneCache if name == "heads differ" else KVCache)
    assert cache.layout.windows == alone.windows
    group = cache.layout.places[-1][0]
    assert cache.layout.windows[group] == 0
    assert (cache.states is None) == (name != "recurrent")
    own = 4 * 4 * 6 * 12
    assert cache.block_bytes == cache.target.block_bytes + own
    assert cache.block_bytes == bytes_per_block(target.with_layer(OWN), 4, torch.float32, cache.layout)
    assert sum(one.numel() for one in (cache.keys[-1], cache.values[-1])) * 4 == 12 * own


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_written_is_read_through_forks_and_windows(name: str) -> None:
    cache, pool, _ = made(name)
    pool.open("a", ())
    rows = some(15)
    for begin, end in ((0, 3), (3, 4), (4, 10)):
        put(cache, pool, "a", rows[:, begin:end])
        pool.commit("a", list(range(end)))
    assert torch.equal(held(cache, pool, "a"), rows[:, :10]), "its tokens stay when a window has passed"
    if name == "recurrent":  # goes on at checkpoints alone
        return
    pool.fork("a", "b", 10)
    for source, destination in pool.extend("b", 12):
        cache.copy_block(source, destination)
    view = cache.view_of(pool.tables()["b"], 2)
    assert view.drafting is not None
    keys, values = view.drafting.write(_number(cache), rows[:, 10:12])
    assert torch.equal(torch.cat((keys[0], values[0])), rows[:, :12])
    assert torch.equal(held(cache, pool, "a"), rows[:, :10])


def test_views_are_the_target_s_own() -> None:
    """Whoever reads a target's cache finds the tensors it knows."""
    cache, pool, _ = made("even")
    pool.open("a", ())
    pool.extend("a", 5)
    view = cache.view_of(pool.tables()["a"], 5)
    assert isinstance(view, KVView)
    assert view.cache is cache.target
    assert isinstance(cache.view([0, 1], 5, 5).drafting, KVView)
    assert cache.target.view_of(pool.tables()["a"], 5).drafting is None


def test_blocks_are_wiped_and_another_size_is_empty() -> None:
    cache, pool, _ = made("even")
    pool.open("a", ())
    put(cache, pool, "a", some(8))
    cache.scrub(pool.tables()["a"].blocks[1:2], 2)
    got = held(cache, pool, "a")
    assert not got[:, 6:].any()
    assert got[:, :6].all()
    other = cache.replaced(5)
    assert (other.num_blocks, other.layout, other.block_bytes) == (5, cache.layout, cache.block_bytes)
    assert not any(one.any() for one in (*other.keys, *other.values))
    assert cache.keys == []
    other.release()
    assert other.values == []
