"""What a layer does beside its products and its attention, row by row: norms, rounding, activation, sums.

Whatever is computed of a row is computed in one order, from that row and its own sequence alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.kernels.packed.emitter import (
    F8,
    F32,
    I8,
    I16,
    I32,
    I64,
    LANES,
    Emitter,
    Value,
    vector,
)
from helix_app.engine.kernels.packed.formats import (
    RECORD_BYTES,
    SCALE_AT,
    SCALED_SUM_AT,
    SCALES_AT,
    SHARED_BYTES,
    SUMS_AT,
    TOGETHER,
)

GELU_SLOPE, GELU_CUBIC = 1.5957691216057308, 0.044715  # twice the root of 2 / pi
_W8 = vector(I32, LANES)
_BYTES = {256: RECORD_BYTES[256], 32: SHARED_BYTES}  # from one group of columns to the next
_SMALLEST = 1e-30  # activations under it are taken for 0


def emit_steps(e: Emitter) -> None:
    """Define ``prepare`` and ``activate``."""
    _emit_prepare(e)
    emit_activate(e, "silu")


# --------------------------------------------------------------------------- rounding of activations


def _round(e: Emitter, x: Value, record: Value, columns: int, lane: Value) -> None:
    """Round one group of float32 at ``x`` into a record; of 32 columns into that of a row of eight."""
    b, count = e.builder, columns // LANES
    size = e.const(_W8, 0)
    for i in range(count):
        bits = b.and_(b.bitcast(e.load(F8, x, 4 * LANES * i), _W8), e.const(_W8, 0x7FFFFFFF))
        size = b.select(b.icmp_signed(">", bits, size), bits, size)  # so that what is no number is the greatest
    most = b.bitcast(e.intrinsic("llvm.vector.reduce.smax.v8i32", I32, size), F32)
    is_some = b.fcmp_ordered(">", most, e.const(F32, _SMALLEST))
    safe = b.select(is_some, most, e.const(F32, 1.0))
    inverse = e.splat(b.select(is_some, b.fdiv(e.const(F32, 127.0), safe), e.const(F32, 0.0)))
    scale = b.fmul(most, e.const(F32, 1 / 127.0))
    integers = record if columns == 256 else e.plus(record, e.times(lane, columns))
    total: Value = None
    for i in range(0, count, 2):
        pair: Value = None
        for j in (i, i + 1):
            whole = b.fptosi(e.nearest(b.fmul(e.load(F8, x, 4 * LANES * j), inverse)), _W8)
            e.store(b.trunc(whole, vector(I8, LANES)), integers, LANES * j)
            pair = whole if pair is None else b.add(pair, whole)
        added = e.intrinsic("llvm.vector.reduce.add.v8i32", I32, pair)
        if columns == 256:
            e.store(b.trunc(added, I16), record, SUMS_AT + i)
        total = added if total is None else b.add(total, added)
    if columns == 256:
        e.store(e.splat(scale), record, SCALES_AT)
    else:
        place = e.plus(record, e.times(lane, 4))
        e.store(scale, place, SCALE_AT)
        e.store(b.fmul(scale, b.sitofp(total, F32)), place, SCALED_SUM_AT)


def round_all(e: Emitter, x: Value, columns: Value, records: Sequence[tuple[int, Value]], row: Value) -> None:
    """Round so many columns at ``x`` of a row into the kinds of records that are wanted, whose address is not 0."""
    b = e.builder
    for size, place in records:

        def groups(size: int = size, place: Value = place) -> None:
            def one(i: Value) -> None:
                at = e.plus(place, e.times(i, _BYTES[size]))
                _round(e, e.plus(x, e.times(i, 4 * size)), at, size, b.srem(row, e.i64(TOGETHER)))

            e.span(e.i64(0), b.sdiv(columns, e.i64(size)), one)

        e.when(b.icmp_signed("!=", place, e.i64(0)), groups)


def step_on(e: Emitter, place: Value, offset: Value) -> Value:
    """An address further on; 0 stays 0."""
    return e.builder.select(e.builder.icmp_signed("!=", place, e.i64(0)), e.builder.add(place, offset), place)


def first_of(e: Emitter, row: Value) -> Value:
    """The first of the eight rows that a row lies together with."""
    return e.builder.and_(row, e.i64(-TOGETHER))


def _emit_prepare(e: Emitter) -> None:
    """Rows: RMS norm, then rounding.

    Arguments: x, bytes between its rows, addresses of the rows' numbers in x, norm weights (0: no norm), columns, eps
    (float32), scratch, bytes between its rows, records of 256, bytes between rows, records of 32, bytes between rows.
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, index, weights, columns, _, scratch, scratch_step, wide, wide_step, slim, slim_step = e.words(
            args, 12
        )
        eps = e.load(F32, args, 40)
        vectors = b.sdiv(columns, e.i64(LANES))

        def row(i: Value) -> None:
            source = e.plus(x, b.mul(e.load(I64, index, e.times(i, 8)), x_step))
            records = [
                (256, step_on(e, wide, b.mul(i, wide_step))),
                (32, step_on(e, slim, b.mul(first_of(e, i), slim_step))),
            ]
            is_normed = b.icmp_signed("!=", weights, e.i64(0))
            normed = e.plus(scratch, b.mul(i, scratch_step))

            def norm() -> None:
                scale = root_mean_square(e, source, columns, eps)

                def write(j: Value) -> None:
                    at = e.times(j, 4 * LANES)
                    value = b.fmul(e.load(F8, source, at), scale)
                    e.store(b.fmul(value, e.load(F8, weights, at)), normed, at)

                e.span(e.i64(0), vectors, write)

            e.when(is_normed, norm)
            round_all(e, b.select(is_normed, normed, source), columns, records, i)

        e.span(begin, end, row)

    e.function("prepare", body)


