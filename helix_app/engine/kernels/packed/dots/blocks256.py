"""Dot products of a row of packed weights with rows of records, of formats in blocks of 256 columns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from helix_app.engine.kernels.packed.dots.values import Dots, from_table
from helix_app.engine.kernels.packed.emitter import B32, F8, I8, I16, I32, I64, W16, Emitter, Value, vector
from helix_app.engine.kernels.packed.formats import FORMATS, NONLINEAR, SCALES_AT, SUMS_AT

_W8 = vector(I32, 8)
_B16 = vector(I8, 16)


def _blocks256(
    e: Emitter,
    name: str,
    x: Sequence[Value],
    blocks: Value,
    w: Value,
    block: Callable[[Value, list[Value]], list[tuple[Value, Value]]],
) -> list[Value]:
    """Sum over blocks of what ``block(w, x)`` gives each row: a number in eight lanes, and its scale of the weights."""
    b, size = e.builder, FORMATS[name]

    def body(i: Value, sums: list[Value]) -> Sequence[Value]:
        here = e.plus(w, e.times(i, size.nbytes))
        records = [e.plus(row, e.times(i, size.record_bytes)) for row in x]
        return [
            e.fma(b.fmul(number, scale) if scale is not None else number, e.load(F8, record, SCALES_AT), total)
            for (number, scale), record, total in zip(block(here, records), records, sums)
        ]

    return [e.sum(total) for total in e.loop(blocks, [e.const(F8, 0.0)] * len(x), body)]


def _scales_and_minima(e: Emitter, w: Value) -> Value:
    """The eight scales and eight minima of six bits of a Q4_K or Q5_K block: scales 0-3, minima 0-3, scales 4-7,
    minima 4-7."""
    b = e.builder
    first, last = e.load(I64, w, 4), b.zext(e.load(I32, w, 12), I64)
    low = b.and_(first, e.i64(0x3F3F3F3F3F3F3F3F))
    high = b.shl(b.and_(b.lshr(first, e.i64(6)), e.i64(0x0303030303030303)), e.i64(4))
    nibbles = b.or_(b.and_(last, e.i64(0x0F0F0F0F)), b.and_(b.shl(last, e.i64(28)), e.i64(0x0F0F0F0F00000000)))
    both = b.insert_element(e.undefined(vector(I64, 2)), low, e.const(I32, 0))
    both = b.insert_element(both, b.or_(high, nibbles), e.const(I32, 1))
    return b.bitcast(both, _B16)


_SCALE_PLACES, _MINIMUM_PLACES = (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)


def _q45_k(e: Emitter, w: Value, x: Sequence[Value], blocks: Value, five: bool) -> list[Value]:
    b, name, quants = e.builder, "Q5_K" if five else "Q4_K", 48 if five else 16

    def block(w: Value, x: list[Value]) -> list[tuple[Value, Value]]:
        d, d_min = e.two_halves(w, 0)
        numbers = _scales_and_minima(e, w)
        places = [i for at in _MINIMUM_PLACES for i in (at, 128, at, 128)]
        minima = b.bitcast(e.bytes_of(e.repeated(numbers, 2), places), W16)
        packed = functools.cache(lambda group: e.load(B32, w, quants + 32 * group))
        high = e.load(B32, w, 16) if five else None

        def values(subs: Sequence[int]) -> Value:
            low = e.spread(packed(subs[0] // 2), [4 * (sub % 2) for sub in subs])
            low = b.and_(low, e.const(low.type, 15))
            if high is None:
                return low
            fifth = e.spread(high, [sub - 4 for sub in subs])
            return b.or_(low, b.and_(fifth, e.const(low.type, 16)))

        def scale(subs: Sequence[int]) -> Value:
            places = [i for sub in subs for i in (_SCALE_PLACES[sub], 128) * 16]
            return e.bytes_of(e.repeated(numbers, 2 * len(subs)), places)

        sums = _of_eight(e, x, values, scale)
        result = []
        for record, total in zip(x, sums):
            least = b.sitofp(e.madd(minima, e.load(W16, record, SUMS_AT)), F8)
            result.append((e.fma(least, b.fneg(d_min), b.fmul(b.sitofp(total, F8), d)), None))
        return result

    return _blocks256(e, name, x, blocks, w, block)


def _of_eight(
    e: Emitter,
    x: list[Value],
    values: Callable[[Sequence[int]], Value],
    scales: Callable[[Sequence[int]], Value],
    signs: Callable[[Sequence[int]], Value] | None = None,
    small: bool = False,
) -> list[Value]:
    """Of each row the sums of eight groups of 32 columns, ``<8 x i32>``.

    Args:
        values: unsigned bytes of so many groups, one after the other.
        scales: bytes of 16-bit numbers, for every two columns of these groups.
        signs: bytes whose signs the values have.
        small: see ``_Sixteen``.
    """
    b, sums = e.builder, [None] * len(x)
    for first in range(0, 8, e.groups):
        groups = range(first, first + e.groups)
        some, scale = values(groups), b.bitcast(scales(groups), vector(I16, 16 * e.groups))
        together = e.has_vnni and small  # their product is one for all rows
        if together:
            some = b.bitcast(b.mul(b.bitcast(some, scale.type), scale), some.type)
        for row, record in enumerate(x):
            integers = e.load(some.type, record, 32 * first)
            if signs is not None:
                integers = e.signed_by(integers, signs(groups))
            if together:
                sums[row] = e.dot(some, integers, sums[row])
            else:
                sums[row] = e.madd(e.maddubs(some, integers), scale, sums[row])
    return [e.folded(total) for total in sums]


# --------------------------------------------------------------------------- sixteen groups of 16 columns


@dataclass(frozen=True)
class _Sixteen:
    """A block of sixteen groups.

    Attributes:
        values: the unsigned values of some groups of 32 columns of a half, by that half and their numbers in it.
        scales: of the groups, sixteen bytes with signs.
        d: of the block.
        centre: what is to be taken off each value.
        minima, d_min: what each group's values lie above, in units of ``d_min``, and that; None without.
        small: values times their scales are unsigned bytes of up to 127.
    """

    values: Callable[[int, Sequence[int]], Value]
    scales: Value
    d: Value
    centre: int = 0
    minima: Value = None
    d_min: Value = None
    small: bool = False


def _sixteen(name: str, unpack: Callable[[Emitter, Value], _Sixteen]) -> Dots:
    def dots(e: Emitter, w: Value, x: Sequence[Value], blocks: Value) -> list[Value]:
        return _blocks256(e, name, x, blocks, w, lambda at, records: _of_sixteen(e, unpack(e, at), records))

    return dots


def _of_sixteen(e: Emitter, block: _Sixteen, x: list[Value]) -> list[tuple[Value, Value]]:
    b = e.builder
    pairs = b.bitcast(b.sext(e.part(block.scales, [*range(0, 16, 2), *range(1, 16, 2)]), W16), B32)

    def values(groups: Sequence[int]) -> Value:
        return block.values(groups[0] // 4, [group % 4 for group in groups])

    def scale(groups: Sequence[int]) -> Value:
        places = [i for group in groups for i in (2 * group, 2 * group + 1) * 16]
        return e.bytes_of(e.repeated(pairs, len(groups)), places)

    sums = _of_eight(e, x, values, scale, small=block.small)
    of_sums = b.sext(block.scales if block.minima is None else block.minima, W16)
    result = []
    for record, total in zip(x, sums):
        known = e.madd(of_sums, e.load(W16, record, SUMS_AT))
        if block.minima is not None:
            least = b.sitofp(known, F8)
            result.append((e.fma(least, b.fneg(block.d_min), b.fmul(b.sitofp(total, F8), block.d)), None))
        else:
            taken = b.mul(known, e.const(_W8, block.centre))
            result.append((b.sitofp(b.sub(total, taken), F8), block.d))
    return result


def _two_bits(e: Emitter, w: Value, at: int) -> Callable[[int, Sequence[int]], Value]:
    """Of 64 bytes, each with a value of four groups of 32."""
    packed = functools.cache(lambda half: e.load(B32, w, at + 32 * half))

    def values(half: int, groups: Sequence[int]) -> Value:
        bits = e.spread(packed(half), [2 * group for group in groups])
        return e.builder.and_(bits, e.const(bits.type, 3))

    return values


def _q2_k(e: Emitter, w: Value) -> _Sixteen:
    b, raw, low = e.builder, e.load(_B16, w), e.const(_B16, 15)
    d, d_min = e.two_halves(w, 80)
    minima = b.and_(e.shifted(raw, 4), low)
    return _Sixteen(_two_bits(e, w, 16), b.and_(raw, low), d, minima=minima, d_min=d_min, small=True)


def _q3_k(e: Emitter, w: Value) -> _Sixteen:
    """Kept as 0 to 7; the 4 that is to be taken off comes with the sums of the activations."""
    b, four = e.builder, vector(I32, 4)
    low, high = _two_bits(e, w, 32), e.load(B32, w, 0)

    def values(half: int, groups: Sequence[int]) -> Value:
        third = e.spread(high, [4 * half + group - 2 for group in groups])
        return b.or_(low(half, groups), b.and_(third, e.const(third.type, 4)))

    # of the scales' six bits four are in eight bytes, low halves first, and two in the four bytes after them
    eight = e.splat(e.load(I64, w, 96), 2)
    nibbles = b.and_(b.lshr(eight, e.const(eight.type, [0, 4])), e.const(eight.type, 0x0F0F0F0F0F0F0F0F))
    pairs = b.and_(b.lshr(e.splat(e.load(I32, w, 104), 4), e.const(four, [0, 2, 4, 6])), e.const(four, 0x03030303))
    scales = b.or_(b.bitcast(nibbles, _B16), b.bitcast(b.shl(pairs, e.const(four, 4)), _B16))
    return _Sixteen(values, b.sub(scales, e.const(_B16, 32)), e.splat(e.half_at(w, 108)), centre=4)


def _q6_k(e: Emitter, w: Value) -> _Sixteen:
    """Kept as 0 to 63; the 32 that is to be taken off comes with the sums of the activations."""
    b = e.builder
    load = functools.cache(lambda at, count: e.load(vector(I8, count), w, at))

    def values(half: int, groups: Sequence[int]) -> Value:
        first = groups[0]
        low = e.shifted(load(64 * half + 32 * (first % 2), 32 * len(groups)), 4 * (first // 2))
        high = e.spread(load(128 + 32 * half, 32), [2 * group - 4 for group in groups])
        return b.or_(b.and_(low, e.const(low.type, 15)), b.and_(high, e.const(high.type, 0x30)))

    return _Sixteen(values, e.load(_B16, w, 192), e.splat(e.half_at(w, 208)), centre=32)


# --------------------------------------------------------------------------- eight groups with a table of values


def _iq4_xs(e: Emitter, w: Value, x: Sequence[Value], blocks: Value) -> list[Value]:
    """Eight groups of 32 columns, each with a scale of six bits less 32."""
    b = e.builder

    def each(bits: Value, step: int, mask: int) -> Value:
        places = e.const(_W8, [step * group for group in range(8)])
        return b.and_(b.lshr(e.splat(bits), places), e.const(_W8, mask))

    def block(w: Value, x: list[Value]) -> list[tuple[Value, Value]]:
        d = e.splat(e.half_at(w, 0))
        high, low = each(b.zext(e.load(I16, w, 2), I32), 2, 3), each(e.load(I32, w, 4), 4, 15)
        numbers = b.sub(b.or_(low, b.shl(high, e.const(_W8, 4))), e.const(_W8, 32))
        pairs = b.or_(b.and_(numbers, e.const(_W8, 0xFFFF)), b.shl(numbers, e.const(_W8, 16)))
        table = functools.cache(lambda first: from_table(e, w, 8 + 16 * first, NONLINEAR, e.groups))

        def scale(groups: Sequence[int]) -> Value:
            return b.bitcast(e.part(pairs, [group for group in groups for _ in range(8)]), vector(I8, 32 * len(groups)))

        sums = _of_eight(e, x, lambda groups: table(groups[0])[0], scale, signs=lambda groups: table(groups[0])[1])
        return [(b.sitofp(total, F8), d) for total in sums]

    return _blocks256(e, "IQ4_XS", x, blocks, w, block)


DOTS: dict[str, Dots] = {
    "Q2_K": _sixteen("Q2_K", _q2_k),
    "Q3_K": _sixteen("Q3_K", _q3_k),
    "Q4_K": lambda e, w, x, blocks: _q45_k(e, w, x, blocks, five=False),
    "Q5_K": lambda e, w, x, blocks: _q45_k(e, w, x, blocks, five=True),
    "Q6_K": _sixteen("Q6_K", _q6_k),
    "IQ4_XS": _iq4_xs,
}
