"""Linear layers on packed weights, by Triton's interpreter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.engine import interpreted as interpreted  # isort: skip  (before Triton)
from helix_app.engine.kernels.triton import weights
from helix_app.engine.kernels.triton.weights import FEW, PackedLinear, PackedWeight
from helix_app.engine.models.base import bytes_of
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from tests.engine.kernels.triton.test_products import CPU, OUT, made, noise


def test_parts_of_several_formats_are_one_layer() -> None:
    parts = [made(name, seed, 8) for seed, name in enumerate(("Q4_K", "Q6_K", "Q5_0"))]
    dense, bias = torch.cat([part[1] for part in parts]), noise(3 * OUT)
    linear = PackedLinear([part[0] for part in parts], bias)
    x = noise(2, dense.shape[1])
    np.testing.assert_allclose(linear(x).double(), x.double() @ dense.T + bias, rtol=1e-4, atol=1e-4)
    assert bytes_of(linear) == sum(part[0].raw.numel() for part in parts) + 3 * OUT * 4


@pytest.mark.parametrize("biased", [True, False])
def test_many_rows_are_multiplied_piece_by_piece(monkeypatch: pytest.MonkeyPatch, biased: bool) -> None:
    monkeypatch.setattr(weights, "UNPACKED_ROWS", 16)
    weight, dense = made("Q8_0")
    bias = noise(OUT) if biased else None
    x = noise(FEW + 1, weight.columns)
    want = x.double() @ dense.T + (0 if bias is None else bias)
    np.testing.assert_allclose(PackedLinear([weight], bias)(x).double(), want, rtol=1e-4, atol=1e-5)


def test_rows_may_be_taken_in_another_order() -> None:
    weight, dense = made("Q4_1")
    order = np.random.default_rng(3).permutation(OUT)
    moved = PackedWeight(PackedTensor("Q4_1", weight.raw.numpy(), weight.columns), CPU, order)
    found = moved.unpacked(torch.arange(OUT), torch.float32)
    np.testing.assert_allclose(found.double(), dense[torch.from_numpy(order)], rtol=1e-5, atol=1e-6)


def test_activations_that_lie_in_columns_are_taken() -> None:
    weight, dense = made("Q4_0")
    x = noise(weight.columns, 2).T
    np.testing.assert_allclose(PackedLinear([weight], None)(x).double(), x.double() @ dense.T, rtol=1e-4, atol=1e-5)
