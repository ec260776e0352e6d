"""The same arithmetic as the kernels', step by step in numpy: slow, plain, and equal to the last bit.

Integer sums are exact in any order; float32 ones are taken in the order of the kernels' lanes. A fused multiplication
and addition is that of float64, rounded: the product of two float32 is exact there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from helix_app.engine.kernels.packed.emitter import EXP_LOW, EXP_TERMS, LN2_HIGH, LN2_LOW, LOG2E
from helix_app.engine.kernels.packed.formats import E2M1, FORMATS, NONLINEAR, TOGETHER
from helix_app.engine.kernels.packed.steps import GELU_CUBIC, GELU_SLOPE

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_32 = np.float32


@dataclass(frozen=True)
class Blocks:
    """Unpacked weights of rows, block by block: value = scale * integer * sub_scale - minimum.

    Attributes:
        integers: ``[rows, blocks, columns]``, of some formats with signs.
        scale, offset: ``[rows, blocks]``; the offset of a whole block, or of the minima of its groups.
        scales, minima: of groups ``[rows, blocks, groups]``; None where a block is one group.
        centre: what is to be taken off the integers.
    """

    integers: Ints
    scale: Floats
    offset: Floats | None = None
    scales: Ints | None = None
    minima: Ints | None = None
    centre: int = 0

    def dense(self) -> npt.NDArray[np.float64]:
        """The numbers that the weights stand for, ``[rows, columns]``."""
        rows, blocks, columns = self.integers.shape
        values = (self.integers - self.centre).astype(np.float64)
        offset: npt.NDArray[np.float64] = np.zeros_like(values)
        if self.scales is not None:
            width = columns // self.scales.shape[2]
            values = values * np.repeat(self.scales, width, axis=2)
            if self.minima is not None and self.offset is not None:
                offset -= np.repeat(self.minima, width, axis=2) * self.offset[..., None].astype(np.float64)
        elif self.offset is not None:
            offset += self.offset[..., None]
        return np.asarray(values * self.scale[..., None].astype(np.float64) + offset).reshape(rows, blocks * columns)


def unpacked(name: str, raw: Bytes) -> Blocks:
    """The blocks of a tensor of this format, ``raw`` ``[rows, bytes]``."""
    form = FORMATS[name]
    blocks = raw.reshape(raw.shape[0], -1, form.nbytes)

    def halves(at: int) -> Floats:
        return np.ascontiguousarray(blocks[..., at : at + 2]).view(np.float16)[..., 0].astype(_32)

    def nibbles(at: int, count: int = 16) -> Ints:
        part = blocks[..., at : at + count].astype(np.int64)
        return np.concatenate((part & 15, part >> 4), axis=-1)

    if name in ("Q4_K", "Q5_K"):
        return _unpacked_45k(blocks, halves(0), halves(2), name == "Q5_K")
    if name == "Q2_K":
        return _unpacked_2k(blocks, halves(80), halves(82))
    if name == "Q3_K":
        return _unpacked_3k(blocks, halves(108))
    if name == "Q6_K":
        return _unpacked_6k(blocks, halves(208))
    if name == "Q8_0":
        return Blocks(np.ascontiguousarray(blocks[..., 2:34]).view(np.int8).astype(np.int64), halves(0))
    if name == "IQ4_NL":
        return Blocks(np.array(NONLINEAR)[nibbles(2)], halves(0))
    if name == "MXFP4":
        exponent = blocks[..., 0].astype(np.int64)
        bits = np.where(exponent < 2, 0x00200000 << np.minimum(exponent, 1), (exponent - 1) << 23)
        return Blocks(np.array(E2M1)[nibbles(1)], bits.astype(np.uint32).view(_32))
    if name == "IQ4_XS":
        return _unpacked_iq4_xs(blocks, halves(0))
    five, offset = name.startswith("Q5"), name.endswith("_1")
    at = 4 if offset else 2
    integers = nibbles(at + 4 * five)
    if five:
        bits = np.unpackbits(np.ascontiguousarray(blocks[..., at : at + 4]), axis=-1, bitorder="little")
        integers = integers + 16 * bits.astype(np.int64)
    scale = halves(0)
    return Blocks(integers, scale, halves(2) if offset else scale * _32(-16 if five else -8))


def _unpacked_45k(blocks: Bytes, d: Floats, d_min: Floats, five: bool) -> Blocks:
    packed = blocks[..., 4:16].astype(np.int64)
    first, second, last = packed[..., :4], packed[..., 4:8], packed[..., 8:]
    scales = np.concatenate((first & 63, (last & 15) | (first >> 6) << 4), axis=-1)
    minima = np.concatenate((second & 63, (last >> 4) | (second >> 6) << 4), axis=-1)
    at = 48 if five else 16
    quants = blocks[..., at : at + 128].astype(np.int64).reshape(*blocks.shape[:2], 4, 32)
    integers = np.stack((quants & 15, quants >> 4), axis=3).reshape(*blocks.shape[:2], 8, 32)
    if five:
        high = blocks[..., 16:48].astype(np.int64)
        integers = integers + 16 * ((high[:, :, None, :] >> np.arange(8)[:, None]) & 1)
    return Blocks(integers.reshape(*blocks.shape[:2], 256), d, d_min, scales, minima)


def _unpacked_2k(blocks: Bytes, d: Floats, d_min: Floats) -> Blocks:
    packed = blocks[..., :16].astype(np.int64)
    return Blocks(_two_bits(blocks, 16), d, d_min, packed & 15, packed >> 4)


def _unpacked_3k(blocks: Bytes, d: Floats) -> Blocks:
    third = (blocks[..., None, :32].astype(np.int64) >> np.arange(8)[:, None]) & 1
    low, high = blocks[..., None, 96:104].astype(np.int64), blocks[..., None, 104:108].astype(np.int64)
    four, two = (low >> np.array([[0], [4]])) & 15, (high >> np.array([[0], [2], [4], [6]])) & 3
    shape = blocks.shape[:2]
    scales = four.reshape(*shape, 16) | two.reshape(*shape, 16) << 4
    integers = _two_bits(blocks, 32) | third.reshape(*shape, 256) << 2
    return Blocks(integers, d, scales=scales - 32, centre=4)


def _two_bits(blocks: Bytes, at: int) -> Ints:
    packed = blocks[..., at : at + 64].astype(np.int64).reshape(*blocks.shape[:2], 2, 1, 32)
    return np.asarray((packed >> np.array([[0], [2], [4], [6]])) & 3).reshape(*blocks.shape[:2], 256)


def _unpacked_6k(blocks: Bytes, d: Floats) -> Blocks:
    shape = blocks.shape[:2]
    low = blocks[..., :128].astype(np.int64).reshape(*shape, 2, 2, 32)
    high = blocks[..., 128:192].astype(np.int64).reshape(*shape, 2, 32)
    nibbles = np.concatenate((low & 15, low >> 4), axis=3)  # [half, group of 4, 32]
    bits = (high[..., None, :] >> (2 * np.arange(4))[:, None]) & 3
    scales = np.ascontiguousarray(blocks[..., 192:208]).view(np.int8).astype(np.int64)
    return Blocks((nibbles | bits << 4).reshape(*shape, 256), d, scales=scales, centre=32)


def _unpacked_iq4_xs(blocks: Bytes, d: Floats) -> Blocks:
    shape = blocks.shape[:2]
    high = np.ascontiguousarray(blocks[..., 2:4]).view("<u2").astype(np.int64)
    low = blocks[..., 4:8].astype(np.int64)[..., None] >> np.array([0, 4])
    scales = (low.reshape(*shape, 8) & 15) | ((high >> 2 * np.arange(8)) & 3) << 4
    quants = blocks[..., 8:].astype(np.int64).reshape(*shape, 8, 16)
    integers = np.array(NONLINEAR)[np.concatenate((quants & 15, quants >> 4), axis=-1)]
    return Blocks(integers.reshape(*shape, 256), d, scales=scales - 32)


@dataclass(frozen=True)
class Records:
    """Rounded activations of rows.

    Attributes:
        integers: ``[rows, groups, columns]``.
        scale: ``[rows, groups]``.
    """

    integers: Ints
    scale: Floats


def rounded(x: Floats, columns: int) -> Records:
    """Rows of float32 ``[rows, n]`` in groups of so many columns."""
    groups = x.reshape(x.shape[0], -1, columns)
    most = np.abs(groups).max(axis=-1)
    some = most > _32(1e-30)
    inverse = np.where(some, _32(127) / np.where(some, most, _32(1)), _32(0)).astype(_32)
    return Records(np.rint(groups * inverse[..., None]).astype(np.int64), most * _32(1 / 127))


def record_bytes(records: Records) -> Bytes:
    """Records as they lie in memory, ``[rows, bytes of a row]``; of 32 columns, whole eights of rows lie together."""
    rows, groups, columns = records.integers.shape
    integers = records.integers.astype(np.int8).view(np.uint8)
    if columns == 256:
        sums = records.integers.reshape(rows, groups, 16, 16).sum(axis=-1).astype("<i2").view(np.uint8)
        scales = np.repeat(records.scale[..., None], 8, axis=-1).astype("<f4").view(np.uint8)
        return np.concatenate((integers, sums, scales), axis=-1).reshape(rows, -1)
    scaled = records.scale * records.integers.sum(axis=-1).astype(_32)
    tail = np.stack((records.scale, scaled), axis=-1).astype("<f4").view(np.uint8)
    return _together(np.concatenate((integers, tail), axis=-1))


def _together(records: Bytes) -> Bytes:
    """Records ``[rows, groups, 40]`` of eight rows at a time: their integers, their scales, their scaled sums."""
    rows, groups, size = records.shape
    eights = np.zeros((-(-rows // TOGETHER), TOGETHER, groups, size), dtype=np.uint8)
    eights.reshape(-1, groups, size)[:rows] = records
    by_group = eights.swapaxes(1, 2)  # [eights, groups, row, 40]
    parts = [by_group[..., begin:end].reshape(*by_group.shape[:2], -1) for begin, end in ((0, 32), (32, 36), (36, 40))]
    return np.concatenate(parts, axis=-1).reshape(-1, groups * size)


def apart(records: Bytes, rows: int) -> Bytes:
    """Records of 32 columns as they lie in memory ``[whole eights of rows, bytes]``, row by row ``[rows, bytes]``."""
    eights = records.reshape(-1, records.shape[1] // 40, TOGETHER * 40)
    shape = (*eights.shape[:2], TOGETHER, -1)
    parts = [eights[..., begin:end].reshape(shape) for begin, end in ((0, 256), (256, 288), (288, 320))]
    return np.concatenate(parts, axis=-1).swapaxes(1, 2).reshape(-1, records.shape[1])[:rows]


class Arithmetic:
    """What kernels compute, on a processor that fuses multiplication and addition or not."""

    def __init__(self, fused: bool) -> None:
        self._fused = fused

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c in float32."""
        a, b, c = (np.asarray(value, dtype=_32) for value in (a, b, c))
        if self._fused:  # NumPy 1 takes a single float64 beside many float32 for a float32
            a, b, c = (value.astype(np.float64) for value in (a, b, c))
            return (a * b + c).astype(_32)
        return (a * b + c).astype(_32)

    def exp(self, x: Floats) -> Floats:
        x = np.where(x < _32(EXP_LOW), _32(EXP_LOW), x).astype(_32)
        n = np.rint(x * _32(LOG2E)).astype(_32)
        x = self.fma(n, _32(-LN2_LOW), self.fma(n, _32(-LN2_HIGH), x))
        y = np.full_like(x, EXP_TERMS[0])
        for term in EXP_TERMS[1:]:
            y = self.fma(y, x, _32(term))
        y = self.fma(y, x * x, x) + _32(1)
        with np.errstate(invalid="ignore"):  # what is no number stays so
            scale = np.ldexp(_32(1), n.astype(np.int32))
        return np.asarray(y * scale, dtype=_32)

    def product(self, name: str, raw: Bytes, x: Floats) -> Floats:
        """Rows of float32 ``[m, in]`` times packed weights ``[out, bytes]``: ``[m, out]``."""
        blocks, form = unpacked(name, raw), FORMATS[name]
        records = rounded(x, form.columns)
        totals = np.zeros((x.shape[0], raw.shape[0], 8), dtype=_32)
        offsets = np.zeros(totals.shape[:2], dtype=_32)
        for i in range(records.integers.shape[1]):
            weights, rows = blocks.integers[:, i], records.integers[:, i]
            fours = (weights[None] * rows[:, None]).reshape(*totals.shape[:2], -1, 8, 4).sum(axis=-1)  # 32 columns each
            scale = records.scale[:, i][:, None]
            if blocks.scales is None:
                wide = (blocks.scale[:, i][None] * scale)[..., None]
                totals = self.fma(wide, fours[:, :, 0].astype(_32), totals)
                if blocks.offset is not None:
                    offsets = self.fma(
                        blocks.offset[:, i][None], scale * rows.sum(axis=-1).astype(_32)[:, None], offsets
                    )
                continue
            sums = rows.reshape(rows.shape[0], 16, 16).sum(axis=-1)[:, None]
            scales, d = blocks.scales[:, i], blocks.scale[:, i][None, :, None]
            whole = (fours * _of_lanes(scales)).sum(axis=2)
            if blocks.minima is not None and blocks.offset is not None:
                least = _of_groups(blocks.minima[:, i], sums).astype(_32)
                number = self.fma(least, -blocks.offset[:, i][None, :, None], whole.astype(_32) * d)
            else:
                taken = blocks.centre * _of_groups(scales, sums) if blocks.centre else 0
                number = (whole - taken).astype(_32) * d
            totals = self.fma(number, scale[..., None], totals)
        return (
            lanes_summed(totals) + offsets
            if blocks.scales is None and blocks.offset is not None
            else lanes_summed(totals)
        )

    def normed(self, x: Floats, weights: Floats, eps: float) -> Floats:
        """The RMS norm of rows."""
        squares = np.zeros((x.shape[0], 8), dtype=_32)
        for part in x.reshape(x.shape[0], -1, 8).transpose(1, 0, 2):
            squares = self.fma(part, part, squares)
        mean = lanes_summed(squares) / _32(x.shape[1])
        scale = _32(1) / np.sqrt(mean + _32(eps))
        return np.asarray(x * scale[:, None] * weights, dtype=_32)

    def activated(self, gate: Floats, up: Floats, activation: str = "silu") -> Floats:
        """The activation of the gate, times up."""
        bent = gate
        if activation == "gelu_tanh":
            bent = gate * _32(GELU_SLOPE) * self.fma(gate * gate, _32(GELU_CUBIC), _32(1))
        negative = bent < 0
        small = self.exp(np.where(negative, bent, -bent))
        share = np.where(negative, small, _32(1)) / (small + _32(1))
        return np.asarray((share if activation == "sigmoid" else gate * share) * up, dtype=_32)

    def turned(self, heads: Floats, cos: Floats, sin: Floats, pairs: bool) -> Floats:
        """Heads ``[rows, heads, dim]`` rotated by ``[rows, turned / 2]``, the first numbers of each."""
        half = cos.shape[-1]
        if 2 * half < heads.shape[-1]:
            first = self.turned(heads[..., : 2 * half], cos, sin, pairs)
            return np.concatenate((first, heads[..., 2 * half :]), axis=-1)
        low, high = (heads[..., 0::2], heads[..., 1::2]) if pairs else (heads[..., :half], heads[..., half:])
        cos, sin = cos[:, None], sin[:, None]
        a, c = self.fma(low, cos, -(high * sin)), self.fma(high, cos, low * sin)
        return np.stack((a, c), axis=-1).reshape(heads.shape) if pairs else np.concatenate((a, c), axis=-1)

    def added(self, x: Floats, y: Floats, weights: Floats | None, eps: float, scale: float) -> Floats:
        """``x`` plus ``y``, normed where there are weights, times ``scale``."""
        return np.asarray(self.fma(y if weights is None else self.normed(y, weights, eps), _32(scale), x))

    def attention(
        self, q: Floats, keys: Floats, values: Floats, scale: float, window: int = 0, sink: float | None = None
    ) -> Floats:
        """One head ``[dim]`` over keys and values ``[length, dim]`` that were rounded to float16."""
        most, total, mixed = _32(-np.inf), _32(0), np.zeros(q.shape[0], dtype=_32)
        most, total = (most, total) if sink is None else (_32(sink), _32(1))
        seen = max(0, keys.shape[0] - window) if window else 0
        for begin in range(seen // 16 * 16, keys.shape[0], 16):
            first = max(0, seen - begin)
            k, v = keys[begin : begin + 16].astype(_32), values[begin : begin + 16].astype(_32)
            sums = np.zeros((k.shape[0], 8), dtype=_32)
            for i in range(q.shape[0] // 8):
                sums = self.fma(k[:, 8 * i : 8 * i + 8], q[8 * i : 8 * i + 8], sums)
            scores = np.full(16, -np.inf, dtype=_32)
            scores[first : k.shape[0]] = (lanes_summed(sums) * _32(scale))[first:]
            now = max(scores.max(), most)
            weights = self.exp(scores - now)
            fade = self.exp(np.full(8, most - now, dtype=_32))[0]
            total = self.fma(total, fade, lanes_summed((weights[:8] + weights[8:])[None])[0])
            mixed, most = mixed * fade, now
            for t in range(first, k.shape[0]):
                mixed = self.fma(weights[t], v[t], mixed)
        return np.asarray(mixed / total, dtype=_32)


def lanes_summed(lanes: Floats) -> Floats:
    """Of eight lanes, in the kernels' order."""
    four = lanes[..., :4] + lanes[..., 4:]
    two = four[..., :2] + four[..., 2:]
    return np.asarray(two[..., 0] + two[..., 1])


def _of_lanes(groups: Ints) -> Ints:
    """What eight or sixteen groups of a block have, for the eight lanes of each 32 columns: ``[1, out, 8, 8]``."""
    by_32 = groups.reshape(-1, 8, groups.shape[-1] // 8)
    return np.repeat(by_32, 8 // by_32.shape[-1], axis=2)[None]


def _of_groups(groups: Ints, sums: Ints) -> Ints:
    """What groups have ``[out, groups]``, times the sums of sixteen columns ``[rows, 1, 16]``, two sums in a lane."""
    each = np.repeat(groups, 16 // groups.shape[-1], axis=1)[None] * sums
    return np.asarray(each.reshape(*each.shape[:2], 8, 2).sum(axis=-1))
