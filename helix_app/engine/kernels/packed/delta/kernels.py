"""What a recurrent layer does beside its products: convolution, gates, the gated delta rule, and its gated norm.

The rule is that of ``engine/kernels/delta_rule.py``, for each row in the order of the sequence:

    S = a S + k d',   d = b (v - a S'k),   o = a S'q + (k . q) d

A column of a state depends on no other column, so a thread takes some columns of one head through all rows while they
lie in its nearest cache. What a row adds is put into the state as the next row reads it, so that the state behind the
last row stays to be made (``delta_replay``) from what rows added, with the bits that it has here.
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.kernels.packed.delta.sizes import SEQUENCE_WORDS, WIDTHS
from helix_app.engine.kernels.packed.emitter import F8, F32, I64, LANES, Emitter, Value
from helix_app.engine.kernels.packed.steps import first_of, logistic, root_mean_square, round_all, silu, step_on

GATES_TOGETHER = 4  # rows of the gates' weights that are read at once
LOG_TERMS = 9  # of log(1 + u) = 2 z (1 + z^2 / 3 + z^4 / 5 + ...), z = u / (2 + u)
LENGTH_EPS = 1e-6


def emit_delta(e: Emitter) -> None:
    """Define ``delta_rows``, ``delta_gated``, and for each of ``WIDTHS`` ``delta_steps_<n>``, ``delta_replay_<n>``."""
    _emit_rows(e)
    _emit_gated(e)
    for width in WIDTHS:
        _emit_steps(e, width)
        _emit_replay(e, width)


# --------------------------------------------------------------------------- before the rule


def _emit_rows(e: Emitter) -> None:
    """Rows: gates, then convolution with SiLU, then queries and keys of length one.

    Arguments: inputs of the convolution, bytes between rows; normed rows, bytes between rows, columns of these; weights
    of the gates ``[speeds and rates of heads, columns]``, rows of them; gates, bytes between rows, bytes from decays
    to rates; decay and bias of heads; queries, keys and values, bytes between rows; weights of the convolution
    ``[kernel, channels]``, channels, kernel; which row of its sequence each row is; addresses of the inputs before;
    key heads, numbers of one; products of queries and keys, bytes between rows; scale of queries (float32).
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, normed, normed_step, columns, weights, count, gates, gates_step, to_rates, decay, bias = e.words(
            args, 12
        )
        later = e.plus(args, 8 * 12)
        mixed, mixed_step, taps, channels, kernel, own, tails, key_heads, key_dim, meets, meets_step = e.words(
            later, 11
        )
        scale = e.load(F32, later, 88)

        def row(i: Value) -> None:
            here, there = e.plus(x, b.mul(i, x_step)), e.plus(mixed, b.mul(i, mixed_step))
            given = e.plus(gates, b.mul(i, gates_step))
            _gates(e, e.plus(normed, b.mul(i, normed_step)), columns, weights, count, given)
            _decays(e, given, to_rates, decay, bias)
            at, tail = e.load(I64, own, e.times(i, 8)), e.load(I64, tails, e.times(i, 8))
            _convolve(e, (here, x_step, tail, at), (taps, channels, kernel), there)
            met = e.plus(meets, b.mul(i, meets_step))
            _lengths(e, there, key_heads, key_dim, scale, met)

        e.span(begin, end, row)

    e.function("delta_rows", body)


def _gates(e: Emitter, x: Value, columns: Value, weights: Value, count: Value, out: Value) -> None:
    """Products of a row with the weights of the gates, ``GATES_TOGETHER`` of them at a time."""
    b, step = e.builder, e.times(columns, 4)

    def some(group: Value) -> None:
        first = e.times(group, GATES_TOGETHER)
        rows = [e.plus(weights, b.mul(e.plus(first, i), step)) for i in range(GATES_TOGETHER)]

        def add(j: Value, sums: list[Value]) -> Sequence[Value]:
            at = e.times(j, 4 * LANES)
            part = e.load(F8, x, at)
            return [e.fma(e.load(F8, one, at), part, total) for one, total in zip(rows, sums)]

        sums = e.loop(b.sdiv(columns, e.i64(LANES)), [e.const(F8, 0.0)] * GATES_TOGETHER, add)
        for i, total in enumerate(sums):
            e.store(e.sum(total), out, e.plus(e.times(first, 4), 4 * i))

    e.span(e.i64(0), b.sdiv(count, e.i64(GATES_TOGETHER)), some)


