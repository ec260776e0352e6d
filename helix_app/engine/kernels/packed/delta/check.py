"""The kernels of recurrent layers against their references, on made-up rows of two sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from helix_app.engine.kernels.packed.delta import reference
from helix_app.engine.kernels.packed.delta.kernels import GATES_TOGETHER
from helix_app.engine.kernels.packed.delta.sizes import SEQUENCE_WORDS, WIDTHS
from helix_app.engine.kernels.packed.emitter import LANES
from helix_app.engine.kernels.packed.formats import RECORD_BYTES, TOGETHER
from helix_app.engine.kernels.packed.program import floats
from helix_app.engine.kernels.packed.reference import Arithmetic, Floats, record_bytes, rounded

Call = Callable[[str, Sequence[int], int, int], None]  # a kernel by name, its arguments, and its items
_EPS = 1e-5


def wrong(call: Call, arithmetic: Arithmetic, random: np.random.Generator) -> Iterator[str]:
    """The kernels whose results are not those of their references."""
    if not _rows_are_right(call, arithmetic, random):
        yield "delta_rows"
    for width in WIDTHS:
        for tiled in (True, False):
            heads = reference.Heads(2, 4, 16, 2 * LANES * width, tiled)
            if not _steps_are_right(call, arithmetic, random, heads, width):
                yield f"delta_steps_{width}"
    for size in RECORD_BYTES:
        if not _gated_is_right(call, arithmetic, random, size):
            yield f"delta_gated for groups of {size}"


def _at(array: npt.NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _rows_are_right(call: Call, a: Arithmetic, random: np.random.Generator) -> bool:
    """Two rows of one sequence, then one of another."""
    rows, columns, heads, key_heads, key_dim, channels, kernel = 3, 64, 6, 2, 16, 96, 4
    padded = -(-heads // LANES) * LANES
    x, normed = (random.normal(0, 1, (rows, count)).astype(np.float32) for count in (channels, columns))
    weights = random.normal(0, 1, (2 * padded, columns)).astype(np.float32)
    weights[0] *= 20.0  # speeds of any size
    decay, bias = (
        -np.abs(random.normal(0, 1, padded)).astype(np.float32),
        random.normal(0, 1, padded).astype(np.float32),
    )
    taps = random.normal(0, 1, (kernel, channels)).astype(np.float32)
    tails = random.normal(0, 1, (2, kernel - 1, channels)).astype(np.float32)
    own, places = np.array([0, 1, 0]), np.array([_at(tails[0]), _at(tails[0]), _at(tails[1])])
    gates, meets = np.zeros((rows, 2 * padded), dtype=np.float32), np.zeros((rows, key_heads), dtype=np.float32)
    mixed, scale = np.zeros_like(x), key_dim**-0.5
    given = [_at(x), x.strides[0], _at(normed), normed.strides[0], columns, _at(weights), 2 * padded]
    given += [_at(gates), gates.strides[0], 4 * padded, _at(decay), _at(bias)]
    given += [_at(mixed), mixed.strides[0], _at(taps), channels, kernel, _at(own), _at(places), key_heads, key_dim]
    given += [_at(meets), meets.strides[0], floats(scale)]
    assert (2 * padded) % GATES_TOGETHER == 0
    call("delta_rows", given, 0, rows)
    products = reference.dots(a, normed[:, None], weights[None])
    want = np.concatenate(
        (reference.decays(a, products[:, :padded], decay, bias), reference.sigmoid(a, products[:, padded:])), axis=1
    )
    seen = np.concatenate([reference.convolved(a, tail, part, taps) for tail, part in zip(tails, (x[:2], x[2:]))])
    both = seen[:, : 2 * key_heads * key_dim].reshape(rows, 2, key_heads, key_dim)
    queries, keys = reference.of_length_one(a, both[:, 0], scale), reference.of_length_one(a, both[:, 1], 1.0)
    seen[:, : both[0].size] = np.stack((queries, keys), axis=1).reshape(rows, -1)
    return (
        np.array_equal(gates, want)
        and np.array_equal(mixed, seen)
        and np.array_equal(meets, reference.dots(a, queries, keys))
    )


def _steps_are_right(
    call: Call, a: Arithmetic, random: np.random.Generator, heads: reference.Heads, width: int
) -> bool:
    """A sequence of five rows whose state is kept behind three, one of two kept at its end, and one of a single row."""
    spans, borders = ((0, 5), (5, 2), (7, 1)), (3, 2, 0)
    count, wide = 8, 2 * heads.keys * heads.key_dim + heads.values * heads.value_dim
    x = random.normal(0, 0.3, (count, wide)).astype(np.float32)
    gates = random.uniform(0.1, 1, (count, 2 * LANES)).astype(np.float32)
    keys_queries = x[:, : 2 * heads.keys * heads.key_dim].reshape(count, 2, heads.keys, heads.key_dim)
    meets = np.ascontiguousarray(reference.dots(a, keys_queries[:, 0], keys_queries[:, 1]))
    shape = len(spans), heads.values, heads.key_dim, heads.value_dim
    states = random.normal(0, 1, shape).astype(np.float32)
    before, kept = states.copy(), np.zeros_like(states)
    deltas, out = np.zeros((2, count, heads.values * heads.value_dim), dtype=np.float32)
    table = np.array(
        [(first, rows, _at(states[i]), borders[i], _at(kept[i])) for i, (first, rows) in enumerate(spans)],
        dtype=np.int64,
    )
    assert table.shape[1] == SEQUENCE_WORDS
    given = [_at(x), x.strides[0], _at(gates), gates.strides[0], 4 * LANES, _at(meets), meets.strides[0]]
    given += [_at(deltas), deltas.strides[0], _at(out), out.strides[0], _at(table)]
    given += [heads.values, heads.keys, heads.key_dim, heads.value_dim, int(heads.tiled)]
    items = heads.values * heads.value_dim // (LANES * width)
    call(f"delta_steps_{width}", given, 0, items * len(spans))
    right = True
    for i, (first, rows) in enumerate(spans):
        rule = reference.Rule(a, heads, before[i].copy())
        for row in range(rows):
            values = x[first + row, 2 * heads.keys * heads.key_dim :].reshape(heads.values, heads.value_dim)
            one = gates[first + row]
            (queries, keys), decays, rates = keys_queries[first + row], one[: heads.values], one[LANES:][: heads.values]
            read, adds = rule.row(queries, keys, values, decays, rates)
            right &= np.array_equal(read.reshape(-1), out[first + row])
            right &= np.array_equal(adds.reshape(-1), deltas[first + row])
            last = rule.state
            rule.advance(keys, decays, adds)
            if row + 1 == borders[i]:
                right &= np.array_equal(kept[i], rule.state)
        right &= np.array_equal(states[i], last)
        # and again from what its rows added
        own = [heads.key_of(h) for h in range(heads.values)]
        part = slice(first, first + rows)
        keys = np.ascontiguousarray(keys_queries[part, 1][:, own])
        decays = np.ascontiguousarray(gates[part, : heads.values])
        replayed, adds = before[i].copy(), np.ascontiguousarray(deltas[part])
        given = [_at(replayed), rows, heads.values, heads.key_dim, heads.value_dim, _at(keys), _at(adds), _at(decays)]
        call(f"delta_replay_{width}", given, 0, items)
        right &= np.array_equal(replayed, rule.state)
    return bool(right)


def _gated_is_right(call: Call, a: Arithmetic, random: np.random.Generator, size: int) -> bool:
    rows, heads, dim = 3, 4, 128
    read, gates = random.normal(0, 2, (2, rows, heads, dim)).astype(np.float32)
    weights, scratch = random.normal(1, 0.2, dim).astype(np.float32), np.zeros((rows, heads * dim), dtype=np.float32)
    step = heads * dim // size * RECORD_BYTES[size]
    records = np.zeros((rows if size == 256 else TOGETHER, step), dtype=np.uint8)
    given = [_at(read), read.strides[0], _at(gates), gates.strides[0], _at(weights), heads, dim, floats(_EPS)]
    given += [
        _at(scratch),
        scratch.strides[0],
        *((_at(records), step, 0, 0) if size == 256 else (0, 0, _at(records), step)),
    ]
    call("delta_gated", given, 0, rows)
    want: Floats = reference.gated(a, read, gates, weights, _EPS)
    return bool(np.array_equal(scratch, want) and (records == record_bytes(rounded(want, size))).all())
