"""One fused attention kernel of PyTorch on a card, against plain arithmetic: a job of ``machine/jobs.py``.

Several releases of ROCm had kernels that gave zeros, or after which unrelated kernels failed. So shapes that Helix
runs are compared with float32 on the CPU, and after each of them a product is, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

BACKENDS = {"flash": SDPBackend.FLASH_ATTENTION, "efficient": SDPBackend.EFFICIENT_ATTENTION}  # `math` is the plain one
_SHAPES = ((1, 3, 1, 64), (8, 5, 40, 64), (4, 64, 300, 128))  # kv heads, rows, slots, head size
_TOLERANCE = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 6e-2}


def run(wanted: str, backend: str) -> dict[str, Any]:
    """The job: ``works``, whether nothing is wrong; ``reason``, what is; ``tried``, how many calls it computed itself.

    Args:
        wanted: a device of torch, ``cuda:0``.
        backend: of ``BACKENDS``.

    Raises:
        RuntimeError: the device's own: a kernel that cannot be launched.
    """
    device = torch.device(wanted)
    tried = 0
    for dtype, tolerance in _TOLERANCE.items():
        for kv_heads, rows, slots, dim in _SHAPES:
            for masked in (False, True):
                found = _compare(device, dtype, BACKENDS[backend], (kv_heads, rows, slots, dim), masked)
                if found is None:
                    continue  # it does not take such a call, and PyTorch then asks another one
                tried += 1
                difference, after = found
                name = f"{str(dtype).rpartition('.')[2]}, {rows} rows over {slots} slots"
                if not difference < tolerance:
                    return {"works": False, "reason": f"wrong by {difference:.2g} ({name})", "tried": tried}
                if not after < tolerance:
                    return {"works": False, "reason": f"the product after it is wrong ({name})", "tried": tried}
    return {"works": True, "reason": "", "tried": tried}


def _compare(
    device: torch.device, dtype: torch.dtype, backend: SDPBackend, shape: tuple[int, int, int, int], masked: bool
) -> tuple[float, float] | None:
    """The largest differences of the call and of a product after it; None where this kernel does not take it."""
    kv_heads, rows, slots, dim = shape
    noise = torch.Generator().manual_seed(7)
    q, k, v = (torch.randn((1, kv_heads, count, dim), generator=noise) for count in (rows, slots, slots))
    mask = torch.zeros((rows, slots)) if masked else None
    if mask is not None:
        mask[:, slots // 2 + 1 :] = float("-inf")
    expected = torch.softmax(q @ k.transpose(-1, -2) / dim**0.5 + (0 if mask is None else mask), -1) @ v
    there = [tensor.to(device, dtype) for tensor in (q, k, v)]
    try:
        with torch.no_grad(), sdpa_kernel([backend]):
            moved = None if mask is None else mask.to(device, dtype)
            out = F.scaled_dot_product_attention(there[0], there[1], there[2], attn_mask=moved)
    except RuntimeError as exc:
        if any(words in str(exc).lower() for words in ("no available kernel", "no viable backend")):
            return None
        raise
    return _apart(out, expected), max(_products(device, dtype))


def _products(device: torch.device, dtype: torch.dtype) -> Iterator[float]:
    left = torch.arange(48, dtype=torch.float32).reshape(6, 8) / 48
    yield _apart(left.to(device, dtype) @ left.to(device, dtype).T, left @ left.T)


def _apart(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference; infinite where there is a number that is none."""
    difference = (found.float().cpu() - expected).abs()
    return float(difference.max()) if bool(torch.isfinite(difference).all()) else float("inf")