def _decays(e: Emitter, gates: Value, to_rates: Value, decay: Value, bias: Value) -> None:
    """Speeds become decays ``exp(decay * softplus(speed + bias))``, and what is behind them rates, by sigmoid."""
    b = e.builder

    def some(j: Value) -> None:
        at = e.times(j, 4 * LANES)
        x = b.fadd(e.load(F8, gates, at), e.load(F8, bias, at))
        positive = b.fcmp_ordered(">", x, e.const(F8, 0.0))
        small = e.exp(b.select(positive, b.fneg(x), x))
        z = b.fdiv(small, b.fadd(small, e.const(F8, 2.0)))
        square, series = b.fmul(z, z), e.const(F8, 1.0 / (2 * LOG_TERMS - 1))
        for term in range(LOG_TERMS - 2, -1, -1):
            series = e.fma(series, square, e.const(F8, 1.0 / (2 * term + 1)))
        log = b.fmul(b.fmul(z, e.const(F8, 2.0)), series)
        softplus = b.fadd(b.select(positive, x, e.const(F8, 0.0)), log)
        e.store(e.exp(b.fmul(softplus, e.load(F8, decay, at))), gates, at)
        place = e.plus(at, to_rates)
        e.store(logistic(e, e.load(F8, gates, place)), gates, place)

    e.span(e.i64(0), b.sdiv(to_rates, e.i64(4 * LANES)), some)


def _convolve(
    e: Emitter, inputs: tuple[Value, Value, Value, Value], weights: tuple[Value, Value, Value], out: Value
) -> None:
    """A causal convolution of each channel, and SiLU.

    Args:
        inputs: the row, bytes between rows, the inputs before the sequence's first row, and which row this one is.
        weights: their address, channels, and rows that are seen.
    """
    b = e.builder
    (here, step, tail, own), (taps, channels, kernel) = inputs, weights
    width = e.times(channels, 4)

    def some(j: Value) -> None:
        at = e.times(j, 4 * LANES)

        def tap(t: Value, total: list[Value]) -> Sequence[Value]:
            back = b.sub(e.plus(t, 1), kernel)  # rows from here, at most 0
            inside = b.icmp_signed(">=", b.add(own, back), e.i64(0))
            source = b.select(inside, e.plus(here, b.mul(back, step)), e.plus(tail, b.mul(b.add(own, t), width)))
            weight = e.load(F8, e.plus(taps, b.mul(t, width)), at)
            return [e.fma(e.load(F8, source, at), weight, total[0])]

        (total,) = e.loop(kernel, [e.const(F8, 0.0)], tap)
        e.store(silu(e, total), out, at)

    e.span(e.i64(0), b.sdiv(channels, e.i64(LANES)), some)


def _lengths(e: Emitter, x: Value, heads: Value, dim: Value, scale: Value, meets: Value) -> None:
    """Queries and keys of a row get length one, queries are scaled, and both of a head multiplied."""
    b = e.builder
    vectors, size = b.sdiv(dim, e.i64(LANES)), e.times(dim, 4)

    def shrink(head: Value, factor: Value) -> None:
        def square(j: Value, sums: list[Value]) -> Sequence[Value]:
            part = e.load(F8, head, e.times(j, 4 * LANES))
            return [e.fma(part, part, sums[0])]

        (squares,) = e.loop(vectors, [e.const(F8, 0.0)], square)
        length = e.intrinsic("llvm.sqrt.f32", F32, b.fadd(e.sum(squares), e.const(F32, LENGTH_EPS)))
        share = e.splat(b.fdiv(factor, length))

        def write(j: Value) -> None:
            at = e.times(j, 4 * LANES)
            e.store(b.fmul(e.load(F8, head, at), share), head, at)

        e.span(e.i64(0), vectors, write)

    def one(i: Value) -> None:
        query = e.plus(x, b.mul(i, size))
        key = e.plus(query, b.mul(heads, size))
        shrink(query, scale)
        shrink(key, e.const(F32, 1.0))

        def meet(j: Value, sums: list[Value]) -> Sequence[Value]:
            at = e.times(j, 4 * LANES)
            return [e.fma(e.load(F8, query, at), e.load(F8, key, at), sums[0])]

        (sums,) = e.loop(vectors, [e.const(F8, 0.0)], meet)
        e.store(e.sum(sums), meets, e.times(i, 4))

    e.span(e.i64(0), heads, one)


# --------------------------------------------------------------------------- the rule


