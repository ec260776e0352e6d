"""Linear layers behind one call, with the implementation that measured fastest on this machine.

``F.linear`` is everywhere right. On x86 CPUs, oneDNN with weights reordered once at load is about twice as fast
for the few rows of decoding, and verifying five rows costs no more than one. Which one wins is measured for every
shape of a model, and remembered for this machine (``measured.py``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from helix_app.engine.machine.measured import remembered

log = logging.getLogger(__name__)
LinearFn = Callable[[torch.Tensor], torch.Tensor]
LinearKind = str  # "plain" or "onednn"
KINDS: tuple[LinearKind, ...] = ("plain", "onednn")
_CLEAR = 1.15  # times the next best: a choice that is remembered
_REPEATS = 15
_MAX = 8192  # larger shapes are measured as this one
_CANCELLED_ROWS = 256  # different rows of a weight whose sums cancel
_ROWS_TOGETHER = (2, 4, 5, 8, 9, 16, 17, 32, 33, 48, 64, 65, 96, 128, 129, 256, 512, 577)  # kernels change by size
_ROWS_IN_FULL = 17  # more are tried on at most ``_MAX`` outputs: a whole vocabulary took a quarter of a minute
_TRIALS, _TRIALS_ENOUGH, _TRIAL_SECONDS = 200, 50, 0.15
_DECODE_ROWS = (1, 5)  # a plain step, and a verification of four drafted tokens


class PlainLinear:
    """``x @ weight.T + bias`` by ``F.linear``. weight is ``[out, in]``."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight, self.bias)


