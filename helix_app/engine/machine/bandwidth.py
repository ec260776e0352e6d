"""How many bytes a second are read from a device's memory: what bounds the decoding of a large model.

A job of ``jobs.py``: it fills memory, and the library of a card may crash.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

MIB = 2**20
MAIN_BYTES, CARD_BYTES = 256 * MIB, 512 * MIB  # far more than a cache holds
PASSES = 6
MOST_THREADS = 16  # fewer read as much as there is


def run(device: str = "cpu", size: str = "") -> dict[str, float]:
    """The slowest and the fastest of some passes over memory of a device, in bytes a second.

    Args:
        device: ``cpu``, or an adapter as ``cuda:0`` or ``directml:1``.
        size: bytes that are read in a pass, as text; by default several times what caches hold.
    """
    if device == "cpu":
        return rates(*_main_memory(int(size or MAIN_BYTES)))
    return rates(*_card(device, int(size or CARD_BYTES)))


def rates(read: Callable[[], object], size: int) -> dict[str, float]:
    """Times ``read``, which reads ``size`` bytes; its first run, which also maps the memory, does not count."""
    read()
    seconds = []
    for _ in range(PASSES):
        begin = time.perf_counter()
        read()
        seconds.append(max(time.perf_counter() - begin, 1e-9))
    return {"slowest": size / max(seconds), "fastest": size / min(seconds)}


def _main_memory(size: int) -> tuple[Callable[[], object], int]:
    """Sums of slices, a thread each: NumPy lets go of the interpreter in them."""
    threads = max(1, min(MOST_THREADS, os.cpu_count() or 1))
    slices = np.array_split(np.ones(size // 8, np.int64), threads)
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(np.add.reduce, slices)), sum(part.nbytes for part in slices)


def _card(device: str, size: int) -> tuple[Callable[[], object], int]:
    """Sums on the card; the sum is asked for, so that it is known to be done."""
    import torch

    from helix_app.engine.machine.devices.device import pick_device

    chosen, why = pick_device(device)
    if chosen.kind == "cpu":
        raise RuntimeError(why or f"{device} is not here")
    with torch.no_grad():
        values = torch.ones(size // 4, dtype=torch.float32, device=chosen.torch_device)
    return lambda: values.sum().item(), values.numel() * 4
