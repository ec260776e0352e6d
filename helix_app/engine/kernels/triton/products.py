"""Triton kernels over a file's own blocks: products with rows of activations, and rows unpacked.

A program unpacks a tile of weights in float32, rounds it to the format of the activations and multiplies it with
sixteen rows of them at a time, summing in float32: what a dense product of the unpacked weight does. A row's bits do
not depend on what the rows beside it hold, nor on how many of the sixteen there are.

Layouts of blocks: ggml's ``ggml-common.h``. Scales in float16 lie at even places, so they are read through a second
view of the same memory (``w16``). Arguments have no types but what Triton reads from them.
"""

import triton
import triton.language as tl

ROWS = 16  # of activations that a program takes
OUTS = 32  # rows of weights that it takes
WARPS = 4


@triton.jit
def _at(w8, place):
    """Bytes as integers."""
    return tl.load(w8 + place).to(tl.int32)


@triton.jit
def _half(w16, place):
    """The float16 at a place in bytes."""
    return tl.load(w16 + place // 2).to(tl.float32)


@triton.jit
def _of_six_bits(w8, place, sub):
    """The scale and the minimum of a group of Q4_K or Q5_K."""
    a = _at(w8, place + sub % 4)
    b = _at(w8, place + 4 + sub % 4)
    c = _at(w8, place + 8 + sub % 4)
    scale = tl.where(sub < 4, a & 63, (c & 15) | ((a >> 6) << 4))
    minimum = tl.where(sub < 4, b & 63, (c >> 4) | ((b >> 6) << 4))
    return scale.to(tl.float32), minimum.to(tl.float32)


@triton.jit
def _values(w8, w16, start, group, byte, FORMAT: tl.constexpr):
    """What the bytes of groups stand for, as ``[groups, bytes, rows]``: their low halves, and their high ones.

    ``start`` is where rows of weights begin ``[1, 1, rows]``, ``group`` ``[groups, 1, 1]``, ``byte`` ``[1, bytes, 1]``.
    """
    if FORMAT == "Q8_0":
        place = start + group * 34
        low = ((_at(w8, place + 2 + byte) ^ 128) - 128).to(tl.float32) * _half(w16, place)
        high = low
    elif FORMAT == "Q4_0":
        place = start + group * 18
        d = _half(w16, place)
        both = _at(w8, place + 2 + byte)
        low = ((both & 15) - 8).to(tl.float32) * d
        high = ((both >> 4) - 8).to(tl.float32) * d
    elif FORMAT == "Q4_1":
        place = start + group * 20
        d = _half(w16, place)
        m = _half(w16, place + 2)
        both = _at(w8, place + 4 + byte)
        low = (both & 15).to(tl.float32) * d + m
        high = (both >> 4).to(tl.float32) * d + m
    elif FORMAT == "Q5_0":
        place = start + group * 22
        d = _half(w16, place)
        both = _at(w8, place + 6 + byte)
        fifth = (_at(w8, place + 2 + byte // 8) >> (byte % 8)) & 1
        fifth_high = (_at(w8, place + 4 + byte // 8) >> (byte % 8)) & 1
        low = ((both & 15) + fifth * 16 - 16).to(tl.float32) * d
        high = ((both >> 4) + fifth_high * 16 - 16).to(tl.float32) * d
    elif FORMAT == "Q5_1":
        place = start + group * 24
        d = _half(w16, place)
        m = _half(w16, place + 2)
        both = _at(w8, place + 8 + byte)
        fifth = (_at(w8, place + 4 + byte // 8) >> (byte % 8)) & 1
        fifth_high = (_at(w8, place + 6 + byte // 8) >> (byte % 8)) & 1
        low = ((both & 15) + fifth * 16).to(tl.float32) * d + m
        high = ((both >> 4) + fifth_high * 16).to(tl.float32) * d + m
    elif FORMAT == "Q6_K":
        place = start + (group // 8) * 210
        half = (group % 8) // 4
        part = group % 4
        d = _half(w16, place + 208)
        both = _at(w8, place + 64 * half + 16 * part + byte)
        pairs = _at(w8, place + 128 + 32 * half + 16 * (part % 2) + byte) >> (2 * (part // 2))
        scale = (_at(w8, place + 192 + 8 * half + part) ^ 128) - 128
        scale_high = (_at(w8, place + 196 + 8 * half + part) ^ 128) - 128
        low = ((both & 15) + (pairs & 3) * 16 - 32).to(tl.float32) * (d * scale.to(tl.float32))
        high = ((both >> 4) + ((pairs >> 4) & 3) * 16 - 32).to(tl.float32) * (d * scale_high.to(tl.float32))
    else:
        five: tl.constexpr = FORMAT == "Q5_K"
        place = start + (group // 4) * (176 if five else 144)
        part = group % 4
        d = _half(w16, place)
        d_min = _half(w16, place + 2)
        scale, minimum = _of_six_bits(w8, place + 4, 2 * part)
        scale_high, minimum_high = _of_six_bits(w8, place + 4, 2 * part + 1)
        both = _at(w8, place + (48 if five else 16) + 32 * part + byte)
        first = both & 15
        second = both >> 4
        if five:
            bits = _at(w8, place + 16 + byte) >> (2 * part)
            first += (bits & 1) * 16
            second += ((bits >> 1) & 1) * 16
        low = first.to(tl.float32) * (d * scale) - d_min * minimum
        high = second.to(tl.float32) * (d * scale_high) - d_min * minimum_high
    return low, high


@triton.jit
def _columns(group, byte, FORMAT: tl.constexpr, BYTES: tl.constexpr):
    """Which columns the low halves of bytes are of."""
    if FORMAT == "Q6_K":
        column = (group // 4) * 128 + (group % 4) * 16 + byte
    elif FORMAT == "Q8_0":
        column = group * BYTES + byte
    else:
        column = group * (2 * BYTES) + byte
    return column


@triton.jit(do_not_specialize=["rows"])
def product(
    x,
    w8,
    w16,
    bias,
    out,
    rows,
    outs,
    columns,
    row_bytes,
    x_step,
    out_step,
    FORMAT: tl.constexpr,
    BYTES: tl.constexpr,
    TOGETHER: tl.constexpr,
    BIASED: tl.constexpr,
    ROWS: tl.constexpr,
    OUTS: tl.constexpr,
):
    """``out = x @ weight.T + bias``: programs over rows of weights, then over rows of activations."""
    n = tl.program_id(0) * OUTS + tl.arange(0, OUTS)
    m = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    start = (tl.where(n < outs, n, 0).to(tl.int64) * row_bytes)[None, None, :]
    byte = tl.arange(0, BYTES)[None, :, None]
    flat = tl.arange(0, TOGETHER * BYTES)
    halves: tl.constexpr = 1 if FORMAT == "Q8_0" else 2
    apart: tl.constexpr = 64 if FORMAT == "Q6_K" else BYTES  # columns of a byte's halves
    groups = columns // (halves * BYTES)
    here = x + m[:, None].to(tl.int64) * x_step
    total = tl.full((ROWS, OUTS), 0.0, tl.float32)
    for first in range(0, groups, TOGETHER):
        group = first + tl.arange(0, TOGETHER)
        group = tl.where(group < groups, group, 0)[:, None, None]  # what is past the end meets activations of 0
        low, high = _values(w8, w16, start, group, byte, FORMAT)
        column = _columns(first + flat // BYTES, flat % BYTES, FORMAT, BYTES)[None, :]
        seen = (m[:, None] < rows) & (column < columns)
        part = tl.load(here + column, mask=seen, other=0.0)
        tile = tl.reshape(low, (TOGETHER * BYTES, OUTS)).to(x.dtype.element_ty)
        total = tl.dot(part, tile, total, input_precision="ieee")
        if halves == 2:
            part = tl.load(here + column + apart, mask=seen, other=0.0)
            tile = tl.reshape(high, (TOGETHER * BYTES, OUTS)).to(x.dtype.element_ty)
            total = tl.dot(part, tile, total, input_precision="ieee")
    if BIASED:
        total += tl.load(bias + n, mask=n < outs, other=0.0).to(tl.float32)[None, :]
    place = out + m[:, None].to(tl.int64) * out_step + n[None, :]
    tl.store(place, total.to(out.dtype.element_ty), mask=(m[:, None] < rows) & (n[None, :] < outs))


@triton.jit(do_not_specialize=["count"])
def unpack(
    w8,
    w16,
    index,
    out,
    count,
    columns,
    row_bytes,
    FORMAT: tl.constexpr,
    BYTES: tl.constexpr,
    TOGETHER: tl.constexpr,
    OUTS: tl.constexpr,
):
    """Rows of weights by their numbers, as ``[count, columns]``: programs over rows, then over groups."""
    n = tl.program_id(0) * OUTS + tl.arange(0, OUTS)
    row = tl.load(index + n, mask=n < count, other=0).to(tl.int64)
    byte = tl.arange(0, BYTES)[None, :, None]
    flat = tl.arange(0, TOGETHER * BYTES)
    halves: tl.constexpr = 1 if FORMAT == "Q8_0" else 2
    apart: tl.constexpr = 64 if FORMAT == "Q6_K" else BYTES
    groups = columns // (halves * BYTES)
    first = tl.program_id(1) * TOGETHER
    group = first + tl.arange(0, TOGETHER)
    group = tl.where(group < groups, group, 0)[:, None, None]
    low, high = _values(w8, w16, (row * row_bytes)[None, None, :], group, byte, FORMAT)
    column = _columns(first + flat // BYTES, flat % BYTES, FORMAT, BYTES)[:, None]
    place = out + n.to(tl.int64)[None, :] * columns + column
    seen = (n[None, :] < count) & (column < columns)
    tl.store(place, tl.reshape(low, (TOGETHER * BYTES, OUTS)).to(out.dtype.element_ty), mask=seen)
    if halves == 2:
        tl.store(place + apart, tl.reshape(high, (TOGETHER * BYTES, OUTS)).to(out.dtype.element_ty), mask=seen)
