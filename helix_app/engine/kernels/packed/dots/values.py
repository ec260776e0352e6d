"""Bits of packed weights as vectors of bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_app.engine.kernels.packed.emitter import I8, Emitter, Value, vector

# (emitter, address of a row of weights, addresses of rows of records, blocks of a row) to a sum for each row
Dots = Callable[[Emitter, Value, Sequence[Value], Value], list[Value]]


def nibbles(e: Emitter, w: Value, offset: int, groups: int = 1) -> Value:
    """Groups of 16 bytes as 32 numbers each: the low halves, then the high ones."""
    count = 16 * groups
    packed = e.load(vector(I8, count), w, offset)
    lanes = [at + half + i for at in range(0, count, 16) for half in (0, count) for i in range(16)]
    both = e.pick(packed, e.shifted(packed, 4), lanes)
    return e.builder.and_(both, e.const(both.type, 15))


def from_table(e: Emitter, w: Value, offset: int, table: Sequence[int], groups: int = 1) -> tuple[Value, Value]:
    """Groups of 32 values of four bits as what they stand for: sizes, and the bytes whose signs count."""
    values = e.looked_up(table, nibbles(e, w, offset, groups))
    return sizes(e, values), values


def sizes(e: Emitter, values: Value) -> Value:
    """Bytes without their signs."""
    b = e.builder
    return b.select(b.icmp_signed("<", values, e.const(values.type, 0)), b.neg(values), values)
