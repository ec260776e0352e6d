"""The residual stream beside its mirror image, and rotation in place."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.models.residual import MirroredResidual, Norm, Residual, residual
from helix_app.engine.models.rope import inverse_frequencies, rope_table, rotate_
from helix_app.modelfiles.config import ModelConfig

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


@pytest.mark.parametrize("rows", [1, 5])
def test_rotation_is_that_of_pairs_of_numbers(rows: int) -> None:
    x, dim = some(rows, 6, 8), 8
    angles = some(rows, dim // 2, seed=3)
    cos = torch.cat((angles.cos(), angles.cos()), dim=-1).view(rows, 1, 2, dim // 2)
    sin = torch.cat((-angles.sin(), angles.sin()), dim=-1).view(rows, 1, 2, dim // 2)
    got = x.clone()
    rotate_(got, 4, cos, sin)
    turned = torch.complex(x[:, :4, : dim // 2], x[:, :4, dim // 2 :]) * torch.polar(torch.ones(()), angles)[:, None]
    assert torch.allclose(got[:, :4], torch.cat((turned.real, turned.imag), dim=-1), atol=1e-5)
    assert torch.equal(got[:, 4:], x[:, 4:])  # values stay as they are


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_angles_are_rounded_once(dtype: torch.dtype) -> None:
    """Programs that differ in one of them give different answers."""
    config = ModelConfig("llama", 32, 48, 96, 2, 4, 2, 12, 8192)
    cos, sin = rope_table(config, 8192, dtype, torch.device("cpu"))
    freqs, _ = inverse_frequencies(config)
    for position in (0, 1, 17, 500, 8191):
        for i, freq in enumerate(freqs.tolist()):
            angle = float(torch.tensor(freq) * position)
            wanted = torch.tensor([math.cos(angle), -math.sin(angle), math.sin(angle)], dtype=torch.float64)
            got = torch.stack((cos[position, 0, i], sin[position, 0, i], sin[position, 0, i + 6]))
            assert torch.equal(got, wanted.float().to(dtype))
