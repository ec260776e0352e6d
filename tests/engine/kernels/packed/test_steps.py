"""Steps of a layer beside its products: each row is its own, and what is not a row's own is never read."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.check import call, floats
from helix_app.engine.kernels.packed.formats import RECORD_BYTES
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import apart

DIM, GROUP, KV_HEADS, BLOCK = 16, 2, 2, 16


def attended(library: Library, cache: np.ndarray, queries: np.ndarray, tables: np.ndarray, at: list[int]) -> np.ndarray:
    """Mixtures ``[rows, heads * DIM]`` of rows at these positions, each with a block table."""
    out = np.full_like(queries, np.nan)
    places = np.array([table.ctypes.data for table in tables], dtype=np.int64)
    positions, keys = np.array(at, dtype=np.int64), cache.ctypes.data
    given = [queries.ctypes.data, queries.strides[0], out.ctypes.data, out.strides[0], KV_HEADS]
    given += [keys, keys + cache[:KV_HEADS].nbytes, cache[0].nbytes, places.ctypes.data, positions.ctypes.data]
    call(library, f"attention_{DIM}_{GROUP}", [*given, floats(DIM**-0.5)], 0, len(queries) * KV_HEADS)
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


def prepared(library: Library, x: np.ndarray, size: int, order: list[int]) -> np.ndarray:
    """Records of these rows of ``x``, without a norm."""
    index, step = np.array(order, dtype=np.int64), x.shape[1] // size * RECORD_BYTES[size]
    room = len(order) if size == 256 else -(-len(order) // 8) * 8
    records, scratch = np.zeros((room, step), dtype=np.uint8), np.zeros_like(x)
    given = [x.ctypes.data, x.strides[0], index.ctypes.data, 0, x.shape[1], floats(1e-5)]
    given += [scratch.ctypes.data, scratch.strides[0]]
    given += [records.ctypes.data, step, 0, 0] if size == 256 else [0, 0, records.ctypes.data, step]
    call(library, "prepare", given, 0, len(order))
    return records if size == 256 else apart(records, len(order))


@pytest.mark.parametrize("size", RECORD_BYTES)
def test_rows_are_rounded_in_the_order_asked_for(library: Library, size: int) -> None:
    x = np.random.default_rng(3).normal(0, 1, (4, 512)).astype(np.float32)
    records = prepared(library, x, size, [2, 2, 0])
    assert np.array_equal(records[0], records[1])
    assert not np.array_equal(records[0], records[2])
    assert np.array_equal(records[2], prepared(library, x, size, [0])[0])


@pytest.mark.parametrize("size", RECORD_BYTES)
def test_nothing_is_rounded_to_nothing(library: Library, size: int) -> None:
    x = np.zeros((1, 256), dtype=np.float32)
    x[0, 3] = 1e-31  # as good as 0
    integers = prepared(library, x, size, [0]).reshape(-1, RECORD_BYTES[size])[:, :size]
    assert not integers.any()
