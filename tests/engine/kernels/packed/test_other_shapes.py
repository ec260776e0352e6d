"""Attention of other head sizes, and a row that is no number."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.trials import check


@pytest.mark.parametrize("part", ["64_3", "128_7", "80_1", "48_8", "16_2_48", "32_4_sinks", "16_1_32_sinks"])
@pytest.mark.parametrize("kind", ["attention", "windowed"])
@pytest.mark.covering(strength=1)
def test_attention_of_other_shapes(library: Library, kind: str, part: str) -> None:
    """Of any size; over slots that hold more than a head; with a score for nothing."""
    part = f"{kind}_{part}"
    library.load_trial((part,))
    assert list(check.wrong_in(library, part)) == []


@pytest.mark.soak
@pytest.mark.parametrize("part", ["attention_512_8", "windowed_256_2_512", "attention_128_16", "windowed_64_8_sinks"])
def test_attention_of_large_models(library: Library, part: str) -> None:
    library.load_trial((part,))
    assert list(check.wrong_in(library, part)) == []


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
