"""Bits of packed weights as vectors of bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_app.engine.kernels.packed.emitter import B32, I8, Emitter, Value, vector

# (emitter, address of a row of weights, addresses of rows of records, blocks of a row) to a sum for each row
Dots = Callable[[Emitter, Value, Sequence[Value], Value], list[Value]]


def nibbles(e: Emitter, w: Value, offset: int) -> Value:
    """16 bytes as 32 numbers: the low halves, then the high ones."""
    packed = e.load(vector(I8, 16), w, offset)
    return e.builder.and_(e.pick(packed, e.shifted(packed, 4), range(32)), e.const(B32, 15))


def from_table(e: Emitter, w: Value, offset: int, table: Sequence[int]) -> tuple[Value, Value]:
    """32 values of four bits as what they stand for: sizes, and the bytes whose signs count."""
    values = e.looked_up(table, nibbles(e, w, offset))
    return sizes(e, values), values


def sizes(e: Emitter, values: Value) -> Value:
    """Bytes without their signs."""
    b = e.builder
    return b.select(b.icmp_signed("<", values, e.const(B32, 0)), b.neg(values), values)
