"""What a layer does with its heads, row by row: norm, rotation, cache and attention.

Whatever is computed of a row is computed in one order, from that row and its own sequence alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from helix_app.engine.kernels.packed.emitter import F8, F32, I16, I32, I64, LANES, Emitter, Value, vector
from helix_app.engine.kernels.packed.program import rotation
from helix_app.engine.kernels.packed.steps import root_mean_square

BLOCK = 16  # slots of a cache block
_HALF = vector(I16, LANES)


def emit_rotate(e: Emitter, pairs: bool, normed: bool = False, partial: bool = False) -> None:
    """Rows: turn queries and keys by their position, and put keys and values into the cache as float16.

    Defines ``rotate_pairs`` or ``rotate_halves``, with ``_normed`` after it where each head is normed first, and
    ``_partial`` where only the first numbers of each are turned. Turned together are neighbours (``pairs``, as GGUF
    files of the Llama family order them) or what lies half of these numbers apart.

    Arguments: queries, keys and values side by side, bytes between rows, query heads, key/value heads, numbers of a
    head, cosines and sines ``[positions, half of what is turned]``, addresses of the rows' positions and slots, keys
    and values of the cache, bytes between its heads; with ``normed`` also norm weights of queries and of keys, eps
    (float32); with ``partial``, behind the place of these, how many numbers are turned.
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, heads, kv_heads, dim, cosines, sines, positions, slots, keys, values, head_step = e.words(args, 12)
        turning = e.load(I64, args, 120) if partial else dim
        half, head_bytes = b.sdiv(turning, e.i64(2)), e.times(dim, 4)

        def norm(head: Value, weights: Value) -> None:
            root = root_mean_square(e, head, dim, e.load(F32, args, 112))

            def some(j: Value) -> None:
                at = e.times(j, 4 * LANES)
                e.store(b.fmul(b.fmul(e.load(F8, head, at), root), e.load(F8, weights, at)), head, at)

            e.span(e.i64(0), b.sdiv(dim, e.i64(LANES)), some)

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
            if normed:
                of_queries, of_keys = e.load(I64, args, 96), e.load(I64, args, 104)
                e.span(e.i64(0), heads, lambda head: norm(e.plus(here, b.mul(head, head_bytes)), of_queries))
                e.span(heads, turned, lambda head: norm(e.plus(here, b.mul(head, head_bytes)), of_keys))
            e.span(e.i64(0), turned, lambda head: turn(e.plus(here, b.mul(head, head_bytes)), angle))
            own_keys = e.plus(here, b.mul(heads, head_bytes))
            own_values = e.plus(here, b.mul(turned, head_bytes))

            def store(head: Value) -> None:
                at = e.plus(b.mul(head, head_step), slot)
                keep(e.plus(own_keys, b.mul(head, head_bytes)), e.plus(keys, at))
                keep(e.plus(own_values, b.mul(head, head_bytes)), e.plus(values, at))

            e.span(e.i64(0), kv_heads, store)

        e.span(begin, end, row)

    e.function(rotation(pairs, normed, partial), body)


def attention_sizes(name: str) -> tuple[int, int, int]:
    """Numbers of a head, query heads of a key/value head and numbers of a slot that a kernel of this name has."""
    dim, group, *width = (int(number) for number in name.removesuffix("_sinks").split("_")[1:])
    return dim, group, (*width, dim)[0]


