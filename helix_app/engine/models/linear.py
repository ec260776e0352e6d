"""Linear layers behind one call, with the implementation that measured fastest on this machine.

``F.linear`` is everywhere right. On x86 CPUs, oneDNN with weights reordered once at load is about twice as fast
for the few rows of decoding, and verifying five rows costs no more than one. Which one wins is measured once
per process and number format, on the shape that costs most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

log = logging.getLogger(__name__)
LinearFn = Callable[[torch.Tensor], torch.Tensor]
LinearKind = str  # "plain" or "onednn"
_REPEATS = 15
_MOST = 8192  # larger shapes are measured as this one
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


def one_row_differs(linear: LinearFn, in_features: int, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a single row may come out otherwise than as the first of two: oneDNN may split long sums then.

    Tried on random rows for a moment; True too where that gave time for too few (a few rows in a hundred differ).
    """
    generator = torch.Generator().manual_seed(0)
    end = time.perf_counter() + _TRIAL_SECONDS
    for trial in range(_TRIALS):
        if time.perf_counter() > end:
            return trial < _TRIALS_ENOUGH
        x = torch.randn(2, in_features, generator=generator).to(dtype).to(device)
        if not torch.equal(linear(x[:1]), linear(x)[:1]):
            return True
    return False


def choose_linear(dtype: torch.dtype, device: torch.device, out_features: int, in_features: int) -> LinearKind:
    """The kind with the shortest time for one and five rows of this shape (a fraction of a second)."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return "plain"
    weight = torch.randn(min(out_features, _MOST), min(in_features, _MOST)).to(dtype)
    try:
        packed = OneDnnLinear(weight, None)
        seconds = {"plain": _seconds(PlainLinear(weight, None), weight), "onednn": _seconds(packed, weight)}
    except RuntimeError as exc:
        log.info("oneDNN linear not available for %s: %s", dtype, exc)
        return "plain"
    log.info("linear kernels for %s: %s", dtype, seconds)
    return min(seconds, key=lambda kind: seconds[kind])


def choose_dtype(out_features: int, in_features: int) -> torch.dtype:
    """bfloat16 where this CPU computes it faster than float32, else float32."""
    best: dict[torch.dtype, float] = {}
    device = torch.device("cpu")
    for dtype in (torch.float32, torch.bfloat16):
        weight = torch.randn(min(out_features, _MOST), min(in_features, _MOST)).to(dtype)
        kind = choose_linear(dtype, device, out_features, in_features)
        best[dtype] = _seconds(make_linear(kind, weight), weight)
    return min(best, key=lambda dtype: best[dtype])


def _seconds(linear: LinearFn, weight: torch.Tensor) -> float:
    total = 0.0
    for rows in _DECODE_ROWS:
        x = torch.randn(rows, weight.shape[1]).to(weight.dtype)
        for _ in range(2):
            linear(x)
        times = []
        for _ in range(_REPEATS):
            begin = time.perf_counter()
            linear(x)
            times.append(time.perf_counter() - begin)
        total += min(times)  # another program's work only ever adds to a time
    return total
