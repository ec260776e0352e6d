"""The references compute what PyTorch does of the same definitions, but for rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.kernels import delta_rule
from helix_app.engine.kernels.packed.delta import reference
from helix_app.engine.kernels.packed.delta.reference import Heads, Rule
from helix_app.engine.kernels.packed.reference import Arithmetic

ARITHMETIC = Arithmetic(True)


def close(a: np.ndarray, b: torch.Tensor, tolerance: float = 2e-6) -> bool:
    return bool(np.allclose(a, b.numpy(), rtol=tolerance, atol=tolerance))


def test_decays_are_exact_at_both_ends_of_their_range() -> None:
    x = np.concatenate((np.linspace(-60, 60, 4001), [-87.0, 0.0])).astype(np.float32)
    speeds = torch.from_numpy(x).double()
    for decay in (-0.01, -1.0, -16.0):
        got = reference.decays(ARITHMETIC, x, np.full_like(x, decay), np.zeros_like(x))
        want = (F.softplus(speeds, threshold=200) * decay).exp()
        assert np.abs(got - want.numpy()).max() < 3e-6
    assert close(reference.sigmoid(ARITHMETIC, x), speeds.sigmoid().float())


def test_convolution_and_lengths_are_those_of_the_dense_layer() -> None:
    generator = torch.Generator().manual_seed(2)
    before, rows, taps = (torch.randn(n, 32, generator=generator) for n in (3, 7, 4))
    want = delta_rule.convolved(before, rows, taps.unbind(0))
    assert close(reference.convolved(ARITHMETIC, before.numpy(), rows.numpy(), taps.numpy()), want)
    vectors = rows.view(7, 2, 16)
    want = delta_rule.of_length_one(vectors) * 0.25
    assert close(reference.of_length_one(ARITHMETIC, vectors.numpy(), 0.25), want)


@pytest.mark.parametrize("tiled", [True, False])
def test_the_rule_is_that_of_the_dense_layer(tiled: bool) -> None:
    heads, count = Heads(2, 4, 8, 16, tiled), 5
    generator = torch.Generator().manual_seed(3)
    queries, keys = (torch.randn(count, 2, 8, generator=generator) * 0.3 for _ in range(2))
    values = torch.randn(count, 4, 16, generator=generator)
    decays, rates = (torch.rand(count, 4, generator=generator) for _ in range(2))
    own = [heads.key_of(head) for head in range(4)]
    rows = delta_rule.DeltaRows(queries[:, own], keys[:, own], values, decays.log(), rates)
    state = torch.randn(4, 8, 16, generator=generator)
    rule = Rule(ARITHMETIC, heads, state.numpy().copy())
    want, added = delta_rule.steps(state, rows)
    for row in range(count):
        given = (part[row].numpy() for part in (queries, keys, values, decays, rates))
        read, deltas = rule.row(*given)
        assert close(read, want[row], 1e-5)
        assert close(deltas, added.deltas[row], 1e-5)
        if row < count - 1:  # the state before the last row
            rule.advance(keys[row].numpy(), decays[row].numpy(), deltas)
    assert close(rule.state, state, 1e-5)
