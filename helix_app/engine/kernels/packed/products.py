"""Products of packed weights with one to eight rows of rounded activations.

A block of weights is unpacked once and used for all rows. Its integer sums are exact; then each row adds up in float32,
block after block: neither the other rows nor the thread that computes it change a bit.

What is asked of a processor is chosen for AVX2: three instructions for 32 weights and row (a product of bytes, one with
the scales of the groups, a sum).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from helix_app.engine.kernels.packed.dots import blocks32, blocks256
from helix_app.engine.kernels.packed.emitter import F32, I64, VOID, Emitter, Value
from helix_app.engine.kernels.packed.formats import TOGETHER, Format

ROWS = TOGETHER  # at most
_INNER = ir.FunctionType(VOID, [I64] * 10)
_DOTS = {**blocks32.DOTS, **blocks256.DOTS}


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
