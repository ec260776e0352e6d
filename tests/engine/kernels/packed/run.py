"""One product of a kernel."""

from __future__ import annotations

import numpy as np

from helix_app.engine.kernels.packed import check
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import record_bytes, rounded


def product(library: Library, name: str, raw: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Rows of float32 ``[m, in]`` times packed weights ``[out, bytes]``: ``[m, out]``."""
    form, out = FORMATS[name], raw.shape[0]
    records = record_bytes(rounded(x, form.columns))
    result, zeros = np.full((len(x), out), np.nan, dtype=np.float32), np.zeros(out, dtype=np.float32)
    count = np.array([len(x)], dtype=np.int64)
    given = [raw.ctypes.data, raw.shape[1], records.ctypes.data, records.shape[1], x.shape[1] // form.columns]
    given += [result.ctypes.data, 4 * out, zeros.ctypes.data, 0, count.ctypes.data, 3]
    check.call(library, f"product_{name}", given, 0, out)
    return result
