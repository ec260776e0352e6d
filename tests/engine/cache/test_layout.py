"""Which layers share blocks, and how many blocks a sequence needs."""

from __future__ import annotations

import dataclasses

import pytest

from helix_app.engine.cache.layout import (
    MOST_ROWS,
    UNBOUNDED,
    blocks_for,
    held_blocks,
    layout_of,
    most_in_window,
    tokens_in,
    whole,
)
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.modelfiles.config import Layer, ModelConfig

CONFIG = ModelConfig("gemma3", 100, 32, 64, 6, 4, 2, 8, 4096)


def described(*windows: int) -> ModelConfig:
    layers = tuple(Layer(window=window) for window in windows)
    return dataclasses.replace(CONFIG, num_layers=len(windows), layers=layers)


def test_layers_of_one_kind_are_one_group() -> None:
    assert layout_of(CONFIG, 4096) == whole(6)
    assert layout_of(described(8, 8, 8), 4096) == whole(3, 8)
    assert layout_of(described(8, 0, 8), 8) == whole(3), "a window as long as the context is none"


@pytest.mark.parametrize(
    ("full", "windowed", "depth", "groups"),
    [(3, 15, 3, 6), (4, 22, 4, 7), (5, 29, 5, 7), (12, 12, 12, 2), (1, 1, 1, 2), (1, 30, 5, 7)],
    ids=["270M", "1B", "4B", "gpt-oss", "tiny", "one of many"],
)
def test_groups_are_of_one_size_few_and_nearly_full(full: int, windowed: int, depth: int, groups: int) -> None:
    found = layout_of(described(*[0] * full, *[512] * windowed), 4096)
    assert (found.depth, len(found.windows)) == (depth, groups)
    assert sorted(found.windows) == list(found.windows), "those that keep all tokens come first"
    assert len(set(found.places)) == full + windowed, "no two layers share a place"
    for layer, (group, index) in enumerate(found.places):
        assert found.windows[group] == (0 if layer < full else 512)
        assert index == found.indices[layer] < depth


def test_a_sequence_needs_no_more_blocks_than_are_said() -> None:
    """By a pool that is asked for as many rows at once as there may be."""
    pool = BlockPool(400, 16, windows=(0, 40))
    pool.open("s", ())
    most, length = 0, 0
    for rows in (MOST_ROWS, 1, 9, MOST_ROWS, 3, MOST_ROWS, 300, MOST_ROWS):
        length += rows
        pool.extend("s", length)
        most = len(pool.tables()["s"].blocks)
        assert most <= pool.blocks_for(length)
        pool.commit("s", [1] * length)
    assert most > pool.blocks_for(length) - 3
    assert len(pool.tables()["s"].groups[1].blocks) == 3, "the window spans three blocks"
    assert len(pool.tables()["s"].blocks) == held_blocks((0, 40), length, 16)


@pytest.mark.parametrize("windows", [(0,), (40,), (0, 40), (0, 0, 7)])
def test_the_longest_sequence_fits_and_no_longer_one(windows: tuple[int, ...]) -> None:
    for blocks in (*range(len(windows), 12), 40, 80, 200):
        longest = tokens_in(windows, blocks, 16)
        if longest < UNBOUNDED:
            assert blocks_for(windows, longest, 16) <= blocks < blocks_for(windows, longest + 16 * len(windows), 16)
        else:
            assert blocks_for(windows, 10**6, 16) == len(windows) * most_in_window(40, 16) <= blocks
