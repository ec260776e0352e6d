"""The kernels of recurrent layers over sizes and items that the trial does not have."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from helix_app.engine.kernels.packed.delta.sizes import width_of
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.trials.check import call


@pytest.mark.parametrize(
    ("value_dim", "width"), [(128, 4), (64, 4), (96, 4), (80, 2), (16, 2), (24, 1), (8, 1), (12, 0), (4, 0)]
)
def test_a_thread_takes_as_many_columns_as_divide_a_head(value_dim: int, width: int) -> None:
    assert width_of(value_dim) == width


def test_a_state_made_again_in_pieces_is_the_one_made_at_once(library: Library) -> None:
    """Rows in one call or two, columns by one thread or several: the same bits, and no other head's."""
    random, (heads, key_dim, value_dim, rows) = np.random.default_rng(5), (3, 16, 64, 7)
    state = random.normal(0, 1, (heads, key_dim, value_dim)).astype(np.float32)
    keys = random.normal(0, 1, (rows, heads, key_dim)).astype(np.float32)
    deltas = random.normal(0, 1, (rows, heads, value_dim)).astype(np.float32)
    decays = random.uniform(0.5, 1, (rows, heads)).astype(np.float32)

    def replayed(cuts: list[int], width: int, items: list[int]) -> np.ndarray:
        made, at = state.copy(), 0
        for end in cuts:
            parts = [np.ascontiguousarray(part[at:end]) for part in (keys, deltas, decays)]
            given = [made.ctypes.data, end - at, heads, key_dim, value_dim, *(part.ctypes.data for part in parts)]
            for first, last in itertools.pairwise(items):
                call(library, f"delta_replay_{width}", given, first, last)
            at = end
        return made

    whole = replayed([rows], 4, [0, 6])
    assert np.array_equal(replayed([2, 3, rows], 4, [0, 1, 5, 6]), whole)
    assert np.array_equal(replayed([rows], 2, [0, 12]), whole)
    assert np.array_equal(replayed([rows], 1, [0, 24]), whole)
    want = state.astype(np.float64)
    for key, delta, decay in zip(keys, deltas, decays):
        want = want * decay[:, None, None] + key[:, :, None] * delta[:, None]
    assert np.allclose(whole, want, atol=1e-5)
    assert np.array_equal(replayed([rows], 4, [2, 4])[::2], state[::2])
