"""Memory of caches: all zeros, and on CPUs handed out by the system as it is first written."""

from __future__ import annotations

import contextlib
import math
import mmap

import numpy as np
import numpy.typing as npt
import torch


def zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A tensor of zeros. Raises MemoryError, RuntimeError."""
    if device.type != "cpu" or 0 in shape:
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(_untouched(math.prod(shape) * dtype.itemsize)).view(dtype).view(shape)


def _untouched(size: int) -> npt.NDArray[np.uint8]:
    """So many zeros in pages that take memory when they are first written; torch would write them now.

    A layer's part of a block is small, and the next layer's lies far from it: in huge pages, which numpy asks for, the
    first block of a sequence would take most of the cache at once, and the time to zero it.
    """
    if size == 0 or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(size, dtype=np.uint8)
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, ValueError, OverflowError) as exc:
        raise MemoryError(f"{size} bytes of cache") from exc
    with contextlib.suppress(OSError):  # a kernel without huge pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, dtype=np.uint8)
