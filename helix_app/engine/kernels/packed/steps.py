"""What a layer does beside its products, row by row: norms, rounding, rotation, attention, activation.

Whatever is computed of a row is computed in one order, from that row and its own sequence alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

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

BLOCK = 16  # slots of a cache block
_W8 = vector(I32, LANES)
_HALF = vector(I16, LANES)
_BYTES = {256: RECORD_BYTES[256], 32: SHARED_BYTES}  # from one group of columns to the next
_SMALLEST = 1e-30  # activations under it are taken for 0


def emit_steps(e: Emitter) -> None:
    """Define ``prepare``, ``activate``, ``rotate_pairs`` and ``rotate_halves``."""
    _emit_prepare(e)
    _emit_activate(e)
    for pairs in (True, False):
        _emit_rotate(e, pairs)


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


def _round_all(e: Emitter, x: Value, columns: Value, records: Sequence[tuple[int, Value]], row: Value) -> None:
    """Round so many columns at ``x`` of a row into the kinds of records that are wanted, whose address is not 0."""
    b = e.builder
    for size, place in records:

        def groups(size: int = size, place: Value = place) -> None:
            def one(i: Value) -> None:
                at = e.plus(place, e.times(i, _BYTES[size]))
                _round(e, e.plus(x, e.times(i, 4 * size)), at, size, b.srem(row, e.i64(TOGETHER)))

            e.span(e.i64(0), b.sdiv(columns, e.i64(size)), one)

        e.when(b.icmp_signed("!=", place, e.i64(0)), groups)


def _step(e: Emitter, place: Value, offset: Value) -> Value:
    """An address further on; 0 stays 0."""
    return e.builder.select(e.builder.icmp_signed("!=", place, e.i64(0)), e.builder.add(place, offset), place)


def _first(e: Emitter, row: Value) -> Value:
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
            records = [(256, _step(e, wide, b.mul(i, wide_step))), (32, _step(e, slim, b.mul(_first(e, i), slim_step)))]
            is_normed = b.icmp_signed("!=", weights, e.i64(0))
            normed = e.plus(scratch, b.mul(i, scratch_step))

            def norm() -> None:
                def square(j: Value, sums: list[Value]) -> Sequence[Value]:
                    value = e.load(F8, source, e.times(j, 4 * LANES))
                    return [e.fma(value, value, sums[0])]

                (squares,) = e.loop(vectors, [e.const(F8, 0.0)], square)
                mean = b.fdiv(e.sum(squares), b.sitofp(columns, F32))
                root = e.intrinsic("llvm.sqrt.f32", F32, b.fadd(mean, eps))
                scale = e.splat(b.fdiv(e.const(F32, 1.0), root))

                def write(j: Value) -> None:
                    at = e.times(j, 4 * LANES)
                    value = b.fmul(e.load(F8, source, at), scale)
                    e.store(b.fmul(value, e.load(F8, weights, at)), normed, at)

                e.span(e.i64(0), vectors, write)

            e.when(is_normed, norm)
            _round_all(e, b.select(is_normed, normed, source), columns, records, i)

        e.span(begin, end, row)

    e.function("prepare", body)


def _emit_activate(e: Emitter) -> None:
    """Pieces of rows: SiLU of the gate times up, then rounding.

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
                sign = b.fcmp_ordered("<", value, e.const(F8, 0.0))
                small = e.exp(b.select(sign, value, b.fneg(value)))  # of -|x|
                share = b.fdiv(b.select(sign, small, e.const(F8, 1.0)), b.fadd(small, e.const(F8, 1.0)))
                e.store(b.fmul(b.fmul(value, share), e.load(F8, up, at)), out, at)

            e.span(e.i64(0), b.sdiv(piece, e.i64(LANES)), write)
            records = []
            for size, place, step, own in ((256, wide, wide_step, row), (32, slim, slim_step, _first(e, row))):
                group = b.mul(b.sdiv(first, e.i64(size)), e.i64(_BYTES[size]))
                records.append((size, _step(e, place, e.plus(b.mul(own, step), group))))
            _round_all(e, out, piece, records, row)

        e.span(begin, end, one)

    e.function("activate", body)


# --------------------------------------------------------------------------- rotation and attention