class OneDnnLinear:
    """The same with the weight in oneDNN's own blocked layout; the plain weight is not kept.

    Raises:
        RuntimeError: this build or processor has no such kernel for the number format.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self._bias = bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, self._bias, "none", [], "")


def make_linear(kind: LinearKind, weight: torch.Tensor, bias: torch.Tensor | None = None) -> LinearFn:
    """A linear layer of this kind; falls back to plain where the kind does not exist."""
    if kind == "onednn":
        try:
            return OneDnnLinear(weight, bias)
        except RuntimeError as exc:
            log.info("no oneDNN linear for %s: %s", weight.dtype, exc)
    return PlainLinear(weight, bias)


def same_rows(
    linear: LinearFn, out_features: int, in_features: int, dtype: torch.dtype, device: torch.device
) -> tuple[bool, int]:
    """Which numbers of rows a kernel sums in the same order: whether one row comes out as the first of two does, and
    up to how many rows together do (0: any number that was tried).

    Of dense layers a trial layer of the same kind and shape is asked, whose sums come to nothing but their rounding
    errors: another order shows in the first row already. Of the weights of a model it shows in one of some thousand
    results, so that a trial of other layers, packed ones, has to go on for a moment; those, which work through their
    rows one by one, are only asked for a single one, and a trial that had time for too few of them says no.
    """

    def measure() -> tuple[bool, int]:
        generator = torch.Generator().manual_seed(0)
        if isinstance(linear, (PlainLinear, OneDnnLinear)):
            return _same_dense_rows(type(linear), out_features, in_features, dtype, device, generator)

        def row_pair() -> torch.Tensor:
            return torch.randn(2, in_features, generator=generator).to(dtype).to(device)

        return _single_as_first(linear, row_pair), 0

    if device.type != "cpu":
        return measure()
    one, most = remembered(f"rows alike: {type(linear).__name__} {out_features} x {in_features} {dtype}", measure)
    return bool(one), int(most)


def _same_dense_rows(
    kind: type[PlainLinear] | type[OneDnnLinear],
    out_features: int,
    in_features: int,
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator,
) -> tuple[bool, int]:
    """``same_rows`` by a trial layer of this kind and shape."""
    weight, rows = _cancelling(out_features, in_features, generator)
    trial, rows = kind(weight.to(dtype).to(device), None), rows.to(dtype).to(device)
    two = trial(rows[:2])
    one = torch.equal(torch.cat((trial(rows[:1]), trial(rows[1:2]))), two)
    last = 0
    smaller = trial if out_features <= _MAX else kind(weight[:_MAX].to(dtype).to(device), None)
    for count in _ROWS_TOGETHER:
        layer = trial if count <= _ROWS_IN_FULL else smaller
        found = layer(rows[:count])[:2]
        if not torch.equal(found, two[:, : found.shape[1]]):
            return one, last
        last = count
    return one, 0


def _single_as_first(linear: LinearFn, row_pair: Callable[[], torch.Tensor]) -> bool:
    """Whether a row comes out alone as it does before another, for as many pairs as there is time for."""
    end = time.perf_counter() + _TRIAL_SECONDS
    for tried in range(_TRIALS):
        if time.perf_counter() > end:
            return tried >= _TRIALS_ENOUGH
        x = row_pair()
        if not torch.equal(linear(x[:1]), linear(x)[:1]):
            return False
    return True


def _cancelling(out_features: int, in_features: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights ``[out, in]`` and rows ``[most, in]`` whose products are of very different sizes and cancel.

    What cancels lies anywhere: a kernel that adds up some columns first would be left with nothing at all.
    """
    few, half = min(out_features, _CANCELLED_ROWS), in_features // 2
    sizes = torch.randint(-8, 9, (few, half), generator=generator).float().exp2()
    first = (torch.randn(few, half, generator=generator) * sizes).bfloat16().float()  # the same numbers in every format
    order = torch.randperm(in_features, generator=generator)
    weight = F.pad(torch.cat((first, -first), dim=-1), (0, in_features % 2))[:, order]
    part = torch.randn(_ROWS_TOGETHER[-1], half, generator=generator)
    rows = F.pad(torch.cat((part, part), dim=-1), (0, in_features % 2))[..., order]
    return weight.repeat(-(-out_features // few), 1)[:out_features], rows


def choose_linear(dtype: torch.dtype, device: torch.device, out_features: int, in_features: int) -> LinearKind:
    """The kind with the shortest time for one and five rows of this shape (a fraction of a second, once)."""
    if device.type != "cpu":
        return "plain"
    seconds = _kind_seconds(dtype, out_features, in_features)
    return min(seconds, key=lambda kind: seconds[kind])


def _kind_seconds(dtype: torch.dtype, out_features: int, in_features: int) -> dict[LinearKind, float]:
    """Seconds of each kind that exists, for one row and five together."""
    shape = min(out_features, _MAX), min(in_features, _MAX)

    def measure() -> dict[LinearKind, float]:
        weight = torch.randn(shape).to(dtype)
        layers: dict[LinearKind, LinearFn] = {"plain": PlainLinear(weight, None)}
        if torch.backends.mkldnn.is_available():
            try:
                layers["onednn"] = OneDnnLinear(weight, None)
                layers["onednn"](torch.ones(1, shape[1], dtype=dtype))
            except RuntimeError as exc:
                log.info("oneDNN linear not available for %s: %s", dtype, exc)
                layers.pop("onednn", None)
        seconds = _seconds(layers, weight)
        log.info("linear kernels for %s %s: %s", dtype, shape, seconds)
        return seconds

    def clear(seconds: dict[LinearKind, float]) -> bool:
        first, *others = sorted(seconds.values())
        return not others or others[0] > _CLEAR * first

    found = remembered(f"linear {dtype} {shape[0]} x {shape[1]}", measure, clear)
    return {kind: float(found[kind]) for kind in KINDS if kind in found}


def _seconds(layers: dict[LinearKind, LinearFn], weight: torch.Tensor) -> dict[LinearKind, float]:
    """Least seconds of each, in turn: another program's work only ever adds to a time."""
    total = dict.fromkeys(layers, 0.0)
    for rows in _DECODE_ROWS:
        x = torch.randn(rows, weight.shape[1]).to(weight.dtype)
        best = dict.fromkeys(layers, float("inf"))
        for repeat in range(_REPEATS + 2):
            for kind, linear in layers.items():
                begin = time.perf_counter()
                linear(x)
                if repeat >= 2:  # the first runs of a shape are slow
                    best[kind] = min(best[kind], time.perf_counter() - begin)
        for kind in layers:
            total[kind] += best[kind]
    return total
