"""The references stand for what the formats mean: gguf's own dequantisation, and exact products."""

from __future__ import annotations

import gguf
import numpy as np
import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.reference import Arithmetic, apart, record_bytes, rounded, unpacked
from helix_app.engine.kernels.packed.trials.check import made_up

# of a product of gaussian rows, relative to its size: from eight bits of activations alone
ERROR = {256: 0.012, 32: 0.010}


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_are_unpacked_as_gguf_unpacks_them(name: str) -> None:
    raw = made_up(np.random.default_rng(1), name, 6, 4)
    want = gguf.dequantize(raw, gguf.GGMLQuantizationType[name])
    got = unpacked(name, raw).dense()
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_sizes_are_those_of_gguf(name: str) -> None:
    assert gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]] == (FORMATS[name].columns, FORMATS[name].nbytes)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_a_product_is_near_the_exact_one(name: str, fused: bool) -> None:
    random = np.random.default_rng(2)
    raw = made_up(random, name, 40, 4)
    x = random.normal(0, 1, (3, 4 * FORMATS[name].columns)).astype(np.float32)
    exact = x.astype(np.float64) @ unpacked(name, raw).dense().T
    got = Arithmetic(fused).product(name, raw, x)
    error = np.linalg.norm(got - exact) / np.linalg.norm(exact)
    print(f"{name}: {error:.5f}")
    assert 0 < error < ERROR[FORMATS[name].columns]


@pytest.mark.parametrize("columns", [32, 256])
def test_activations_are_rounded_to_the_nearest_of_255_steps(columns: int) -> None:
    x = np.random.default_rng(3).normal(0, 1, (2, 2 * columns)).astype(np.float32)
    x[0, :columns] = 0
    records = rounded(x, columns)
    assert np.abs(records.integers).max() == 127
    back = (records.integers * records.scale[..., None]).reshape(x.shape)
    assert np.abs(back - x).max() <= 0.5001 * records.scale.max()
    assert not records.integers[0, 0].any()
    whole = record_bytes(records)
    assert whole.shape == ((2, 640) if columns == 256 else (8, 80))
    if columns == 32:
        plain = apart(whole, 2).reshape(2, 2, 40)
        assert np.array_equal(plain[..., :32].view(np.int8), records.integers)
        assert np.array_equal(plain[..., 32:36].copy().view(np.float32)[..., 0], records.scale)


def test_exp_is_as_good_as_float32() -> None:
    x = np.linspace(-87, 0, 20_001, dtype=np.float32)
    for fused in (True, False):
        got = Arithmetic(fused).exp(x)
        np.testing.assert_allclose(got, np.exp(x.astype(np.float64)), rtol=3e-7)
    assert Arithmetic(True).exp(np.array([-200.0, -np.inf], dtype=np.float32)).max() < 1e-37
    assert np.isnan(Arithmetic(True).exp(np.array([np.nan], dtype=np.float32)))[0]


def test_attention_is_that_of_the_textbook() -> None:
    random = np.random.default_rng(4)
    q = random.normal(0, 1, 32).astype(np.float32)
    keys, values = (random.normal(0, 1, (41, 32)).astype(np.float16) for _ in range(2))
    scores = keys.astype(np.float64) @ q * 0.2
    weights = np.exp(scores - scores.max())
    want = weights @ values.astype(np.float64) / weights.sum()
    np.testing.assert_allclose(Arithmetic(True).attention(q, keys, values, 0.2), want, rtol=1e-5, atol=1e-6)