def _emit_rotate(e: Emitter, pairs: bool) -> None:
    """Rows: turn queries and keys by their position, and put keys and values into the cache as float16.

    Turned together are neighbours (``pairs``, as GGUF files of the Llama family order them) or what lies half a head
    apart.

    Arguments: queries, keys and values side by side, bytes between rows, query heads, key/value heads, numbers of a
    head, cosines and sines ``[positions, half a head]``, addresses of the rows' positions and slots, keys and values
    of the cache, bytes between its heads.
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, heads, kv_heads, dim, cosines, sines, positions, slots, keys, values, head_step = e.words(args, 12)
        half, head_bytes = b.sdiv(dim, e.i64(2)), e.times(dim, 4)

        def turn(head: Value, angle: Value) -> None:
            def some(j: Value) -> None:
                at = e.times(j, 4 * LANES)
                cos, sin = e.load(F8, cosines, e.plus(angle, at)), e.load(F8, sines, e.plus(angle, at))
                if pairs:
                    here = e.plus(head, e.times(at, 2))
                    one, two = e.load(F8, here), e.load(F8, here, 4 * LANES)
                    low, high = e.pick(one, two, range(0, 16, 2)), e.pick(one, two, range(1, 16, 2))
                else:
                    here = e.plus(head, at)
                    low, high = e.load(F8, here), e.load(F8, here, e.times(half, 4))
                a = e.fma(low, cos, b.fneg(b.fmul(high, sin)))
                c = e.fma(high, cos, b.fmul(low, sin))
                if pairs:
                    both = [lane for k in range(LANES) for lane in (k, LANES + k)]
                    e.store(e.pick(a, c, both[:LANES]), here)
                    e.store(e.pick(a, c, both[LANES:]), here, 4 * LANES)
                else:
                    e.store(a, here)
                    e.store(c, here, e.times(half, 4))

            e.span(e.i64(0), b.sdiv(half, e.i64(LANES)), some)

        def keep(source: Value, place: Value) -> None:
            def some(j: Value) -> None:
                e.store(e.to_half(e.load(F8, source, e.times(j, 4 * LANES))), place, e.times(j, 2 * LANES))

            e.span(e.i64(0), b.sdiv(dim, e.i64(LANES)), some)

        def row(i: Value) -> None:
            here = e.plus(x, b.mul(i, x_step))
            angle = b.mul(e.load(I64, positions, e.times(i, 8)), e.times(half, 4))
            slot = b.mul(e.load(I64, slots, e.times(i, 8)), e.times(dim, 2))
            turned = b.add(heads, kv_heads)
            e.span(e.i64(0), turned, lambda head: turn(e.plus(here, b.mul(head, head_bytes)), angle))
            own_keys = e.plus(here, b.mul(heads, head_bytes))
            own_values = e.plus(here, b.mul(turned, head_bytes))

            def store(head: Value) -> None:
                at = e.plus(b.mul(head, head_step), slot)
                keep(e.plus(own_keys, b.mul(head, head_bytes)), e.plus(keys, at))
                keep(e.plus(own_values, b.mul(head, head_bytes)), e.plus(values, at))

            e.span(e.i64(0), kv_heads, store)

        e.span(begin, end, row)

    e.function("rotate_pairs" if pairs else "rotate_halves", body)


def emit_attention(e: Emitter, dim: int, group: int) -> None:
    """Define ``attention_<dim>_<group>``: one row and one key/value head with its ``group`` query heads at a time.

    Blocks are walked in the order of the sequence, wherever they lie, with a running maximum (online softmax: Milakov
    and Gimelshein, arXiv 1805.02867). Slots behind the row's own position are not read.

    Arguments: queries, bytes between rows, out, bytes between rows, key/value heads, keys and values of the cache,
    bytes between its heads, addresses of the rows' block tables (int32), of their positions, scale (float32).
    """
    vectors = dim // LANES

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, out, out_step, kv_heads, keys, values, head_step, tables, positions = e.words(args, 10)
        scale = e.load(F32, args, 80)
        weights = b.ptrtoint(b.alloca(ir.ArrayType(F32, group * BLOCK)), I64)
        mixed = b.ptrtoint(b.alloca(ir.ArrayType(F32, group * dim)), I64)

        def one(item: Value) -> None:
            row, head = b.sdiv(item, kv_heads), b.srem(item, kv_heads)
            q = e.plus(e.plus(x, b.mul(row, x_step)), e.times(head, 4 * dim * group))
            table = e.load(I64, tables, e.times(row, 8))
            count = e.plus(e.load(I64, positions, e.times(row, 8)), 1)
            start = b.mul(head, head_step)
            for i in range(group * vectors):
                e.store(e.const(F8, 0.0), mixed, 4 * LANES * i)

            def block(i: Value, carried: list[Value]) -> Sequence[Value]:
                place = b.sext(e.load(I32, table, e.times(i, 4)), I64)
                at = e.plus(start, e.times(place, BLOCK * dim * 2))
                left = b.sub(count, e.times(i, BLOCK))
                held = b.select(b.icmp_signed("<", left, e.i64(BLOCK)), left, e.i64(BLOCK))
                _scores(e, q, e.plus(keys, at), held, scale, weights, dim, group)
                most, total, fading = _softmax(e, carried[:group], carried[group:], weights)
                _mix(e, e.plus(values, at), held, fading, weights, mixed, dim, group)
                return [*most, *total]

            first = [e.const(F32, float("-inf"))] * group + [e.const(F32, 0.0)] * group
            blocks = b.sdiv(e.plus(count, BLOCK - 1), e.i64(BLOCK))
            totals = e.loop(blocks, first, block)[group:]
            place = e.plus(e.plus(out, b.mul(row, out_step)), e.times(head, 4 * dim * group))
            for h in range(group):
                total = e.splat(totals[h])
                for i in range(h * vectors, (h + 1) * vectors):
                    e.store(b.fdiv(e.load(F8, mixed, 4 * LANES * i), total), place, 4 * LANES * i)

        e.span(begin, end, one)

    e.function(f"attention_{dim}_{group}", body)


def _scores(e: Emitter, q: Value, keys: Value, held: Value, scale: Value, weights: Value, dim: int, group: int) -> None:
    """Products of the queries with a block's keys into ``weights``; -inf where the block holds none."""
    b = e.builder
    for i in range(2 * group):
        e.store(e.const(F8, float("-inf")), weights, 4 * LANES * i)

    def token(t: Value) -> None:
        key = e.plus(keys, e.times(t, 2 * dim))
        sums: list[Any] = [e.const(F8, 0.0)] * group
        for i in range(dim // LANES):
            part = e.half(e.load(_HALF, key, 2 * LANES * i))
            sums = [e.fma(part, e.load(F8, q, 4 * (h * dim + LANES * i)), sums[h]) for h in range(group)]
        for h in range(group):
            e.store(b.fmul(e.sum(sums[h]), scale), weights, e.plus(e.times(t, 4), 4 * BLOCK * h))

    e.span(e.i64(0), held, token)


def _softmax(
    e: Emitter, most: Sequence[Value], total: Sequence[Value], weights: Value
) -> tuple[list[Value], list[Value], list[Value]]:
    """Scores become weights over the greatest score so far: that score, the weights' sum, and what older ones shrink
    by, of each head."""
    b, group = e.builder, len(most)
    greatest, totals, fading = [], [], []
    for h in range(group):
        parts = [e.load(F8, weights, 4 * (h * BLOCK + LANES * i)) for i in range(2)]
        now = e.maximum(e.greatest(e.maximum(parts[0], parts[1])), most[h])
        parts = [e.exp(b.fsub(part, e.splat(now))) for part in parts]
        for i, part in enumerate(parts):
            e.store(part, weights, 4 * (h * BLOCK + LANES * i))
        fade = e.lane(e.exp(e.splat(b.fsub(most[h], now))), 0)
        greatest.append(now)
        fading.append(fade)
        totals.append(e.fma(total[h], fade, e.sum(b.fadd(parts[0], parts[1]))))
    return greatest, totals, fading


def _mix(
    e: Emitter, values: Value, held: Value, fading: Sequence[Value], weights: Value, mixed: Value, dim: int, group: int
) -> None:
    """Add a block's weighted values to ``mixed``, which fades first."""
    b = e.builder

    def column(i: Value) -> None:
        at = e.times(i, 4 * LANES)
        places = [e.plus(e.plus(mixed, 4 * h * dim), at) for h in range(group)]
        sums = [b.fmul(e.load(F8, places[h]), e.splat(fading[h])) for h in range(group)]

        def token(t: Value, sums: list[Value]) -> Sequence[Value]:
            part = e.half(e.load(_HALF, values, e.plus(e.times(t, 2 * dim), e.times(i, 2 * LANES))))
            place = e.plus(weights, e.times(t, 4))
            return [e.fma(e.splat(e.load(F32, place, 4 * BLOCK * h)), part, sums[h]) for h in range(group)]

        for place, value in zip(places, e.loop(held, sums, token)):
            e.store(value, place)

    e.span(e.i64(0), e.i64(dim // LANES), column)
