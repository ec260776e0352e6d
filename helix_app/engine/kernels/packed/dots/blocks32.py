"""Dot products of a row of packed weights with rows of records, of formats in blocks of 32 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_app.engine.kernels.packed.dots.values import Dots, from_table, nibbles, sizes
from helix_app.engine.kernels.packed.emitter import B32, F8, F32, I8, I32, LANES, Emitter, Value, vector
from helix_app.engine.kernels.packed.formats import (
    E2M1,
    FORMATS,
    NONLINEAR,
    SCALE_AT,
    SCALED_SUM_AT,
    SHARED_BYTES,
)

# Unpacked 32 columns: unsigned bytes, the bytes whose signs count (or None), scale, offset (or None), as numbers
Unpacked = tuple[Value, Value, Value, Value]
_SIGNED = ("Q8_0", "IQ4_NL", "MXFP4")  # formats whose integers have signs, so that nothing is taken off the sums


def _blocks32(
    e: Emitter, name: str, unpack: Callable[[Value], Unpacked]
) -> Callable[[Value, Sequence[Value], Value], list[Value]]:
    b, size = e.builder, FORMATS[name]

    def dots(w: Value, x: Sequence[Value], blocks: Value) -> list[Value]:
        count = len(x)
        registers = [range(first, min(first + e.groups, count)) for first in range(0, count, e.groups)]  # rows of each

        def body(i: Value, sums: list[Value]) -> Sequence[Value]:
            values, signs, scale, offset = unpack(e.plus(w, e.times(i, size.nbytes)))
            shared = e.plus(x[0], e.times(i, SHARED_BYTES))
            scales = b.fmul(e.splat(scale), e.load(F8, shared, SCALE_AT))  # of the weights and each of eight rows
            results = []
            for rows, total in zip(registers, sums):
                integers = e.load(vector(I8, 32 * len(rows)), shared, 32 * rows[0])
                if signs is not None:
                    integers = e.signed_by(integers, e.repeated(signs, len(rows)))
                number = e.dot(e.repeated(values, len(rows)), integers)
                number = b.sitofp(number, vector(F32, number.type.count))
                results.append(e.fma(e.part(scales, [row for row in rows for _ in range(LANES)]), number, total))
            if offset is not None:
                results.append(e.fma(e.splat(offset), e.load(F8, shared, SCALED_SUM_AT), sums[-1]))
            return results

        start = [e.const(vector(F32, LANES * len(rows)), 0.0) for rows in registers]
        sums = e.loop(blocks, start if name in _SIGNED else [*start, e.const(F8, 0.0)], body)
        whole = [e.sum(e.eight(total, i)) for rows, total in zip(registers, sums) for i in range(len(rows))]
        return whole if name in _SIGNED else [b.fadd(total, e.lane(sums[-1], row)) for row, total in enumerate(whole)]

    return dots


def _fifth_bits(e: Emitter, w: Value, offset: int) -> Value:
    """32 bits, each as 16 or 0 in a byte."""
    b = e.builder
    spread = b.bitcast(e.splat(e.load(I32, w, offset)), B32)
    spread = e.bytes_of(spread, [byte for byte in range(4) for _ in range(8)])
    mask = e.const(B32, [1, 2, 4, 8, 16, 32, 64, -128] * 4)
    is_set = b.icmp_unsigned("!=", b.and_(spread, mask), e.const(B32, 0))
    return b.select(is_set, e.const(B32, 16), e.const(B32, 0))


def _q4_0(e: Emitter, w: Value) -> Unpacked:
    d = e.half_at(w, 0)
    return nibbles(e, w, 2), None, d, e.builder.fmul(d, e.const(F32, -8.0))


def _q4_1(e: Emitter, w: Value) -> Unpacked:
    return nibbles(e, w, 4), None, e.half_at(w, 0), e.half_at(w, 2)


def _q5_0(e: Emitter, w: Value) -> Unpacked:
    d = e.half_at(w, 0)
    values = e.builder.or_(nibbles(e, w, 6), _fifth_bits(e, w, 2))
    return values, None, d, e.builder.fmul(d, e.const(F32, -16.0))


def _q5_1(e: Emitter, w: Value) -> Unpacked:
    values = e.builder.or_(nibbles(e, w, 8), _fifth_bits(e, w, 4))
    return values, None, e.half_at(w, 0), e.half_at(w, 2)


def _q8_0(e: Emitter, w: Value) -> Unpacked:
    values = e.load(B32, w, 2)
    return sizes(e, values), values, e.half_at(w, 0), None


def _iq4_nl(e: Emitter, w: Value) -> Unpacked:
    return *from_table(e, w, 2, NONLINEAR), e.half_at(w, 0), None


def _mxfp4(e: Emitter, w: Value) -> Unpacked:
    """Its scale is an exponent alone; of the two smallest the half is a number without a leading one."""
    b = e.builder
    exponent = b.zext(e.load(I8, w), I32)
    usual = b.shl(b.sub(exponent, e.const(I32, 1)), e.const(I32, 23))
    small = b.shl(e.const(I32, 0x00200000), exponent)
    bits = b.select(b.icmp_unsigned("<", exponent, e.const(I32, 2)), small, usual)
    return *from_table(e, w, 1, E2M1), b.bitcast(bits, F32), None


def _dots(name: str, unpack: Callable[[Emitter, Value], Unpacked]) -> Dots:
    return lambda e, w, x, blocks: _blocks32(e, name, lambda at: unpack(e, at))(w, x, blocks)


DOTS: dict[str, Dots] = {
    name: _dots(name, unpack)
    for name, unpack in (
        ("Q4_0", _q4_0),
        ("Q4_1", _q4_1),
        ("Q5_0", _q5_0),
        ("Q5_1", _q5_1),
        ("Q8_0", _q8_0),
        ("IQ4_NL", _iq4_nl),
        ("MXFP4", _mxfp4),
    )
}
