"""Steps of a layer beside its products and its attention: each row is its own."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.formats import RECORD_BYTES
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import apart
from helix_app.engine.kernels.packed.trials.check import call, floats


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