def emit_attention(
    e: Emitter, dim: int, group: int, width: int = 0, windowed: bool = False, sinks: bool = False
) -> None:
    """Define ``attention_<dim>_<group>``: one row and one key/value head with its ``group`` query heads at a time.

    Blocks are walked in the order of the sequence, wherever they lie, with a running maximum (online softmax: Milakov
    and Gimelshein, arXiv 1805.02867). Slots behind the row's own position are not read, nor, in
    ``windowed_<dim>_<group>``, those before its window.

    A slot of the cache has ``width`` numbers of a head, ``dim`` unless given; a name then ends in ``_<width>``. With
    ``sinks`` (``..._sinks``) each query head has a score of its own that takes part in the softmax and adds nothing.

    Arguments: queries, bytes between rows, out, bytes between rows, key/value heads, keys and values of the cache,
    bytes between its heads, addresses of the rows' block tables (int32), of their positions, scale (float32); with
    ``windowed`` also the window; with ``sinks``, behind the place of that, where these are (float32).
    """
    vectors, slot_bytes = dim // LANES, 2 * (width or dim)

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
            sees_from, skipped = e.i64(0), None
            if windowed:
                before = b.sub(count, e.load(I64, args, 88))
                sees_from = b.select(b.icmp_signed(">", before, e.i64(0)), before, e.i64(0))
                skipped = b.sdiv(sees_from, e.i64(BLOCK))
            for i in range(group * vectors):
                e.store(e.const(F8, 0.0), mixed, 4 * LANES * i)

            def block(i: Value, carried: list[Value]) -> Sequence[Value]:
                i = i if skipped is None else b.add(i, skipped)
                place = b.sext(e.load(I32, table, e.times(i, 4)), I64)
                at = e.plus(start, e.times(place, BLOCK * slot_bytes))
                left = b.sub(count, e.times(i, BLOCK))
                held = b.select(b.icmp_signed("<", left, e.i64(BLOCK)), left, e.i64(BLOCK))
                first = e.i64(0)
                if windowed:
                    first = b.sub(sees_from, e.times(i, BLOCK))
                    first = b.select(b.icmp_signed(">", first, e.i64(0)), first, e.i64(0))
                _scores(e, q, e.plus(keys, at), (first, held), scale, weights, dim, group, slot_bytes)
                most, total, fading = _softmax(e, carried[:group], carried[group:], weights)
                _mix(e, e.plus(values, at), (first, held), fading, weights, mixed, dim, group, slot_bytes)
                return [*most, *total]

            nothing = [e.const(F32, float("-inf"))] * group + [e.const(F32, 0.0)] * group
            if sinks:  # as if a slot of this score and without a value came before all others
                own = e.plus(e.load(I64, args, 96), e.times(head, 4 * group))
                nothing = [*(e.load(F32, own, 4 * h) for h in range(group)), *[e.const(F32, 1.0)] * group]
            blocks = b.sdiv(e.plus(count, BLOCK - 1), e.i64(BLOCK))
            blocks = blocks if skipped is None else b.sub(blocks, skipped)
            totals = e.loop(blocks, nothing, block)[group:]
            place = e.plus(e.plus(out, b.mul(row, out_step)), e.times(head, 4 * dim * group))
            for h in range(group):
                total = e.splat(totals[h])
                for i in range(h * vectors, (h + 1) * vectors):
                    e.store(b.fdiv(e.load(F8, mixed, 4 * LANES * i), total), place, 4 * LANES * i)

        e.span(begin, end, one)

    name = f"{'windowed' if windowed else 'attention'}_{dim}_{group}"
    e.function(name + (f"_{width}" if width not in (0, dim) else "") + "_sinks" * sinks, body)


_Range = tuple[Value, Value]  # the slots of a block that a row sees: the first, and the one after the last


def _scores(
    e: Emitter,
    q: Value,
    keys: Value,
    seen: _Range,
    scale: Value,
    weights: Value,
    dim: int,
    group: int,
    slot_bytes: int,
) -> None:
    """Products of the queries with a block's keys into ``weights``; -inf where the row sees none."""
    b = e.builder
    for i in range(2 * group):
        e.store(e.const(F8, float("-inf")), weights, 4 * LANES * i)

    def token(t: Value) -> None:
        key = e.plus(keys, e.times(t, slot_bytes))
        sums: list[Any] = [e.const(F8, 0.0)] * group
        for i in range(dim // LANES):
            part = e.half(e.load(_HALF, key, 2 * LANES * i))
            sums = [e.fma(part, e.load(F8, q, 4 * (h * dim + LANES * i)), sums[h]) for h in range(group)]
        for h in range(group):
            e.store(b.fmul(e.sum(sums[h]), scale), weights, e.plus(e.times(t, 4), 4 * BLOCK * h))

    e.span(*seen, token)


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
    e: Emitter,
    values: Value,
    seen: _Range,
    fading: Sequence[Value],
    weights: Value,
    mixed: Value,
    dim: int,
    group: int,
    slot_bytes: int,
) -> None:
    """Add a block's weighted values to ``mixed``, which fades first."""
    b = e.builder

    def column(lanes: Value) -> None:
        at = e.times(lanes, 4 * LANES)
        places = [e.plus(e.plus(mixed, 4 * h * dim), at) for h in range(group)]
        sums = [b.fmul(e.load(F8, places[h]), e.splat(fading[h])) for h in range(group)]

        def token(i: Value, sums: list[Value]) -> Sequence[Value]:
            t = b.add(seen[0], i)
            part = e.half(e.load(_HALF, values, e.plus(e.times(t, slot_bytes), e.times(lanes, 2 * LANES))))
            place = e.plus(weights, e.times(t, 4))
            return [e.fma(e.splat(e.load(F32, place, 4 * BLOCK * h)), part, sums[h]) for h in range(group)]

        for place, value in zip(places, e.loop(b.sub(seen[1], seen[0]), sums, token)):
            e.store(value, place)

    e.span(e.i64(0), e.i64(dim // LANES), column)