def _emit_steps(e: Emitter, width: int) -> None:
    """Sequences, heads and columns: all rows of a sequence through some columns of a head's state, one after another.

    The state is that before the last row then, in place; with one row it is only read. Where a sequence's *border* is
    not 0, the state behind so many of its rows is copied to where it is to be kept.

    Arguments: queries, keys and values, bytes between rows; gates, bytes between rows, bytes from decays to rates;
    products of queries and keys, bytes between rows; what rows add, bytes between rows; what they read, bytes between
    rows; the table of sequences, of each its first row, rows, state, border, and where that one's state is kept; value
    heads, key heads, numbers of a key and of a value; whether value head h has key head h modulo their number.
    """
    vectors = range(width)

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, gates, gates_step, to_rates, meets, meets_step, deltas, deltas_step, out, out_step, table = e.words(
            args, 12
        )
        heads, key_heads, key_dim, value_dim, tiled = e.words(e.plus(args, 8 * 12), 5)
        parts, key_bytes, line = b.sdiv(value_dim, e.i64(LANES * width)), e.times(key_dim, 4), e.times(value_dim, 4)

        def one(item: Value) -> None:
            each = b.mul(heads, parts)
            place = e.plus(table, e.times(b.sdiv(item, each), 8 * SEQUENCE_WORDS))
            first, rows, states, border, kept = e.words(place, SEQUENCE_WORDS)
            head, part = b.sdiv(b.srem(item, each), parts), b.srem(item, parts)
            key_head = b.select(
                b.icmp_signed("!=", tiled, e.i64(0)),
                b.srem(head, key_heads),
                b.sdiv(head, b.sdiv(heads, key_heads)),
            )
            column = e.times(part, 4 * LANES * width)
            beginning = b.add(b.mul(b.mul(head, key_dim), line), column)
            state, aside = b.add(states, beginning), b.add(kept, beginning)
            value = b.add(b.mul(head, line), column)  # of a row's values, what it adds and what it reads
            query = b.mul(key_head, key_bytes)
            key = b.add(query, b.mul(key_heads, key_bytes))
            of_values = b.add(value, e.times(b.mul(key_heads, key_bytes), 2))

            def added(i: Value) -> tuple[Value, Value, list[Value]]:
                """The key of a row, its decay, and what it adds."""
                row = b.add(first, i)
                delta = b.add(e.plus(deltas, b.mul(row, deltas_step)), value)
                decay = e.load(F32, e.plus(gates, b.mul(row, gates_step)), e.times(head, 4))
                return (
                    b.add(e.plus(x, b.mul(row, x_step)), key),
                    e.splat(decay),
                    [e.load(F8, delta, 4 * LANES * n) for n in vectors],
                )

            def through(i: Value, before: Value | None) -> None:
                row = b.add(first, i)
                here = e.plus(x, b.mul(row, x_step))
                past = None if before is None else added(before)

                def line_of(j: Value, sums: list[Value]) -> Sequence[Value]:
                    at = b.add(state, b.mul(j, line))
                    numbers = [e.load(F8, at, 4 * LANES * n) for n in vectors]
                    if past is not None:
                        numbers = _advanced(e, numbers, past, j)
                        for n in vectors:
                            e.store(numbers[n], at, 4 * LANES * n)
                    k = e.splat(e.load(F32, e.plus(here, key), e.times(j, 4)))
                    q = e.splat(e.load(F32, e.plus(here, query), e.times(j, 4)))
                    said = [e.fma(k, numbers[n], sums[n]) for n in vectors]
                    return [*said, *(e.fma(q, numbers[n], sums[width + n]) for n in vectors)]

                said = e.loop(key_dim, [e.const(F8, 0.0)] * (2 * width), line_of)
                own = e.plus(gates, b.mul(row, gates_step))
                decay = e.splat(e.load(F32, own, e.times(head, 4)))
                rate = e.splat(e.load(F32, own, b.add(to_rates, e.times(head, 4))))
                meet = e.splat(e.load(F32, e.plus(meets, b.mul(row, meets_step)), e.times(key_head, 4)))
                delta = b.add(e.plus(deltas, b.mul(row, deltas_step)), value)
                reads = b.add(e.plus(out, b.mul(row, out_step)), value)
                for n in vectors:
                    given = e.load(F8, b.add(here, of_values), 4 * LANES * n)
                    adds = b.fmul(rate, e.fma(b.fneg(decay), said[n], given))
                    e.store(adds, delta, 4 * LANES * n)
                    e.store(e.fma(meet, adds, b.fmul(decay, said[width + n])), reads, 4 * LANES * n)

            def keep(last: Value | None) -> None:
                past = None if last is None else added(last)

                def line_of(j: Value) -> None:
                    at = b.mul(j, line)
                    numbers = [e.load(F8, b.add(state, at), 4 * LANES * n) for n in vectors]
                    numbers = numbers if past is None else _advanced(e, numbers, past, j)
                    for n in vectors:
                        e.store(numbers[n], b.add(aside, at), 4 * LANES * n)

                e.span(e.i64(0), key_dim, line_of)

            through(e.i64(0), None)

            def next_row(i: Value) -> None:
                through(i, b.sub(i, e.i64(1)))
                e.when(b.icmp_signed("==", border, i), lambda: keep(None))

            e.span(e.i64(1), rows, next_row)
            e.when(b.icmp_signed("==", border, rows), lambda: keep(b.sub(rows, e.i64(1))))

        e.span(begin, end, one)

    e.function(f"delta_steps_{width}", body)


