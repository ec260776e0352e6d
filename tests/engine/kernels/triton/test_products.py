"""Triton's products, interpreted on the CPU: those of the weights as the gguf library unpacks them."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch

from tests.engine import interpreted as interpreted  # isort: skip  (before Triton)
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.trials.samples import made_up
from helix_app.engine.kernels.triton.formats import CUTS
from helix_app.engine.kernels.triton.weights import PackedWeight
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

CPU = torch.device("cpu")
OUT = 37
# of a product, relative to its size: sums in another order, or weights and results in 16 bits; the interpreter has no
# products of bfloat16
ERROR = {torch.float32: 2e-6, torch.float16: 1e-3}


def made(name: str, seed: int = 1, groups: int = 3) -> tuple[PackedWeight, torch.Tensor]:
    """A weight of a number of groups that fills no step of a kernel, and what it stands for in float64."""
    columns = max(FORMATS[name].columns, groups * 32 if FORMATS[name].columns == 32 else 256)
    raw = made_up(np.random.default_rng(seed), name, OUT, columns // FORMATS[name].columns)
    dense = gguf.dequantize(raw, gguf.GGMLQuantizationType[name])
    return PackedWeight(PackedTensor(name, raw, columns), CPU), torch.from_numpy(dense.astype(np.float64))


def product(weight: PackedWeight, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    out = torch.full((x.shape[0], weight.rows), float("nan"), dtype=x.dtype)
    weight.product(x, out, bias)
    return out


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


@pytest.mark.parametrize("dtype", ERROR)
@pytest.mark.parametrize("name", CUTS)
def test_a_product_is_that_of_the_unpacked_weight(name: str, dtype: torch.dtype) -> None:
    weight, dense = made(name)
    x, bias = noise(5, weight.columns, dtype=dtype), noise(OUT, dtype=dtype)
    want = x.double() @ dense.T + bias.double()
    error = float((product(weight, x, bias).double() - want).norm() / want.norm())
    assert error < ERROR[dtype], error


@pytest.mark.parametrize("name", ["Q4_1", "Q8_0", "Q6_K"])
def test_a_row_does_not_depend_on_the_others(name: str) -> None:
    weight, _ = made(name)
    x = noise(18, weight.columns)
    whole = product(weight, x)
    for rows in (1, 5, 16):
        assert torch.equal(product(weight, x[:rows]), whole[:rows])


@pytest.mark.parametrize("name", CUTS)
def test_rows_are_unpacked_by_their_numbers(name: str) -> None:
    weight, dense = made(name)
    index = torch.tensor([36, 0, 36, 5])
    found = weight.unpacked(index, torch.float32)
    assert found.shape == (4, weight.columns)
    np.testing.assert_allclose(found.numpy(), dense[index].numpy(), rtol=1e-5, atol=1e-6)


def test_activations_and_results_may_be_columns_of_larger_ones() -> None:
    weight, dense = made("Q4_0")
    wide, out = noise(3, weight.columns + 7), torch.zeros(3, OUT + 5)
    x = wide[:, 2 : 2 + weight.columns]
    weight.product(x, out[:, 3 : 3 + OUT], None)
    np.testing.assert_allclose(out[:, 3 : 3 + OUT].double(), x.double() @ dense.T, rtol=1e-4, atol=1e-5)
    assert not out[:, :3].any()
    assert not out[:, 3 + OUT :].any()
