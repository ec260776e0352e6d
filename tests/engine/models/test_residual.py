"""The residual stream beside its mirror image."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.models.residual import MirroredResidual, Norm, Residual, residual

EPS = 1e-5
HIDDEN = 48


def some(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return (3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("rows", [1, 2, 7, 40])
def test_it_is_the_sum_and_its_root_mean_square_norm(rows: int, dtype: torch.dtype) -> None:
    norm = Norm(some(HIDDEN, seed=9, dtype=dtype))
    x = some(rows, HIDDEN, dtype=dtype)
    stream = residual(x.clone(), norm, EPS)
    assert type(stream) is (Residual if dtype == torch.float32 else MirroredResidual)
    for layer in range(30):
        y = some(rows, HIDDEN, seed=1 + layer, dtype=dtype)
        x = x + y
        stream.add(y)
        got = stream.normed(norm)
        assert got.is_contiguous()
        wanted = F.rms_norm(x.float(), (HIDDEN,), norm.weight.float(), EPS)
        assert torch.allclose(got.float(), wanted, rtol=2.0 ** -(23 if dtype == torch.float32 else 7), atol=1e-5)
        if norm.mirrored is not None:  # the sum to the bit, in both halves
            both = torch.cat((x, -x), dim=-1)
            exact = torch.native_layer_norm(both, (2 * HIDDEN,), norm.mirrored, None, EPS)[0][:, :HIDDEN]
            assert torch.equal(got, exact)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_some_of_its_rows(dtype: torch.dtype) -> None:
    norm = Norm(some(HIDDEN, seed=9, dtype=dtype))
    stream = residual(some(9, HIDDEN, dtype=dtype), norm, EPS)
    stream.add(some(9, HIDDEN, seed=4, dtype=dtype))
    every = stream.normed(norm)
    for parts in ([slice(8, 9)], [slice(0, 3)], [slice(2, 4), slice(8, 9)]):
        got = stream.normed(norm, parts)
        assert got.is_contiguous()
        assert torch.equal(got, torch.cat([every[rows] for rows in parts]))