def _advanced(e: Emitter, numbers: list[Value], past: tuple[Value, Value, list[Value]], j: Value) -> list[Value]:
    """A line of the state, of key number ``j``, behind a row: its key, its decay, and what it adds."""
    keys, decay, deltas = past
    k = e.splat(e.load(F32, keys, e.times(j, 4)))
    return [e.fma(k, delta, e.builder.fmul(decay, number)) for number, delta in zip(numbers, deltas)]


def _emit_replay(e: Emitter, width: int) -> None:
    """Heads and columns: the state behind some rows more, from what they added, in place.

    Arguments: state ``[heads, key_dim, value_dim]``, rows, heads, numbers of a key and of a value; of the rows keys
    ``[rows, heads, key_dim]``, deltas ``[rows, heads, value_dim]`` and decays ``[rows, heads]``.
    """
    vectors = range(width)

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        states, rows, heads, key_dim, value_dim, keys, deltas, decays = e.words(args, 8)
        parts, line = b.sdiv(value_dim, e.i64(LANES * width)), e.times(value_dim, 4)

        def one(item: Value) -> None:
            head, column = b.sdiv(item, parts), e.times(b.srem(item, parts), 4 * LANES * width)
            state = b.add(e.plus(states, b.mul(b.mul(head, key_dim), line)), column)

            def row(i: Value) -> None:
                at = b.add(b.mul(i, heads), head)
                delta = b.add(e.plus(deltas, b.mul(at, line)), column)
                past = (
                    e.plus(keys, e.times(b.mul(at, key_dim), 4)),
                    e.splat(e.load(F32, decays, e.times(at, 4))),
                    [e.load(F8, delta, 4 * LANES * n) for n in vectors],
                )

                def line_of(j: Value) -> None:
                    place = b.add(state, b.mul(j, line))
                    numbers = [e.load(F8, place, 4 * LANES * n) for n in vectors]
                    for n, number in enumerate(_advanced(e, numbers, past, j)):
                        e.store(number, place, 4 * LANES * n)

                e.span(e.i64(0), key_dim, line_of)

            e.span(e.i64(0), rows, row)

        e.span(begin, end, one)

    e.function(f"delta_replay_{width}", body)


# --------------------------------------------------------------------------- behind the rule


def _emit_gated(e: Emitter) -> None:
    """Rows: what each head has read is normed, multiplied with SiLU of its gate, and rounded.

    Arguments: what rows read, bytes between rows, gates, bytes between rows, norm weights of a head, heads, numbers of
    one, eps (float32), scratch, bytes between its rows, records of 256, bytes between rows, records of 32, bytes
    between rows.
    """

    def body(args: Value, begin: Value, end: Value) -> None:
        b = e.builder
        x, x_step, gates, gates_step, weights, heads, dim = e.words(args, 7)
        eps = e.load(F32, args, 56)
        scratch, scratch_step, wide, wide_step, slim, slim_step = e.words(e.plus(args, 64), 6)
        size = e.times(dim, 4)

        def row(i: Value) -> None:
            out = e.plus(scratch, b.mul(i, scratch_step))

            def head(h: Value) -> None:
                first = b.mul(h, size)
                source = e.plus(e.plus(x, b.mul(i, x_step)), first)
                gate = e.plus(e.plus(gates, b.mul(i, gates_step)), first)
                root = root_mean_square(e, source, dim, eps)

                def some(j: Value) -> None:
                    at = e.times(j, 4 * LANES)
                    normed = b.fmul(b.fmul(e.load(F8, source, at), root), e.load(F8, weights, at))
                    e.store(b.fmul(normed, silu(e, e.load(F8, gate, at))), out, b.add(first, at))

                e.span(e.i64(0), b.sdiv(dim, e.i64(LANES)), some)

            e.span(e.i64(0), heads, head)
            records = [
                (256, step_on(e, wide, b.mul(i, wide_step))),
                (32, step_on(e, slim, b.mul(first_of(e, i), slim_step))),
            ]
            round_all(e, out, b.mul(heads, dim), records, i)

        e.span(begin, end, row)

    e.function("delta_gated", body)
