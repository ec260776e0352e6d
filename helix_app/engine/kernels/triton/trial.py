"""The Triton kernels of packed weights on a card, against plain arithmetic: a job of ``machine/jobs.py``.

Each format's products are compared with those of the same weight as the ``gguf`` library unpacks it, in float64; then
one of a usual size is timed beside PyTorch's dense one.
"""

from __future__ import annotations

import time
from typing import Any

import gguf
import numpy as np
import torch
import torch.nn.functional as F

from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.trials.samples import made_up
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

_TOLERANCE = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 1.5e-2}  # of a product, relative to its size
_OUT, _COLUMNS = 70, 768
_ROWS = (1, 5, 17, 80)  # a plain step, a verification, more than a program takes, and a piece of a prompt
_TIMED_OUT, _TIMED_COLUMNS = 16384, 8192  # no cache holds it, and it takes longer than its launch
_TIMED_ROWS, _LAUNCHES, _TURNS, _WARM = (1, 5), 4, 10, 2


def run(wanted: str, number_format: str, *names: str) -> dict[str, Any]:
    """The job: of each format by its name what is ``wrong`` with it, and the ``seconds`` of a product of those that
    are right, ``packed`` and ``dense``.

    Args:
        wanted: a device of torch, ``cuda:0``.
        number_format: of the activations.
        names: formats of ``triton/formats.py``.

    Raises:
        ImportError, RuntimeError: Triton's and the device's own.
    """
    device, dtype = torch.device(wanted), getattr(torch, number_format)
    wrong, seconds = {}, {}
    for name in names:
        with torch.inference_mode():
            found = _wrong(name, device, dtype)
            if found:
                wrong[name] = found
            elif device.type == "cuda":
                seconds[name] = _seconds(name, device, dtype)
    return {"wrong": wrong, "seconds": seconds}


def _wrong(name: str, device: torch.device, dtype: torch.dtype) -> str:
    """What is wrong with a format's kernels; empty for nothing."""
    from helix_app.engine.kernels.triton.weights import PackedLinear

    weight, dense = _made(name, _OUT, _COLUMNS, device)
    noise, tolerance = torch.Generator().manual_seed(7), _TOLERANCE[str(dtype).rpartition(".")[2]]
    bias = torch.randn(_OUT, generator=noise).to(dtype)
    linear = PackedLinear([weight], bias.to(device))
    for rows in _ROWS:
        x = torch.randn((rows, _COLUMNS), generator=noise).to(dtype)
        error = _apart(linear(x.to(device)), x.double() @ dense.T + bias.double())
        if not error < tolerance:
            return f"wrong by {error:.2g} with {rows} rows"
    some = torch.tensor([_OUT - 1, 0, 33])
    error = _apart(weight.unpacked(some.to(device), dtype), dense[some])
    if not error < tolerance:
        return f"rows are wrong by {error:.2g}"
    left = torch.arange(48, dtype=torch.float32).reshape(6, 8) / 48
    error = _apart(left.to(device, dtype) @ left.to(device, dtype).T, (left @ left.T).double())
    return "" if error < 2 * tolerance else f"the product after it is wrong by {error:.2g}"


def _seconds(name: str, device: torch.device, dtype: torch.dtype) -> dict[str, float]:
    """Least seconds of one row and of five on such a weight, and on a dense one."""
    from helix_app.engine.kernels.triton.weights import PackedLinear

    weight, _ = _made(name, _TIMED_OUT, _TIMED_COLUMNS, device, unpack=False)
    plain = torch.randn((_TIMED_OUT, _TIMED_COLUMNS), device=device, dtype=dtype)
    layers: dict[str, LinearFn] = {"packed": PackedLinear([weight], None), "dense": lambda x: F.linear(x, plain)}
    total = dict.fromkeys(layers, 0.0)
    for rows in _TIMED_ROWS:
        x = torch.randn((rows, _TIMED_COLUMNS), device=device, dtype=dtype)
        best = dict.fromkeys(layers, float("inf"))
        for turn in range(_TURNS + _WARM):
            for kind, layer in layers.items():
                torch.cuda.synchronize(device)
                begin = time.perf_counter()
                for _ in range(_LAUNCHES):
                    layer(x)
                torch.cuda.synchronize(device)
                if turn >= _WARM:
                    best[kind] = min(best[kind], (time.perf_counter() - begin) / _LAUNCHES)
        for kind, least in best.items():
            total[kind] += least
    return total


def _made(name: str, out: int, columns: int, device: torch.device, unpack: bool = True) -> tuple[Any, torch.Tensor]:
    """Made-up weights, packed on the device and dense in float64."""
    from helix_app.engine.kernels.triton.weights import PackedWeight

    raw = made_up(np.random.default_rng(11), name, out, columns // FORMATS[name].columns)
    weight = PackedWeight(PackedTensor(name, raw, columns), device)
    dense = gguf.dequantize(raw, gguf.GGMLQuantizationType[name]) if unpack else np.zeros(0)
    return weight, torch.from_numpy(np.asarray(dense, dtype=np.float64))


def _apart(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The size of the difference over that of what was expected; infinite where there is a number that is none."""
    difference = (found.double().cpu() - expected).norm() / expected.norm()
    return float(difference) if bool(torch.isfinite(difference)) else float("inf")
