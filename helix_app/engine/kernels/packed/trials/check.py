"""New kernels against their references, in a process that may die: a job of ``machine/jobs.py``.

Made-up weights and activations, fixed by a seed; every result must be that of the reference to the last bit.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from helix_app.engine.kernels.packed import reference
from helix_app.engine.kernels.packed.delta import check as delta_check
from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES, TOGETHER
from helix_app.engine.kernels.packed.heads import attention_sizes
from helix_app.engine.kernels.packed.library import ADD, CORE, DELTA, GELU, HEAD_NORMS, PARTIAL, SIGMOID, Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, floats, rotation, words
from helix_app.engine.kernels.packed.trials.samples import made_up

_ROWS = (1, 2, 3, 4, 5, 6, 7, 8, 11)
_OUT, _BLOCKS = 5, 3
_EPS = 1e-5


def run(folder: str, *parts: str) -> dict[str, Any]:
    """The job: names of kernels that compute something else than their references."""
    library = Library(folder=Path(folder))
    library.load_trial(parts)
    return {"wrong": [name for part in parts for name in wrong_in(library, part)]}


def wrong_in(library: Library, part: str) -> Iterator[str]:
    """The kernels of a part whose results are not those of their references."""
    random = np.random.default_rng(7)
    arithmetic = reference.Arithmetic(library.processor.fused)
    if part == CORE:
        yield from _wrong_steps(library, arithmetic, random)
    elif part in FORMATS:
        for rows in _ROWS:
            if not _product_is_right(library, arithmetic, random, part, rows):
                yield f"product_{part} of {rows} rows"
    elif part == HEAD_NORMS:
        if not all(_rotate_is_right(library, arithmetic, random, pairs, normed=True) for pairs in (True, False)):
            yield part
    elif part == ADD:
        if not all(_add_is_right(library, arithmetic, random, normed) for normed in (True, False)):
            yield part
    elif part == PARTIAL:
        kinds = [(pairs, normed) for pairs in (True, False) for normed in (True, False)]
        if not all(_rotate_is_right(library, arithmetic, random, *kind, turned=16) for kind in kinds):
            yield part
    elif part in (GELU, SIGMOID):
        x = random.normal(0, 3, (3, 512)).astype(np.float32)
        if not all(_activate_is_right(library, arithmetic, x, size, part) for size in RECORD_BYTES):
            yield part
    elif part == DELTA:
        yield from delta_check.wrong(functools.partial(call, library), arithmetic, random)
    else:
        for window in (1, 16, 23, 54, 200) if part.startswith("windowed") else (0,):
            if not _attention_is_right(library, arithmetic, random, part, window):
                yield f"{part} of {window} tokens" if window else part


def call(library: Library, name: str, given: Sequence[int], begin: int, end: int) -> None:
    """Run a kernel in this thread; the memory of its arguments stays with the caller."""
    args = np.array(given, dtype=np.int64)
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(library.address(name))(args.ctypes.data, begin, end)


def _at(array: npt.NDArray[Any]) -> int:
    return int(array.ctypes.data)


def _product_is_right(
    library: Library, arithmetic: reference.Arithmetic, random: np.random.Generator, name: str, rows: int
) -> bool:
    form = FORMATS[name]
    raw = made_up(random, name, _OUT, _BLOCKS)
    x = random.normal(0, 1, (rows, _BLOCKS * form.columns)).astype(np.float32)
    x[0, : form.columns] = 0.0
    records = reference.record_bytes(reference.rounded(x, form.columns))
    base = random.normal(0, 1, (rows, _OUT)).astype(np.float32)
    out, count = np.full((rows, _OUT), np.nan, dtype=np.float32), np.array([rows], dtype=np.int64)
    given = [_at(raw), raw.shape[1], _at(records), records.shape[1], _BLOCKS, _at(out), 4 * _OUT]
    given += [_at(base), 4 * _OUT, _at(count), 2]
    call(library, f"product_{name}", given, 0, _OUT)
    return _same(out, arithmetic.product(name, raw, x) + base)


def _attention_is_right(
    library: Library, arithmetic: reference.Arithmetic, random: np.random.Generator, part: str, window: int
) -> bool:
    (dim, group, width), (kv_heads, slots, position) = attention_sizes(part), (2, 128, 53)
    cache = random.normal(0, 1, (2 * kv_heads, slots, width)).astype(np.float16)
    sinks = random.normal(0, 2, kv_heads * group).astype(np.float32) if part.endswith("_sinks") else None
    order = np.array([5, 0, 7, 2], dtype=np.int32)
    q = random.normal(0, 1, (1, kv_heads * group * dim)).astype(np.float32)
    out, scale = np.full_like(q, np.nan), dim**-0.5
    tables, positions = np.array([_at(order)]), np.array([position], dtype=np.int64)
    keys = _at(cache) + 2 * (width - dim)  # the last numbers of each slot
    given = [_at(q), q.nbytes, _at(out), out.nbytes, kv_heads, keys, keys + cache[:kv_heads].nbytes, cache[0].nbytes]
    given += [_at(tables), _at(positions), floats(scale), window, 0 if sinks is None else _at(sinks)]
    call(library, part, given, 0, kv_heads)
    cache = cache[:, :, width - dim :]
    held = (order[:, None] * 16 + np.arange(16)).reshape(-1)[: position + 1]
    heads = q.reshape(-1, dim)
    want = [
        arithmetic.attention(
            head,
            cache[i // group, held],
            cache[kv_heads + i // group, held],
            scale,
            window,
            None if sinks is None else sinks[i],
        )
        for i, head in enumerate(heads)
    ]
    return _same(out, np.concatenate(want)[None])


def _wrong_steps(library: Library, arithmetic: reference.Arithmetic, random: np.random.Generator) -> Iterator[str]:
    rows, columns = 3, 512
    x = random.normal(0, 1, (rows, columns)).astype(np.float32)
    x[1, 256:288] = 0.0
    weights = random.normal(1, 0.1, columns).astype(np.float32)
    for norm in (True, False):
        for size in RECORD_BYTES:
            if not _prepare_is_right(library, arithmetic, x, weights if norm else None, size):
                yield f"prepare for groups of {size}"
    for size in RECORD_BYTES:
        if not _activate_is_right(library, arithmetic, 20 * x, size):
            yield f"activate for groups of {size}"
    for pairs in (True, False):
        if not _rotate_is_right(library, arithmetic, random, pairs):
            yield "rotation"
    if not _pool_is_right(library):
        yield "pool"


def _prepare_is_right(
    library: Library, arithmetic: reference.Arithmetic, x: reference.Floats, weights: reference.Floats | None, size: int
) -> bool:
    order = np.array([2, 0, 1], dtype=np.int64)
    scratch = np.empty_like(x)
    records, step = _room(x.shape[0], x.shape[1], size)
    given = [_at(x), x.strides[0], _at(order), 0 if weights is None else _at(weights), x.shape[1], floats(_EPS)]
    given += [_at(scratch), x.strides[0], *_records(records, step, size)]
    call(library, "prepare", given, 0, len(x))
    want = x[order] if weights is None else arithmetic.normed(x[order], weights, _EPS)
    return bool((records == reference.record_bytes(reference.rounded(want, size))).all())


def _activate_is_right(
    library: Library, arithmetic: reference.Arithmetic, x: reference.Floats, size: int, activation: str = "silu"
) -> bool:
    columns = x.shape[1] // 2
    scratch = np.empty((len(x), columns), dtype=np.float32)
    records, step = _room(len(x), columns, size)
    given = [_at(x), x.strides[0], columns, 256 if size == 256 else 32]
    given += [_at(scratch), scratch.strides[0], *_records(records, step, size)]
    name = "activate" if activation == "silu" else f"activate_{activation}"
    call(library, name, given, 0, len(x) * columns // given[3])
    want = arithmetic.activated(x[:, :columns], x[:, columns:], activation)
    return bool((records == reference.record_bytes(reference.rounded(want, size))).all())


def _rotate_is_right(
    library: Library,
    arithmetic: reference.Arithmetic,
    random: np.random.Generator,
    pairs: bool,
    normed: bool = False,
    turned: int = 0,
) -> bool:
    """``turned``: how many numbers of a head are, 0 for all."""
    rows, heads, kv_heads, dim, slots = 2, 3, 1, 32, 48
    x = random.normal(0, 1, (rows, heads + 2 * kv_heads, dim)).astype(np.float32)
    x[0, heads, :3] = 1e-7, 3e-5, 60000.0  # what float16 has few or no bits for
    x[0, heads + 1, :3] = x[0, heads, :3]
    angles = random.normal(0, 1, (9, (turned or dim) // 2))
    cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    positions, where = np.array([4, 8], dtype=np.int64), np.array([33, 7], dtype=np.int64)
    cache = np.zeros((2 * kv_heads, slots, dim), dtype=np.float16)
    both = random.normal(1, 0.3, (2, dim)).astype(np.float32)
    queries_keys = x[:, : heads + kv_heads]
    if normed:
        parts = zip((x[:, :heads], x[:, heads : heads + kv_heads]), both)
        found = [arithmetic.normed(part.reshape(-1, dim), w, _EPS).reshape(part.shape) for part, w in parts]
        queries_keys = np.concatenate(found, axis=1)
    want = arithmetic.turned(queries_keys, cos[positions], sin[positions], pairs)
    values = x[:, heads + kv_heads :].copy()
    given = [_at(x), x.strides[0], heads, kv_heads, dim, _at(cos), _at(sin), _at(positions), _at(where)]
    given += [_at(cache), _at(cache) + cache[:kv_heads].nbytes, cache[0].nbytes]
    given += [_at(both), _at(both[1]), floats(_EPS), turned]
    call(library, rotation(pairs, normed, turned > 0), given, 0, rows)
    kept = np.concatenate((want[:, heads:], values), axis=1).astype(np.float16)
    return _same(x[:, : heads + kv_heads], want) and _same(cache[:, where].swapaxes(0, 1), kept)


def _add_is_right(
    library: Library, arithmetic: reference.Arithmetic, random: np.random.Generator, normed: bool
) -> bool:
    x, y = random.normal(0, 1, (2, 3, 64)).astype(np.float32)
    weights = random.normal(1, 0.3, 64).astype(np.float32) if normed else None
    want = arithmetic.added(x, y, weights, _EPS, 0.22)
    given = [_at(y), y.strides[0], _at(x), x.strides[0], 0 if weights is None else _at(weights), x.shape[1]]
    call(library, "add_shaped", [*given, floats(_EPS), floats(0.22)], 0, len(x))
    return _same(x, want)


def _pool_is_right(library: Library) -> bool:
    """Two threads turn the rows of many phases, each exactly once."""
    pool = Pool(library, 2)
    dim, rows, phases = 16, 64, 200
    x = np.ones((rows, 1, dim), dtype=np.float32)
    # half a turn: every phase negates each row
    cos, sin = np.full((1, dim // 2), -1.0, dtype=np.float32), np.zeros((1, dim // 2), dtype=np.float32)
    zeros, count = np.zeros(rows, dtype=np.int64), np.array([rows], dtype=np.int64)
    args = words(_at(x), x.strides[0], 1, 0, dim, _at(cos), _at(sin), _at(zeros), _at(zeros), 0, 0, 0)
    job = Job(library.address("rotate_halves"), args, 1, _at(count), 3)
    pool.run(Program([[job]] * (phases + 1)))
    pool.close()
    return bool((x == -1.0).all())


def _room(rows: int, columns: int, size: int) -> tuple[npt.NDArray[np.uint8], int]:
    step = columns // size * RECORD_BYTES[size]
    rows = rows if size == 256 else -(-rows // TOGETHER) * TOGETHER
    return np.zeros((rows, step), dtype=np.uint8), step


def _records(records: npt.NDArray[np.uint8], step: int, size: int) -> list[int]:
    return [_at(records), step, 0, 0] if size == 256 else [0, 0, _at(records), step]


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """To the last bit, but for the sign of 0."""
    return bool(np.array_equal(a, b))
