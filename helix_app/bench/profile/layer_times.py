"""Times of a model's linear layers: the ones in use, and the same shapes in every implementation that exists here."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from helix_app.bench.figures.statistics import median
from helix_app.engine.kernels import low_bit
from helix_app.engine.kernels.linear import LinearFn, OneDnnLinear, PlainLinear
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.tensors.weights import WeightSource

ROWS = (1, 2, 3, 5, 9)
HEAD = "head"
_ROLES = {"qkv": ("q", "k", "v"), "out": ("o",), "gate_up": ("gate", "up"), "down": ("down",)}
_NAMES = {"PlainLinear": "plain", "OneDnnLinear": "oneDNN", "Int8Linear": "int8", "Int4Linear": "int4"}
_MAX_COPIES = 512
_CACHES = 2  # copies of a weight take so many times the cache


@dataclass
class Timed:
    """One linear shape in one implementation.

    Attributes:
        name: as a half of a layer calls it, or ``HEAD``.
        shape: output and input features.
        kind: the implementation, as it is shown.
        in_use: it is the model's own, timed on the real weights.
        size: bytes of one weight.
        seconds: of one call in each round, by rows.
    """

    name: str
    shape: tuple[int, int]
    kind: str
    in_use: bool
    size: int
    seconds: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))


def in_use(decoder: Decoder, rounds: int, order: random.Random, stopped: Callable[[], bool]) -> list[Timed]:
    """The model's own layers, called one after the other as in decoding, so that caches are as cold as there."""
    walk, shapes = decoder.linears, decoder.shapes
    counts = Counter(name for name, _ in walk)
    found = {
        name: Timed(name, shapes[name], f"{kind_of(fn)} {short(decoder.dtype)}", True, bytes_of(fn))
        for name, fn in dict(reversed(walk)).items()
    }
    found = {name: found[name] for name in counts}
    inputs = {(name, rows): torch.randn(rows, shapes[name][1]).to(decoder.dtype) for name in shapes for rows in ROWS}
    for turn in range(rounds + 1):
        for rows in order.sample(ROWS, len(ROWS)):
            if stopped():
                break
            spent: dict[str, float] = defaultdict(float)
            for name, fn in walk:
                x = inputs[name, rows]
                begin = time.perf_counter()
                fn(x)
                spent[name] += time.perf_counter() - begin
            if turn:  # the first one prepared kernels
                for name, seconds in spent.items():
                    found[name].seconds[rows].append(seconds / counts[name])
    return list(found.values())


def others(
    decoder: Decoder,
    source: WeightSource,
    name: str,
    cache: int,
    rounds: int,
    order: random.Random,
    stopped: Callable[[], bool],
) -> Iterator[Timed]:
    """A layer's weight in every other implementation, on as many copies in turn as no cache holds."""
    head = ("embed",) if decoder.config.tied_embeddings else (HEAD,)
    weight = torch.cat([source.get(role) for role in _ROLES.get(name, head)]).contiguous()
    used = kind_of(next(fn for known, fn in decoder.linears if known == name))
    for kind, dtype, make in makers(decoder, weight):
        if kind == used or stopped():
            continue
        try:
            first = make()
            first(torch.zeros(1, weight.shape[1], dtype=dtype))
            count = min(_MAX_COPIES, 1 + _CACHES * cache // bytes_of(first))
            copies = [first, *(make() for _ in range(count - 1))]
        except RuntimeError:  # no such kernel for this format here
            continue
        timed = Timed(name, decoder.shapes[name], f"{kind} {short(dtype)}", False, bytes_of(first))
        _walk(copies, dtype, timed, rounds, order, stopped)
        del copies, first
        yield timed


def makers(decoder: Decoder, weight: torch.Tensor) -> Iterator[tuple[str, torch.dtype, Callable[[], LinearFn]]]:
    """Implementations that this PyTorch has for a weight: name, dtype of activations, what makes a fresh copy."""
    dense = weight.to(decoder.dtype)
    yield "plain", decoder.dtype, lambda: PlainLinear(dense.clone(), None)
    yield "oneDNN", decoder.dtype, lambda: OneDnnLinear(dense, None)
    if low_bit.exists(8, decoder.device) and low_bit.fits(8, *weight.shape):
        yield "int8", low_bit.ACTIVATIONS, lambda: low_bit.packed_linear(8, weight, None)
    if low_bit.exists(4, decoder.device) and low_bit.fits(4, *weight.shape):
        groups = low_bit.to_groups4(weight)
        yield "int4", low_bit.ACTIVATIONS, lambda: low_bit.Int4Linear(groups, None)


def _walk(
    copies: Sequence[LinearFn],
    dtype: torch.dtype,
    timed: Timed,
    rounds: int,
    order: random.Random,
    stopped: Callable[[], bool],
) -> None:
    inputs = {rows: torch.randn(rows, timed.shape[1]).to(dtype) for rows in ROWS}
    for turn in range(rounds + 1):
        for rows in order.sample(ROWS, len(ROWS)):
            if stopped():
                return
            x = inputs[rows]
            begin = time.perf_counter()
            for fn in copies:
                fn(x)
            if turn:
                timed.seconds[rows].append((time.perf_counter() - begin) / len(copies))


def kind_of(linear: LinearFn) -> str:
    """The name of an implementation."""
    name = type(linear).__name__
    return _NAMES.get(name, name)


def short(dtype: torch.dtype) -> str:
    """``bf16`` and the like."""
    names = {torch.bfloat16: "bf16", torch.float16: "f16", torch.float32: "f32"}
    return names.get(dtype, str(dtype))


def rate(timed: Timed) -> float:
    """Bytes of weights a second with one row; 0 while unknown."""
    seconds = median(timed.seconds[1])
    return timed.size / seconds if seconds else 0.0
