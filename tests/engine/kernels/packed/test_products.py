"""Kernels compute what their references do, to the last bit, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed import check
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import CORE, Library
from helix_app.engine.kernels.packed.reference import record_bytes, rounded


@pytest.mark.parametrize("part", [CORE, "attention_16_2", *FORMATS])
def test_kernels_are_their_references(library: Library, part: str) -> None:
    assert list(check.wrong_in(library, part)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_does_not_depend_on_the_others(library: Library, name: str) -> None:
    random = np.random.default_rng(5)
    form, out, blocks = FORMATS[name], 37, 2
    raw = check.made_up(random, name, out, blocks)
    x = random.normal(0, 3, (21, blocks * form.columns)).astype(np.float32)

    def product(rows: np.ndarray, tile: int) -> np.ndarray:
        records = record_bytes(rounded(np.ascontiguousarray(rows), form.columns))
        result, zeros = np.zeros((len(rows), out), dtype=np.float32), np.zeros(out, dtype=np.float32)
        count = np.array([len(rows)], dtype=np.int64)
        places = [array.ctypes.data for array in (raw, records, result, zeros, count)]
        words = [
            places[0],
            raw.shape[1],
            places[1],
            records.shape[1],
            blocks,
            places[2],
            4 * out,
            places[3],
            0,
            places[4],
        ]
        middle = int(random.integers(1, out))
        check.call(library, f"product_{name}", [*words, tile], 0, middle)
        check.call(library, f"product_{name}", [*words, tile], middle, out)
        return result

    want = np.concatenate([product(row[None], 1) for row in x])
    assert np.abs(want).max() > 0.1
    for rows in range(1, len(x) + 1):
        first = int(random.integers(0, len(x) - rows + 1))
        got = product(x[first : first + rows], int(random.integers(1, 9)))
        assert np.array_equal(got, want[first : first + rows])


def test_what_is_no_number_shows(library: Library) -> None:
    """In the row that has it, and in no other."""
    raw = check.made_up(np.random.default_rng(6), "Q4_K", 4, 1)
    x = np.ones((3, 256), dtype=np.float32)
    x[1, 7] = np.nan
    identity, weights, scratch = np.arange(3), np.ones(256, dtype=np.float32), np.zeros_like(x)
    records = np.zeros((3, 320), dtype=np.uint8)
    words = [x.ctypes.data, x.strides[0], identity.ctypes.data, weights.ctypes.data, 256, check.floats(1e-5)]
    words += [scratch.ctypes.data, x.strides[0], records.ctypes.data, 320, 0, 0]
    check.call(library, "prepare", words, 0, 3)
    out, zeros, count = np.zeros((3, 4), dtype=np.float32), np.zeros(4, dtype=np.float32), np.array([3])
    words = [raw.ctypes.data, raw.shape[1], records.ctypes.data, 320, 1, out.ctypes.data, 16, zeros.ctypes.data, 0]
    check.call(library, "product_Q4_K", [*words, count.ctypes.data, 1], 0, 4)
    assert np.isnan(out[1]).all()
    assert np.isfinite(out[[0, 2]]).all()
