"""Packed low-bit linear layers against the weights that they stand for, and where there are none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

from helix_app.engine.kernels import low_bit
from helix_app.engine.kernels.low_bit import Int4Linear, Int8Linear, dense, fits, joined, packed_linear, to_groups4
from helix_app.modelfiles.gguf.groups4 import GROUP, Groups4

CPU = torch.device("cpu")
HALF_ULP = 2.0**-8  # of bfloat16, relative: what rounding to it may change
SHAPES = [(16, 32), (32, 64), (64, 96), (304, 64), (48, 320)]
ROWS = (1, 2, 3, 5, 33)
DENSE = (torch.bfloat16, torch.float32)
_EXISTS = low_bit.exists.__wrapped__  # without what earlier calls found


def needs(bits: int) -> pytest.MarkDecorator:
    """Skips where this PyTorch has no kernel (2.4.1 has none for four bits)."""
    return pytest.mark.skipif(
        not low_bit.exists(bits, CPU), reason=f"torch {torch.__version__} has no {bits}-bit kernel for this CPU"
    )


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def groups(rows: int, columns: int) -> Groups4:
    """As from a Q4_1 file: any integers, scales of any size and sign in float16, offsets."""
    chance = np.random.default_rng(rows + columns)
    shape = (rows, columns // GROUP)
    scale = chance.standard_normal(shape).astype(np.float16).astype(np.float32)
    zero = (chance.standard_normal(shape) * 4).astype(np.float16).astype(np.float32)
    return Groups4(chance.integers(0, 16, (rows, columns), dtype=np.uint8), scale, zero)


# --------------------------------------------------------------------------- four bits


@needs(4)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_four_bits_are_the_dense_weights_but_for_bfloat16(rows: int, columns: int, bias: bool) -> None:
    """Scale, offset and result are rounded to bfloat16; the sum itself is not."""
    held = groups(rows, columns)
    offset = noise(rows, seed=1).to(torch.bfloat16) if bias else None
    linear, weight = Int4Linear(held, offset), dense(held)
    parts = np.abs(held.integers.reshape(rows, -1, GROUP) - 8.0) * np.abs(held.scale)[..., None]
    size = torch.from_numpy((parts + np.abs(held.zero)[..., None]).reshape(rows, columns)).float()
    for count in ROWS:
        x = noise(count, columns, seed=count).to(torch.bfloat16)
        want, got = x.float() @ weight.T, linear(x)
        assert (got.dtype, got.shape) == (torch.bfloat16, (count, rows))
        bound = 1.05 * HALF_ULP * (x.float().abs() @ size.T + want.abs()) + 1e-4
        if offset is not None:
            want = want + offset.float()
            bound += HALF_ULP * want.abs()
        error = (got.float() - want).abs()
        assert torch.all(error <= bound)
        assert error.norm() < HALF_ULP * want.norm()


@needs(4)
def test_every_integer_scale_and_offset_has_its_place() -> None:
    """Powers of two are exact in bfloat16: column by column, the packed weight is the dense one."""
    chance = np.random.default_rng(3)
    scale = (2.0 ** chance.integers(-3, 3, (32, 3))).astype(np.float32)
    held = Groups4(chance.integers(0, 16, (32, 96), dtype=np.uint8), scale, (scale * 4).astype(np.float32))
    got = Int4Linear(held, None)(torch.eye(96, dtype=torch.bfloat16))
    assert torch.equal(got.float().T, dense(held))


def test_dense_and_joined_by_hand() -> None:
    held = Groups4(
        np.arange(32, dtype=np.uint8)[None] % 16, np.full((1, 1), 2, np.float32), np.full((1, 1), 0.5, np.float32)
    )
    assert dense(held)[0].tolist() == [2.0 * (i % 16 - 8) + 0.5 for i in range(32)]
    other = groups(3, 32)
    assert torch.equal(dense(joined([held, other])), torch.cat((dense(held), dense(other))))


# --------------------------------------------------------------------------- rounding to four bits


def check_rounded(weight: torch.Tensor) -> None:
    """Each weight is half a step away at most, and what the rounding of scale and offset to bfloat16 adds."""
    held = to_groups4(weight)
    assert (held.integers.dtype, held.scale.dtype, held.zero.dtype) == (np.uint8, np.float32, np.float32)
    assert held.integers.shape == tuple(weight.shape)
    assert held.integers.max() <= 15
    scale, zero = torch.from_numpy(held.scale)[..., None], torch.from_numpy(held.zero)[..., None]
    for part in (scale, zero):
        assert torch.equal(part, part.to(torch.bfloat16).float())  # the kernel will not round them again
    shape = (*held.scale.shape, GROUP)
    error = (dense(held).view(shape) - weight.view(shape)).abs()
    # 15 steps, and an offset 8 steps from the lowest weight: how far their ends can lie from the group's
    beyond = HALF_ULP * (16 * scale + zero.abs())
    assert torch.all(error <= (0.5 * scale + beyond) * (1 + 1e-5))
    spread = weight.view(shape).amax(-1, keepdim=True) - weight.view(shape).amin(-1, keepdim=True)
    assert torch.all(scale <= (spread / 15).clamp_min(1e-8) * (1 + HALF_ULP))


@pytest.mark.parametrize("offset", [0.0, 2.0, -50.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 100.0])
def test_the_nearest_groups_are_half_a_step_away(size: float, offset: float) -> None:
    check_rounded((noise(48, 96) + offset) * size)


def test_groups_of_one_value_keep_it() -> None:
    for value in (0.0, 1.0, -0.375, 64.0):
        assert torch.equal(dense(to_groups4(torch.full((2, 64), value))), torch.full((2, 64), value))


def test_both_ends_of_a_group_are_used() -> None:
    """A scale or offset a few percent off would leave integers unused or clip the ends."""
    held = to_groups4(noise(256, 64))
    whole = held.integers.reshape(256, 2, GROUP)
    assert np.mean(whole.min(-1) == 0) > 0.9
    assert np.mean(whole.max(-1) == 15) > 0.9


@given(arrays.arrays(np.float32, (2, 64), elements=st.floats(-1000, 1000, width=32)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_weights_are_rounded_within_the_bound(weight: np.ndarray) -> None:
    check_rounded(torch.from_numpy(weight))


@needs(4)
def test_a_rounded_weight_runs_as_its_groups_say() -> None:
    weight, x = noise(64, 96), noise(5, 96, seed=2).to(torch.bfloat16)
    want = x.float() @ dense(to_groups4(weight)).T
    assert (packed_linear(4, weight, None)(x).float() - want).norm() < HALF_ULP * want.norm()
    far = x.float() @ weight.T
    assert 0.01 < (want - far).norm() / far.norm() < 0.15  # four bits are four bits


# --------------------------------------------------------------------------- eight bits


@needs(8)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [*SHAPES, (1, 32), (13, 32), (300, 64)])
def test_eight_bits_are_the_weights_but_for_half_a_step(rows: int, columns: int, bias: bool) -> None:
    weight = noise(rows, columns, seed=5) * 10.0 ** noise(rows, 1, seed=6)
    offset = noise(rows, seed=1).to(torch.bfloat16) if bias else None
    linear = Int8Linear(weight, offset)
    step = weight.abs().amax(dim=1) / 127
    for count in ROWS:
        x = noise(count, columns, seed=count).to(torch.bfloat16)
        want, got = x.float() @ weight.T, linear(x)
        assert (got.dtype, got.shape) == (torch.bfloat16, (count, rows))
        total = x.float().abs() @ (0.5 * step[:, None] + HALF_ULP * weight.abs()).T
        bound = total + 1.05 * HALF_ULP * want.abs()
        if offset is not None:
            want = want + offset.float()
            bound += HALF_ULP * want.abs()
        assert torch.all((got.float() - want).abs() <= bound * (1 + 1e-4))


@needs(8)
def test_every_row_uses_all_of_its_range() -> None:
    linear = Int8Linear(noise(64, 96) * 10.0 ** noise(64, 1, seed=6), None)
    assert linear._integers.abs().amax(dim=1).tolist() == [127] * 64


@needs(8)
def test_a_row_of_zeros_gives_zeros() -> None:
    weight = torch.cat((torch.zeros(1, 32), torch.ones(1, 32)))
    assert packed_linear(8, weight, None)(torch.ones(1, 32, dtype=torch.bfloat16)).tolist() == [[0.0, 32.0]]


# --------------------------------------------------------------------------- what can be packed


@pytest.mark.parametrize(
    ("bits", "rows", "columns", "can"),
    [
        (4, 16, 32, True),
        (4, 304, 64, True),
        (4, 300, 64, False),
        (4, 8, 32, False),
        (4, 16, 48, False),
        (4, 16, 30, False),
        (8, 300, 64, True),
        (8, 1, 32, True),
        (8, 64, 24, False),  # the kernel ends the process on such columns
        (8, 16, 30, False),
        (8, 64, 8, False),
    ],
)
def test_shapes_that_can_be_packed(bits: int, rows: int, columns: int, can: bool) -> None:
    assert fits(bits, rows, columns) == can


# --------------------------------------------------------------------------- whether it exists and pays


@pytest.fixture(params=[4, 8])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def exists(bits: int, device: torch.device = CPU) -> bool:
    return bool(_EXISTS(bits, device))


def test_packed_weights_are_for_the_cpu(bits: int) -> None:
    for kind in ("cuda", "meta"):
        assert not exists(bits, torch.device(kind))


@pytest.mark.parametrize("error", [RuntimeError("no kernel"), AttributeError("no op"), NotImplementedError("x")])
@pytest.mark.parametrize(
    "op",
    [
        (4, "_convert_weight_to_int4pack_for_cpu"),
        (4, "_weight_int4pack_mm_for_cpu"),
        (8, "_weight_int8pack_mm"),
    ],
)
def test_a_kernel_that_raises_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, op: tuple[int, str], error: Exception
) -> None:
    def refuse(*args: object) -> torch.Tensor:
        raise error

    monkeypatch.setattr(torch.ops.aten, op[1], refuse, raising=False)
    assert not exists(op[0])
