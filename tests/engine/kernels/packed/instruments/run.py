"""One product of a kernel."""

from __future__ import annotations

import numpy as np

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import Arithmetic, record_bytes, rounded
from helix_app.engine.kernels.packed.trials import check
from helix_app.engine.kernels.packed.trials.samples import with_scales

_BYTES = (0, 255, 0x80, 0x7F, 0x0F, 0xF0, 0x55)


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


def check_ends_of_range(library: Library, name: str) -> None:
    """Products of blocks at the ends of their ranges are the reference's: no sum of small integers overflows."""
    form, random = FORMATS[name], np.random.default_rng(4)
    raw = np.array(_BYTES, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(form.nbytes, 2)
    raw = with_scales(random, name, raw)
    signs = np.ones((4, 2 * form.columns), dtype=np.float32)
    signs[1] *= -1
    signs[2, ::2] *= -1
    signs[3] = random.choice([-1.0, 1.0], signs.shape[1])
    found = product(library, name, raw, signs)
    assert np.array_equal(found, Arithmetic(library.processor.fused).product(name, raw, signs))
