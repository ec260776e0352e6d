"""Where keys and values land when layers differ in their heads, and what such blocks are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
import torch

from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.cache.pool.block_table import BlockTable, Held
from helix_app.modelfiles.config import Layer, ModelConfig

CPU = torch.device("cpu")
WINDOW = 512
_BASE = ModelConfig("gemma4", 100, 64, 64, 4, 8, 2, 4, 8192)
SMALL, LARGE = Layer(window=6), Layer(head_dim=8)
# small heads twice, large ones, and two layers that read those of the first and of the third
LAYERS = (SMALL, SMALL, LARGE, dataclasses.replace(SMALL, shares=0), dataclasses.replace(LARGE, shares=2))


def described(layers: tuple[Layer, ...], kv_heads: int = 2, head_dim: int = 4) -> ModelConfig:
    return dataclasses.replace(
        _BASE, num_layers=len(layers), layers=layers, num_heads=32, num_kv_heads=kv_heads, head_dim=head_dim
    )


def cache_of(blocks: int = 12, size: int = 4) -> PlaneCache:
    config = described(LAYERS)
    cache = PlaneCache(config, blocks, size, torch.float32, CPU, layout_of(config, 64))
    cache.pool.fill_(float("nan"))  # unwritten slots must never be read
    return cache


def table_of(full: list[int], windowed: list[int], length: int, begin: int = 0) -> BlockTable:
    return BlockTable([Held(full), Held(windowed, begin)], length=length)


def some(config: ModelConfig, layer: int, count: int) -> torch.Tensor:
    heads = config.heads(layer)
    return torch.randn(2 * heads.kv, count, heads.dim, generator=torch.Generator().manual_seed(layer))


@pytest.mark.parametrize(
    ("full", "windowed"), [([0, 1, 2], [3, 4, 5]), ([4, 0, 2], [9, 7, 8]), ([1, 2, 3], [11, 5, 0])], ids=str
)
def test_what_is_written_is_read_in_every_layer(full: list[int], windowed: list[int]) -> None:
    cache = cache_of()
    config, held = cache._config, {}
    for begin, end in ((0, 3), (3, 4), (4, 10)):
        view = cache.view_of(table_of(full, windowed, end), end - begin)
        for layer in range(3):
            new = held[layer] = some(config, layer, 10)
            keys, values = view.at(layer).write(layer, new[:, begin:end])
            both = torch.cat((keys[0], values[0]))
            assert torch.equal(both, new[:, :end]), "beside each other, layers do not disturb each other"
    view = cache.view_of(table_of(full, windowed, 10), 0)
    for layer, own in ((0, 0), (1, 1), (2, 2), (3, 0), (4, 2)):
        assert torch.equal(torch.cat(view.read(layer)), held[own])
        keys, values = view.at(layer).seen(layer, padded=True)
        assert keys.shape[2] == values.shape[2] == view.at(layer).padded_length == 12


def test_a_window_begins_behind_the_blocks_that_are_gone() -> None:
    cache = cache_of()
    new = some(cache._config, 0, 10)
    cache.view_of(table_of([0, 1, 2], [3, 4, 5], 10), 10).at(0).write(0, new)
    view = cache.view_of(table_of([0, 1, 2], [4, 5], 10, begin=1), 0).at(3)
    assert (view.first, view.padded_length) == (4, 8)
    assert torch.equal(torch.cat(view.read(3)), new[:, 4:])


def test_blocks_are_copied_and_wiped_over_all_layers() -> None:
    cache = cache_of()
    view = cache.view_of(table_of([0, 1, 2], [3, 4, 5], 12), 12)
    for layer in range(3):
        view.at(layer).write(layer, some(cache._config, layer, 12))
    cache.copy_block(1, 7)
    assert torch.equal(cache.pool[:, 28:32], cache.pool[:, 4:8])
    cache.scrub([4], 2)
    got = torch.cat(cache.view_of(table_of([0, 1, 2], [3, 4, 5], 12), 0).read(1))
    assert not got[:, 6:8].any()
    assert got[:, :6].all()
    assert got[:, 8:].all()


def test_another_size_is_empty_and_has_the_same_layout() -> None:
    cache = cache_of()
    other = cache.replaced(5)
    assert cache.keys == []
    assert (other.num_blocks, other.layout) == (5, cache.layout)
    assert not other.pool.any()
    assert other.pool.numel() * 4 == 5 * other.block_bytes
    assert len(other.keys) == len(other.values) == 3, "layers that share have none"


def gemma(sliding: int, every: int, kv: int, full_kv: int, shared: int = 0) -> Iterator[Layer]:
    """The layers of a Gemma 4 model, a full one after so many with a window."""
    count, last = sliding, {}
    for i in range(count):
        full = i % every == every - 1
        layer = Layer(head_dim=512, kv_heads=full_kv) if full else Layer(window=WINDOW)
        shares = last[full] if i >= count - shared else None
        if shares is None:
            last[full] = i
        yield dataclasses.replace(layer, shares=shares)


@pytest.mark.parametrize(
    ("name", "layers", "kv", "groups", "waste"),
    [
        ("E2B", tuple(gemma(35, 5, 1, 1, shared=20)), 1, 3, 0.0),
        ("E4B", tuple(gemma(42, 6, 2, 2, shared=18)), 2, 7, 0.1),
        ("12B", tuple(gemma(48, 6, 8, 1)), 8, 6, 0.25),
        ("31B", tuple(gemma(60, 6, 16, 4)), 16, 6, 0.1),
    ],
)
def test_blocks_of_the_published_models_are_nearly_full(
    name: str, layers: tuple[Layer, ...], kv: int, groups: int, waste: float
) -> None:
    config = described(layers, kv, 256)
    layout, planes = layout_of(config, 8192), layout_of(config, 8192).planes
    assert planes is not None
    assert len(layout.windows) <= groups
    own = {i: place for i, place in enumerate(layout.places) if layers[i].shares is None}
    assert len(set(own.values())) == len(own), "no two layers share a place that is their own"
    assert sum(layout.readers) == len(layers) - len(own)
    needed = bytes_per_block(config, 16, torch.bfloat16)
    reserved = len(layout.windows) * bytes_per_block(config, 16, torch.bfloat16, layout)
    assert needed <= reserved <= needed * (1 + waste)
    for i, (group, index) in enumerate(layout.places):
        heads, (plane, begin) = config.heads(i), planes.place(group, index)
        assert plane + 2 * heads.kv <= planes.count
        assert begin + heads.dim <= planes.width
        assert layout.windows[group] == layers[i].window


def test_layers_that_share_take_no_memory() -> None:
    alone = described((SMALL, SMALL, LARGE))
    assert bytes_per_block(described(LAYERS), 16, torch.float32) == bytes_per_block(alone, 16, torch.float32)
    layouts = [layout_of(config, 64) for config in (described(LAYERS), alone)]
    assert layouts[0].planes == layouts[1].planes
    assert layouts[0].places == (*layouts[1].places, layouts[1].places[0], layouts[1].places[2])
    assert (layouts[0].readers, layouts[1].readers) == ((1, 1), ())
