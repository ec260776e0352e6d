"""Attention of packed layers: each row is its own, and what is not a row's own is never read."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.trials.check import call, floats

DIM, GROUP, KV_HEADS, BLOCK = 16, 2, 2, 16


def attended(
    library: Library, cache: np.ndarray, queries: np.ndarray, tables: np.ndarray, at: list[int], window: int = 0
) -> np.ndarray:
    """Mixtures ``[rows, heads * DIM]`` of rows at these positions, each with a block table."""
    out = np.full_like(queries, np.nan)
    places = np.array([table.ctypes.data for table in tables], dtype=np.int64)
    positions, keys = np.array(at, dtype=np.int64), cache.ctypes.data
    given = [queries.ctypes.data, queries.strides[0], out.ctypes.data, out.strides[0], KV_HEADS]
    given += [keys, keys + cache[:KV_HEADS].nbytes, cache[0].nbytes, places.ctypes.data, positions.ctypes.data]
    name = f"{'windowed' if window else 'attention'}_{DIM}_{GROUP}"
    call(library, name, [*given, floats(DIM**-0.5), window], 0, len(queries) * KV_HEADS)
    return out


@pytest.fixture
def cache() -> np.ndarray:
    """Keys and values of eight blocks."""
    return np.random.default_rng(1).normal(0, 1, (2 * KV_HEADS, 8 * BLOCK, DIM)).astype(np.float16)


@pytest.fixture
def queries() -> np.ndarray:
    return np.random.default_rng(2).normal(0, 1, (3, KV_HEADS * GROUP * DIM)).astype(np.float32)


TABLES = np.array([[5, 0, 7], [1, 2, 3], [4, 6, 0]], dtype=np.int32)


def test_a_row_beside_others_is_that_row_alone(library: Library, cache: np.ndarray, queries: np.ndarray) -> None:
    at = [40, 7, 31]
    together = attended(library, cache, queries, TABLES, at)
    assert np.isfinite(together).all()
    for i in range(3):
        alone = attended(library, cache, queries[i : i + 1].copy(), TABLES[i : i + 1], at[i : i + 1])
        assert np.array_equal(alone[0], together[i])


@pytest.mark.parametrize("position", [0, 1, 15, 16, 40])
def test_attention_reads_no_slot_behind_the_row_and_no_other_block(
    library: Library, cache: np.ndarray, queries: np.ndarray, position: int
) -> None:
    wanted = attended(library, cache, queries[:1].copy(), TABLES[:1], [position])
    own = [int(TABLES[0, i // BLOCK]) * BLOCK + i % BLOCK for i in range(position + 1)]
    spoilt = np.full_like(cache, np.nan)
    spoilt[:, own] = cache[:, own]
    assert np.array_equal(attended(library, spoilt, queries[:1].copy(), TABLES[:1], [position]), wanted)


def test_the_same_sequence_in_other_blocks_has_the_same_bits(
    library: Library, cache: np.ndarray, queries: np.ndarray
) -> None:
    moved = cache.copy()
    for here, there in zip((5, 0, 7), (3, 6, 1)):
        moved[:, there * BLOCK : (there + 1) * BLOCK] = cache[:, here * BLOCK : (here + 1) * BLOCK]
    other = np.array([[3, 6, 1]], dtype=np.int32)
    assert np.array_equal(
        attended(library, moved, queries[:1].copy(), other, [47]),
        attended(library, cache, queries[:1].copy(), TABLES[:1], [47]),
    )


@pytest.mark.parametrize("position", [0, 15, 40])
def test_a_window_over_all_is_no_window(
    library: Library, cache: np.ndarray, queries: np.ndarray, position: int
) -> None:
    wanted = attended(library, cache, queries[:1].copy(), TABLES[:1], [position])
    for window in (position + 1, position + 2, 1000):
        assert np.array_equal(attended(library, cache, queries[:1].copy(), TABLES[:1], [position], window), wanted)


@pytest.mark.parametrize("window", [1, 7, 9, 16, 25, 40])
def test_a_window_ends_where_it_says(library: Library, cache: np.ndarray, queries: np.ndarray, window: int) -> None:
    """Position 40 sees ``window`` slots, itself among them: the first of them counts, the one before does not."""
    own = [int(TABLES[0, i // BLOCK]) * BLOCK + i % BLOCK for i in range(41)]
    wanted = attended(library, cache, queries[:1].copy(), TABLES[:1], [40], window)
    spoilt = np.full_like(cache, np.nan)
    spoilt[:, own[41 - window :]] = cache[:, own[41 - window :]]
    assert np.array_equal(attended(library, spoilt, queries[:1].copy(), TABLES[:1], [40], window), wanted)
    spoilt[:, own[41 - window]] += 1
    assert not np.array_equal(attended(library, spoilt, queries[:1].copy(), TABLES[:1], [40], window), wanted)
