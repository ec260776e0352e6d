"""What the kernels are made of, compiled for this processor in each form: the same numbers, to the last bit."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helix_app.engine.kernels.packed.processor import NoKernelsError, Processor, this_processor
from helix_app.engine.kernels.packed.reference import Arithmetic

ir = pytest.importorskip("llvmlite.ir")
llvm = pytest.importorskip("llvmlite.binding")

from helix_app.engine.kernels.packed.emitter import B32, F8, I16, I32, LANES, W16, Emitter, vector  # noqa: E402

HALVES = vector(I16, LANES)
Work = Callable[..., Any]


@pytest.fixture(scope="module")
def processor() -> Processor:
    try:
        return this_processor()
    except NoKernelsError as exc:
        pytest.skip(str(exc))


class Forms:
    """Compiles for one form of this processor."""

    def __init__(self, processor: Processor, form: str, fused: bool) -> None:
        self.processor, self.form, self.fused = processor, form, fused

    def kernel(self, body: Callable[..., None]) -> Callable[..., None]:
        """A kernel ``(addresses, begin, end)``; ``body`` gets the emitter first."""
        module = ir.Module("trial")
        module.triple = self.processor.triple
        emitter = Emitter(module, self.form, self.fused)
        emitter.function("trial", lambda *args: body(emitter, *args))
        target = llvm.Target.from_triple(self.processor.triple)
        machine = target.create_target_machine(cpu=self.processor.name, features=self.processor.features, opt=3)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
        engine.finalize_object()
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(engine.get_function_address("trial"))

        def call(arrays: list[np.ndarray], begin: int, end: int) -> None:
            args = np.array([array.ctypes.data for array in arrays], dtype=np.int64)
            function(args.ctypes.data, begin, end)
            assert engine  # which holds the code

        return call

    def each(self, work: Work, kinds: list[Any], given: list[np.ndarray], out: np.ndarray) -> np.ndarray:
        """``work`` on one vector of each array after the other, into the rows of ``out``."""
        steps = [array.nbytes // len(array) for array in (*given, out)]

        def body(e: Emitter, args: Any, begin: Any, end: Any) -> None:
            places = e.words(args, len(given) + 1)

            def one(i: Any) -> None:
                vectors = [e.load(kind, place, e.times(i, step)) for kind, place, step in zip(kinds, places, steps)]
                e.store(work(e, *vectors), places[-1], e.times(i, steps[-1]))

            e.span(begin, end, one)

        self.kernel(body)([*given, out], 0, len(out))
        return out


@pytest.fixture(params=["avx2", "generic", "generic, unfused"])
def forms(request: pytest.FixtureRequest, processor: Processor) -> Forms:
    form = request.param.split(",")[0]
    if form == "avx2" and processor.form != "avx2":
        pytest.skip("this processor has no AVX2")
    return Forms(processor, form, processor.fused and "unfused" not in request.param)


def noise(rows: int, seed: int = 0, size: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, (rows, LANES)).astype(np.float32)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


# --------------------------------------------------------------------------- numbers


def test_exp_is_that_of_the_reference(forms: Forms) -> None:
    x = np.concatenate([np.linspace(-90, 0, 4000, dtype=np.float32), np.array([np.nan, -np.inf] * 4, dtype=np.float32)])
    x = x.reshape(-1, LANES)
    got = forms.each(lambda e, x: e.exp(x), [F8], [x], np.empty_like(x))
    assert same(got, Arithmetic(forms.fused).exp(x))


def test_products_and_sums_are_rounded_as_often_as_is_said(forms: Forms) -> None:
    a, b, c = (noise(500, seed) for seed in range(3))
    got = forms.each(lambda e, a, b, c: e.fma(a, b, c), [F8] * 3, [a, b, c], np.empty_like(a))
    assert same(got, Arithmetic(forms.fused).fma(a, b, c))


def test_sums_have_one_order_and_the_greatest_is_found(forms: Forms) -> None:
    x = noise(300, 4, 1e3) * np.exp2(np.random.default_rng(5).integers(-20, 20, (300, LANES))).astype(np.float32)
    four = x[:, :4] + x[:, 4:]
    two = four[:, :2] + four[:, 2:]
    out = np.empty((300, 1), dtype=np.float32)
    assert same(forms.each(lambda e, x: e.sum(x), [F8], [x], out)[:, 0], two[:, 0] + two[:, 1])
    assert same(forms.each(lambda e, x: e.greatest(x), [F8], [x], out)[:, 0], x.max(axis=1))


def test_the_nearest_whole_number_with_ties_to_even(forms: Forms) -> None:
    x = np.concatenate([noise(100, 6, 1e4), np.arange(-40, 40, dtype=np.float32).reshape(-1, LANES) / 2])
    assert same(forms.each(lambda e, x: e.nearest(x), [F8], [x], np.empty_like(x)), np.rint(x))


def test_what_is_less_is_the_least_and_what_is_no_number_stays(forms: Forms) -> None:
    x = np.array([[-np.inf, -5, -2, -1.5, 0, 3, np.inf, np.nan]], dtype=np.float32)
    got = forms.each(lambda e, x: e.at_least(x, -2.0), [F8], [x], np.empty_like(x))
    assert same(got, np.array([[-2, -2, -2, -1.5, 0, 3, np.inf, np.nan]], dtype=np.float32))


# --------------------------------------------------------------------------- halves


def test_every_float16_is_widened_exactly(forms: Forms) -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    bits = bits[np.isfinite(bits.view(np.float16))]
    bits = bits.reshape(-1, LANES)
    got = forms.each(lambda e, x: e.half(x), [HALVES], [bits], np.empty(bits.shape, dtype=np.float32))
    assert same(got.view(np.uint32), bits.view(np.float16).astype(np.float32).view(np.uint32))


def test_float32_is_narrowed_to_the_nearest(forms: Forms) -> None:
    steps = np.arange(0x7BFF, dtype=np.uint16).view(np.float16).astype(np.float32)
    next_ones = np.nextafter(steps.astype(np.float16), np.float16(np.inf)).astype(np.float32)
    ties = (steps + next_ones) / 2
    near = np.concatenate([ties, np.nextafter(ties, np.float32(0)), np.nextafter(ties, np.float32(np.inf)), steps])
    x = np.concatenate([near, -near, noise(200, 7, 1e-6).ravel(), noise(200, 8, 1e3).ravel()])
    x = x[: len(x) // LANES * LANES].reshape(-1, LANES)
    got = forms.each(lambda e, x: e.to_half(x), [F8], [x], np.empty(x.shape, dtype=np.uint16))
    assert same(got, x.astype(np.float16).view(np.uint16))


# --------------------------------------------------------------------------- bytes


def some_bytes(kind: type, least: int, most: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(least, most + 1, (200, 32)).astype(kind)


def test_products_of_bytes_are_summed_in_pairs(forms: Forms) -> None:
    a, b = some_bytes(np.uint8, 0, 63, 1), some_bytes(np.int8, -127, 127, 2)
    got = forms.each(lambda e, a, b: e.maddubs(a, b), [B32, B32], [a, b], np.empty((200, 16), dtype=np.int16))
    assert same(got, (a.astype(np.int16) * b).reshape(200, 16, 2).sum(axis=2).astype(np.int16))


def test_products_of_words_are_summed_in_pairs(forms: Forms) -> None:
    a, b = (np.random.default_rng(n).integers(-16_000, 16_000, (200, 16)).astype(np.int16) for n in (3, 4))
    got = forms.each(lambda e, a, b: e.madd(a, b), [W16, W16], [a, b], np.empty((200, 8), dtype=np.int32))
    assert same(got, (a.astype(np.int32) * b).reshape(200, 8, 2).sum(axis=2).astype(np.int32))


def test_bytes_take_the_sign_of_others(forms: Forms) -> None:
    a, b = some_bytes(np.int8, -127, 127, 5), some_bytes(np.int8, -127, 127, 6)
    b[b == 0] = 1
    got = forms.each(lambda e, a, b: e.signed_by(a, b), [B32, B32], [a, b], np.empty_like(a))
    assert same(got, np.where(b < 0, -a, a).astype(np.int8))


def test_bytes_are_picked_within_their_halves(forms: Forms) -> None:
    a = some_bytes(np.uint8, 0, 255, 7)
    index = [15, 3, 128, 0, 7, 7, 200, 1, *range(8)] * 2
    got = forms.each(lambda e, a: e.bytes_of(a, index), [B32], [a], np.empty_like(a))
    for k, i in enumerate(index):
        assert same(got[:, k], a[:, i + 16 * (k >= 16)] if i < 128 else np.zeros(200, dtype=np.uint8))


@pytest.mark.parametrize("right", [4, 0, -3])
def test_bits_are_shifted_with_those_of_the_neighbour(forms: Forms, right: int) -> None:
    a = some_bytes(np.uint8, 0, 255, 8)
    got = forms.each(lambda e, a: e.shifted(a, right), [B32], [a], np.empty_like(a))
    wide = a.view(np.uint16)
    assert same(got.view(np.uint16), wide >> right if right >= 0 else wide << -right)


# --------------------------------------------------------------------------- control


def test_a_loop_carries_its_values_and_runs_only_between_its_ends(forms: Forms) -> None:
    """Item i of out is the sum of all numbers under i, but for the odd ones, which are left alone."""

    def body(e: Emitter, args: Any, begin: Any, end: Any) -> None:
        (out,) = e.words(args, 1)

        def one(i: Any) -> None:
            (total,) = e.loop(i, [e.i64(0)], lambda j, held: [e.builder.add(held[0], j)])
            even = e.builder.icmp_signed("==", e.builder.and_(i, e.i64(1)), e.i64(0))
            e.when(even, lambda: e.store(total, out, e.times(i, 8)))

        e.span(begin, end, one)

    call, out = forms.kernel(body), np.full(12, -1, dtype=np.int64)
    call([out], 2, 9)
    assert out.tolist() == [-1, -1, 1, -1, 6, -1, 15, -1, 28, -1, -1, -1]
    call([out], 9, 9)
    call([out], 9, 3)
    assert out[9:].tolist() == [-1] * 3


def test_lanes_of_one_number_are_all_alike(forms: Forms) -> None:
    x = np.array([[3], [-4]], dtype=np.int32)
    out = np.empty((2, LANES), dtype=np.int32)
    got = forms.each(lambda e, x: e.splat(e.lane(x, 0)), [vector(I32, 1)], [x], out)
    assert got.tolist() == [[3] * LANES, [-4] * LANES]
