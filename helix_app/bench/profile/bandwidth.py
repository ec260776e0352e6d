"""How fast this machine reads memory: the bound of a decode step, which reads every weight once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_ASSUMED = 64 * 2**20  # where the system does not tell
_TIMES, _MIN, _MAX = 8, 2**28, 2**30  # the tensor's size: in caches, and its bounds
_ROUNDS = 8


def cache_bytes() -> int:
    """Size of the last-level cache; 64 MiB where the system does not tell."""
    sizes = []
    for file in _CACHES.glob("index*/size"):
        try:
            text = file.read_text(encoding="ascii").strip()
            sizes.append(int(text[:-1]) * {"K": 2**10, "M": 2**20, "G": 2**30}[text[-1]])
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return max(sizes, default=_ASSUMED)


def read_bandwidth(cache: int, stopped: Callable[[], bool] = lambda: False) -> list[float]:
    """Bytes a second read from memory, of each round; the highest is the machine's.

    Sums the same bytes as float32 and as int64, whichever is faster: a tensor eight times as large as the last-level
    cache (256 MiB to 1 GiB), with all of PyTorch's threads. Another program's work only ever lowers the figure.
    """
    size = min(max(_TIMES * cache, _MIN), _MAX) // 8 * 8
    integers = torch.ones(size // 8, dtype=torch.int64)
    floats = integers.view(torch.float32)
    floats.sum()
    rates: list[float] = []
    for _ in range(_ROUNDS):
        if stopped():
            break
        for tensor in (floats, integers):
            begin = time.perf_counter()
            tensor.sum()
            rates.append(size / (time.perf_counter() - begin))
    return rates
