"""Products of packed weights with one to eight rows of rounded activations.

A block of weights is unpacked once and used for all rows. Its integer sums are exact; then each row adds up in float32,
block after block: neither the other rows nor the thread that computes it change a bit.

What is asked of a processor is chosen for AVX2: three instructions for 32 weights and row (a product of bytes, one with
the scales of the groups, a sum).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from helix_app.engine.kernels.packed.emitter import (
    B32,
    F8,
    F32,
    I8,
    I16,
    I32,
    I64,
    LANES,
    VOID,
    W16,
    Emitter,
    Value,
    vector,
)
from helix_app.engine.kernels.packed.formats import (
    E2M1,
    FORMATS,
    NONLINEAR,
    SCALE_AT,
    SCALED_SUM_AT,
    SCALES_AT,
    SHARED_BYTES,
    SUMS_AT,
    TOGETHER,
    Format,
)

ROWS = TOGETHER  # at most
_INNER = ir.FunctionType(VOID, [I64] * 10)
_W8 = vector(I32, 8)

# Unpacked 32 columns: unsigned bytes, the bytes whose signs count (or None), scale, offset (or None), as numbers
Unpacked = tuple[Value, Value, Value, Value]


def emit_products(e: Emitter, form: Format) -> None:
    """Define ``product_<name>``: weight rows ``begin`` to ``end`` times all rows.

    Arguments: weights, bytes of a weight row, records, bytes between rows of records, blocks of a weight row, out,
    bytes between rows of out, base (is added to the result; may be out), bytes between rows of base, address of the
    number of rows, weight rows that are used for all rows before the next ones are.
    """
    inner = [_inner(e, form, rows) for rows in range(1, ROWS + 1)]

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        weights, row_bytes, x, x_step, blocks, out, out_step, base, base_step, rows_at, tile = e.words(args, 11)
        rows = e.load(I64, rows_at)

        def tiles(at: Value) -> None:
            first = b.add(begin, b.mul(at, tile))
            last = b.add(first, tile)
            last = b.select(b.icmp_signed("<", last, end), last, end)

            def groups(row: Value, _: Sequence[Value]) -> Sequence[Value]:
                left = b.sub(rows, row)
                count = b.select(b.icmp_signed("<", left, e.i64(ROWS)), left, e.i64(ROWS))
                after = b.append_basic_block("after_group")
                choice = b.switch(count, after)
                for i, function in enumerate(inner):
                    block = b.append_basic_block(f"rows_{i + 1}")
                    choice.add_case(e.i64(i + 1), block)
                    b.position_at_end(block)
                    here = [
                        e.plus(start, b.mul(row, step))
                        for start, step in ((x, x_step), (out, out_step), (base, base_step))
                    ]
                    w = e.plus(weights, b.mul(first, row_bytes))
                    offset = e.times(first, 4)
                    b.call(
                        function,
                        (
                            *(w, row_bytes, b.sub(last, first), here[0], x_step, blocks),
                            *(e.plus(here[1], offset), out_step, e.plus(here[2], offset), base_step),
                        ),
                    )
                    b.branch(after)
                b.position_at_end(after)
                return ()

            e.loop(rows, (), groups, ROWS)

        count = b.sdiv(b.sub(b.add(b.sub(end, begin), tile), e.i64(1)), tile)
        e.span(e.i64(0), count, tiles)

    e.function(f"product_{form.name}", body)


def _inner(e: Emitter, form: Format, rows: int) -> Any:
    """``(weights, row bytes, weight rows, records, step, blocks, out, step, base, step)`` for so many rows."""
    dots = _DOTS[form.name]

    def body(*given: Value) -> None:
        w, row_bytes, count, x, x_step, blocks, out, out_step, base, base_step = given
        b = e.builder
        places = [e.plus(x, e.times(x_step, row)) for row in range(rows)]

        def one(i: Value, _: Sequence[Value]) -> Sequence[Value]:
            sums = dots(e, e.plus(w, b.mul(i, row_bytes)), places, blocks)
            offset = e.times(i, 4)
            for row, value in enumerate(sums):
                kept = e.load(F32, e.plus(e.plus(base, e.times(base_step, row)), offset))
                e.store(b.fadd(value, kept), e.plus(e.plus(out, e.times(out_step, row)), offset))
            return ()

        e.loop(count, (), one)

    made = e.function(f"product_{form.name}_{rows}", body, _INNER)
    made.linkage = "internal"
    return made


# --------------------------------------------------------------------------- blocks of 256 columns

Dots = Callable[[Emitter, Value, Sequence[Value], Value], list[Value]]


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
    """The eight scales and eight minima of six bits of a Q4_K or Q5_K block, in each half: scales 0-3, minima 0-3,
    scales 4-7, minima 4-7."""
    b = e.builder
    first, last = e.load(I64, w, 4), b.zext(e.load(I32, w, 12), I64)
    low = b.and_(first, e.i64(0x3F3F3F3F3F3F3F3F))
    high = b.shl(b.and_(b.lshr(first, e.i64(6)), e.i64(0x0303030303030303)), e.i64(4))
    nibbles = b.or_(b.and_(last, e.i64(0x0F0F0F0F)), b.and_(b.shl(last, e.i64(28)), e.i64(0x0F0F0F0F00000000)))
    both = b.insert_element(e.undefined(vector(I64, 2)), low, e.const(I32, 0))
    both = b.insert_element(both, b.or_(high, nibbles), e.const(I32, 1))
    return b.bitcast(e.part(both, (0, 1, 0, 1)), B32)


_SCALE_PLACES, _MINIMUM_PLACES = (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15)


def _q45_k(e: Emitter, w: Value, x: Sequence[Value], blocks: Value, five: bool) -> list[Value]:
    b, name, quants = e.builder, "Q5_K" if five else "Q4_K", 48 if five else 16
    low_bits = e.const(B32, 15)

    def block(w: Value, x: list[Value]) -> list[tuple[Value, Value]]:
        d, d_min = e.two_halves(w, 0)
        numbers = _scales_and_minima(e, w)
        minima = b.bitcast(e.bytes_of(numbers, [i for at in _MINIMUM_PLACES for i in (at, 128, at, 128)]), W16)
        high = e.load(B32, w, 16) if five else None
        sums: list[Value] = [None] * len(x)
        for group in range(4):
            packed = e.load(B32, w, quants + 32 * group)
            for half in range(2):
                sub = 2 * group + half
                values = b.and_(e.shifted(packed, 4 * half), low_bits)
                if high is not None:
                    values = b.or_(values, b.and_(e.shifted(high, sub - 4), e.const(B32, 16)))
                scale = b.bitcast(e.bytes_of(numbers, [_SCALE_PLACES[sub], 128] * 16), W16)
                for row, record in enumerate(x):
                    part = e.madd(e.maddubs(values, e.load(B32, record, 32 * sub)), scale)
                    sums[row] = part if sums[row] is None else b.add(sums[row], part)
        result = []
        for record, total in zip(x, sums):
            least = b.sitofp(e.madd(minima, e.load(W16, record, SUMS_AT)), F8)
            result.append((e.fma(least, b.fneg(d_min), b.fmul(b.sitofp(total, F8), d)), None))
        return result

    return _blocks256(e, name, x, blocks, w, block)


def _q6_k(e: Emitter, w: Value, x: Sequence[Value], blocks: Value) -> list[Value]:
    """Kept as 0 to 63; the 32 that is to be taken off comes with the sums of the activations."""
    b = e.builder
    low_bits, high_bits = e.const(B32, 15), e.const(B32, 0x30)

    def block(w: Value, x: list[Value]) -> list[tuple[Value, Value]]:
        d = e.splat(e.half_at(w, 208))
        raw = e.load(vector(I8, 16), w, 192)
        in_order = b.sext(raw, W16)
        pairs = b.bitcast(b.sext(e.part(raw, [*range(0, 16, 2), *range(1, 16, 2)]), W16), B32)
        sums: list[Value] = [None] * len(x)
        for half in range(2):
            high = e.load(B32, w, 128 + 32 * half)
            low = [e.load(B32, w, 64 * half), e.load(B32, w, 64 * half + 32)]
            for group in range(4):
                nibbles = b.and_(e.shifted(low[group % 2], 4 * (group // 2)), low_bits)
                values = b.or_(nibbles, b.and_(e.shifted(high, 2 * group - 4), high_bits))
                pair = 4 * half + group
                scale = b.bitcast(e.bytes_of(pairs, [2 * pair, 2 * pair + 1] * 16), W16)
                for row, record in enumerate(x):
                    part = e.madd(e.maddubs(values, e.load(B32, record, 128 * half + 32 * group)), scale)
                    sums[row] = part if sums[row] is None else b.add(sums[row], part)
        result = []
        for record, total in zip(x, sums):
            taken = b.shl(e.madd(in_order, e.load(W16, record, SUMS_AT)), e.const(_W8, 5))
            result.append((b.sitofp(b.sub(total, taken), F8), d))
        return result

    return _blocks256(e, "Q6_K", x, blocks, w, block)


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
        sums: list[Value] = [None] * len(x)
        for group in range(8):
            sizes, values = _from_table(e, w, 8 + 16 * group, NONLINEAR)
            scale = b.bitcast(e.part(pairs, [group] * 8), W16)
            for row, record in enumerate(x):
                integers = e.signed_by(e.load(B32, record, 32 * group), values)
                part = e.madd(e.maddubs(sizes, integers), scale)
                sums[row] = part if sums[row] is None else b.add(sums[row], part)
        return [(b.sitofp(total, F8), d) for total in sums]

    return _blocks256(e, "IQ4_XS", x, blocks, w, block)


# --------------------------------------------------------------------------- blocks of 32 columns


def _blocks32(
    e: Emitter, name: str, unpack: Callable[[Value], Unpacked]
) -> Callable[[Value, Sequence[Value], Value], list[Value]]:
    b, size, ones = e.builder, FORMATS[name], e.const(W16, 1)

    def dots(w: Value, x: Sequence[Value], blocks: Value) -> list[Value]:
        count = len(x)

        def body(i: Value, sums: list[Value]) -> Sequence[Value]:
            values, signs, scale, offset = unpack(e.plus(w, e.times(i, size.nbytes)))
            shared = e.plus(x[0], e.times(i, SHARED_BYTES))
            scales = b.fmul(e.splat(scale), e.load(F8, shared, SCALE_AT))  # of the weights and each of eight rows
            results = []
            for row in range(count):
                integers = e.load(B32, shared, 32 * row)
                if signs is not None:
                    integers = e.signed_by(integers, signs)
                total = b.sitofp(e.madd(e.maddubs(values, integers), ones), F8)
                results.append(e.fma(e.part(scales, [row] * LANES), total, sums[row]))
            if offset is not None:
                results.append(e.fma(e.splat(offset), e.load(F8, shared, SCALED_SUM_AT), sums[count]))
            return results

        start = [e.const(F8, 0.0)] * (count if name in _SIGNED else count + 1)
        sums = e.loop(blocks, start, body)
        whole = [e.sum(total) for total in sums[:count]]
        return [b.fadd(total, e.lane(sums[count], row)) for row, total in enumerate(whole)] if sums[count:] else whole

    return dots


def _nibbles(e: Emitter, w: Value, offset: int) -> Value:
    """16 bytes as 32 numbers: the low halves, then the high ones."""
    packed = e.load(vector(I8, 16), w, offset)
    return e.builder.and_(e.pick(packed, e.shifted(packed, 4), range(32)), e.const(B32, 15))


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
    return _nibbles(e, w, 2), None, d, e.builder.fmul(d, e.const(F32, -8.0))


def _q4_1(e: Emitter, w: Value) -> Unpacked:
    return _nibbles(e, w, 4), None, e.half_at(w, 0), e.half_at(w, 2)


def _q5_0(e: Emitter, w: Value) -> Unpacked:
    d = e.half_at(w, 0)
    values = e.builder.or_(_nibbles(e, w, 6), _fifth_bits(e, w, 2))
    return values, None, d, e.builder.fmul(d, e.const(F32, -16.0))


def _q5_1(e: Emitter, w: Value) -> Unpacked:
    values = e.builder.or_(_nibbles(e, w, 8), _fifth_bits(e, w, 4))
    return values, None, e.half_at(w, 0), e.half_at(w, 2)


def _q8_0(e: Emitter, w: Value) -> Unpacked:
    values = e.load(B32, w, 2)
    return _sizes(e, values), values, e.half_at(w, 0), None


def _iq4_nl(e: Emitter, w: Value) -> Unpacked:
    return *_from_table(e, w, 2, NONLINEAR), e.half_at(w, 0), None


def _mxfp4(e: Emitter, w: Value) -> Unpacked:
    """Its scale is an exponent alone; of the two smallest the half is a number without a leading one."""
    b = e.builder
    exponent = b.zext(e.load(I8, w), I32)
    usual = b.shl(b.sub(exponent, e.const(I32, 1)), e.const(I32, 23))
    small = b.shl(e.const(I32, 0x00200000), exponent)
    bits = b.select(b.icmp_unsigned("<", exponent, e.const(I32, 2)), small, usual)
    return *_from_table(e, w, 1, E2M1), b.bitcast(bits, F32), None


def _from_table(e: Emitter, w: Value, offset: int, table: Sequence[int]) -> tuple[Value, Value]:
    """32 values of four bits as what they stand for: sizes, and the bytes whose signs count."""
    values = e.looked_up(table, _nibbles(e, w, offset))
    return _sizes(e, values), values


def _sizes(e: Emitter, values: Value) -> Value:
    """Bytes without their signs."""
    b = e.builder
    return b.select(b.icmp_signed("<", values, e.const(B32, 0)), b.neg(values), values)


def _dots32(name: str, unpack: Callable[[Emitter, Value], Unpacked]) -> Dots:
    return lambda e, w, x, blocks: _blocks32(e, name, lambda at: unpack(e, at))(w, x, blocks)


_SIGNED = ("Q8_0", "IQ4_NL", "MXFP4")  # formats whose integers have signs, so that nothing is taken off the sums
_DOTS: dict[str, Dots] = {
    "Q4_0": _dots32("Q4_0", _q4_0),
    "Q4_1": _dots32("Q4_1", _q4_1),
    "Q5_0": _dots32("Q5_0", _q5_0),
    "Q5_1": _dots32("Q5_1", _q5_1),
    "Q8_0": _dots32("Q8_0", _q8_0),
    "Q4_K": lambda e, w, x, blocks: _q45_k(e, w, x, blocks, five=False),
    "Q5_K": lambda e, w, x, blocks: _q45_k(e, w, x, blocks, five=True),
    "Q6_K": _q6_k,
    "IQ4_NL": _dots32("IQ4_NL", _iq4_nl),
    "IQ4_XS": _iq4_xs,
    "MXFP4": _dots32("MXFP4", _mxfp4),
}
