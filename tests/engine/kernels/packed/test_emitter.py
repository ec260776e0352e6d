"""What the emitter makes of numbers, in both forms: every float16, and functions against numpy's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helix_app.engine.kernels.packed import library as libraries
from helix_app.engine.kernels.packed.emitter import F8, FORMS, I16, LANES, Emitter, vector
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.program import address, words
from helix_app.engine.kernels.packed.reference import Arithmetic

HALF = vector(I16, LANES)


class Made:
    """Eight lanes in, eight lanes out, through one method of an emitter."""

    def __init__(self, form: str, body: Callable[[Emitter, Any], Any], kind_in: Any, kind_out: np.dtype) -> None:
        import llvmlite.binding as llvm
        from llvmlite import ir

        processor = libraries.this_processor()
        module = ir.Module("tried")
        module.triple = processor.triple
        e, self._out = Emitter(module, form, processor.fused), kind_out
        sizes = {HALF: 2, F8: 4}[kind_in], kind_out.itemsize

        def run(args: Any, begin: Any, end: Any) -> None:
            source, target = e.words(args, 2)

            def one(i: Any) -> None:
                got = body(e, e.load(kind_in, source, e.times(i, LANES * sizes[0])))
                e.store(got, target, e.times(i, LANES * sizes[1]))

            e.span(begin, end, one)

        e.function("tried", run)
        self._engine = llvm.create_mcjit_compiler(
            llvm.parse_assembly(str(module)), libraries._target_machine(processor)
        )
        self._engine.finalize_object()
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)
        self._call = function(self._engine.get_function_address("tried"))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        values, result = np.ascontiguousarray(values), np.zeros(len(values), dtype=self._out)
        args = words(address(values), address(result))
        self._call(address(args), 0, len(values) // LANES)
        return result


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, library: Library) -> str:
    """Those that this processor has."""
    if request.param != "generic" and library.processor.form != request.param:
        pytest.skip("another processor")
    return request.param


def test_every_float16_is_widened_exactly(form: str) -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    bits = bits[(bits & 0x7C00) != 0x7C00]  # finite ones
    got = Made(form, lambda e, x: e.half(x), HALF, np.dtype(np.float32))(bits)
    assert np.array_equal(got.view(np.uint32), bits.view(np.float16).astype(np.float32).view(np.uint32))


def test_float32_is_narrowed_to_the_nearest(form: str) -> None:
    """Every float16, what lies halfway between two, and just beside that: ties go to even."""
    halves = np.arange(0x7BFF, dtype=np.uint16).view(np.float16).astype(np.float32)
    middles = (halves[:-1] + halves[1:]) / 2
    values = np.concatenate((halves, middles, np.nextafter(middles, 0), np.nextafter(middles, 1e9)))
    values = np.concatenate((values, -values))
    values = values[: len(values) // LANES * LANES]
    got = Made(form, lambda e, x: e.to_half(x), F8, np.dtype(np.uint16))(values)
    assert np.array_equal(got, values.astype(np.float16).view(np.uint16))


def test_functions_of_numbers(form: str) -> None:
    x = np.random.default_rng(1).normal(0, 30, 8000).astype(np.float32)
    x[:4] = np.nan, 2.5, 3.5, -0.5
    single = np.dtype(np.float32)
    nearest = Made(form, lambda e, v: e.nearest(v), F8, single)(x)
    assert np.array_equal(nearest, np.rint(x), equal_nan=True)
    least = Made(form, lambda e, v: e.at_least(v, -1.0), F8, single)(x)
    assert np.array_equal(least, np.maximum(x, -1.0), equal_nan=True)
    low = np.minimum(x, 0)
    exp = Made(form, lambda e, v: e.exp(v), F8, single)(low)
    fused = libraries.this_processor().fused
    assert np.array_equal(exp, Arithmetic(fused).exp(low), equal_nan=True)


def test_sums_and_greatest_are_of_all_lanes(form: str) -> None:
    x = np.random.default_rng(2).normal(0, 1, 800).astype(np.float32)
    rows = x.reshape(-1, LANES)
    total = Made(form, lambda e, v: e.splat(e.sum(v)), F8, np.dtype(np.float32))(x).reshape(-1, LANES)
    np.testing.assert_allclose(total[:, 0], rows.sum(axis=1), rtol=1e-5, atol=1e-6)
    most = Made(form, lambda e, v: e.splat(e.greatest(v)), F8, np.dtype(np.float32))(x).reshape(-1, LANES)
    assert np.array_equal(most[:, 0], rows.max(axis=1))
