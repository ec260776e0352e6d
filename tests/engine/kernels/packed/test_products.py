"""Kernels compute what their references do, to the last bit, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import record_bytes, rounded
from helix_app.engine.kernels.packed.trials import check


@pytest.mark.parametrize("name", FORMATS)
def test_products_are_their_references(library: Library, name: str) -> None:
    assert list(check.wrong_in(library, name)) == []


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