def root_mean_square(e: Emitter, source: Value, columns: Value, eps: Value) -> Value:
    """One over the root mean square of so many float32 at an address, in all lanes."""
    b = e.builder

    def square(j: Value, sums: list[Value]) -> Sequence[Value]:
        value = e.load(F8, source, e.times(j, 4 * LANES))
        return [e.fma(value, value, sums[0])]

    (squares,) = e.loop(b.sdiv(columns, e.i64(LANES)), [e.const(F8, 0.0)], square)
    mean = b.fdiv(e.sum(squares), b.sitofp(columns, F32))
    root = e.intrinsic("llvm.sqrt.f32", F32, b.fadd(mean, eps))
    return e.splat(b.fdiv(e.const(F32, 1.0), root))


def emit_activate(e: Emitter, activation: str) -> None:
    """Pieces of rows: the activation of the gate times up, then rounding.

    Defines ``activate`` for SiLU, ``activate_gelu_tanh`` for GELU by its hyperbolic tangent, which is the number times
    the logistic function of twice that tangent's argument, and ``activate_sigmoid`` for that function alone.

    Arguments: gate and up side by side, bytes between rows, columns of either, columns of a piece, scratch, bytes
    between its rows, records of 256, bytes between rows, records of 32, bytes between rows.
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, columns, piece, scratch, scratch_step, wide, wide_step, slim, slim_step = e.words(args, 10)
        pieces = b.sdiv(columns, piece)

        def one(item: Value) -> None:
            row, first = b.sdiv(item, pieces), b.mul(b.srem(item, pieces), piece)
            gate = e.plus(e.plus(x, b.mul(row, x_step)), e.times(first, 4))
            up = e.plus(gate, e.times(columns, 4))
            out = e.plus(e.plus(scratch, b.mul(row, scratch_step)), e.times(first, 4))

            def write(j: Value) -> None:
                at = e.times(j, 4 * LANES)
                value = e.load(F8, gate, at)
                share = logistic(e, _gelu_argument(e, value) if activation == "gelu_tanh" else value)
                bent = share if activation == "sigmoid" else b.fmul(value, share)
                e.store(b.fmul(bent, e.load(F8, up, at)), out, at)

            e.span(e.i64(0), b.sdiv(piece, e.i64(LANES)), write)
            records = []
            for size, place, step, own in ((256, wide, wide_step, row), (32, slim, slim_step, first_of(e, row))):
                group = b.mul(b.sdiv(first, e.i64(size)), e.i64(_BYTES[size]))
                records.append((size, step_on(e, place, e.plus(b.mul(own, step), group))))
            round_all(e, out, piece, records, row)

        e.span(begin, end, one)

    e.function("activate" if activation == "silu" else f"activate_{activation}", body)


def logistic(e: Emitter, x: Value) -> Value:
    """``1 / (1 + exp(-x))`` of eight lanes."""
    b, one = e.builder, e.const(F8, 1.0)
    sign = b.fcmp_ordered("<", x, e.const(F8, 0.0))
    small = e.exp(b.select(sign, x, b.fneg(x)))  # of -|x|
    return b.fdiv(b.select(sign, small, one), b.fadd(small, one))


def silu(e: Emitter, x: Value) -> Value:
    """``x`` times its logistic function."""
    return e.builder.fmul(x, logistic(e, x))


def _gelu_argument(e: Emitter, x: Value) -> Value:
    """Twice the argument of the hyperbolic tangent of GELU."""
    b = e.builder
    cubic = e.fma(b.fmul(x, x), e.const(F8, GELU_CUBIC), e.const(F8, 1.0))
    return b.fmul(b.fmul(x, e.const(F8, GELU_SLOPE)), cubic)


def emit_add(e: Emitter) -> None:
    """Define ``add_shaped``; rows: what a half of a layer gave, normed and scaled, is added to the residual.

    Arguments: what it gave, bytes between its rows, residual, bytes between its rows, norm weights (0: no norm),
    columns, eps (float32), scale (float32).
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        y, y_step, x, x_step, weights, columns = e.words(args, 6)
        eps, factor = e.load(F32, args, 48), e.splat(e.load(F32, args, 56))
        is_normed = b.icmp_signed("!=", weights, e.i64(0))

        def row(i: Value) -> None:
            given, place = e.plus(y, b.mul(i, y_step)), e.plus(x, b.mul(i, x_step))
            root = root_mean_square(e, given, columns, eps)

            def add(j: Value) -> None:
                at = e.times(j, 4 * LANES)
                value = e.load(F8, given, at)
                gain = e.load(F8, b.select(is_normed, weights, given), at)
                normed = b.fmul(b.fmul(value, root), gain)
                value = b.select(is_normed, normed, value)
                e.store(e.fma(value, factor, e.load(F8, place, at)), place, at)

            e.span(e.i64(0), b.sdiv(columns, e.i64(LANES)), add)

        e.span(begin, end, row)

    e.function("add_shaped", body)
