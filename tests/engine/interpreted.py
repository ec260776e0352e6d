"""Triton on the CPU. Import this before anything that imports Triton.

Its interpreter runs kernels as Python, some milliseconds for each tile; ``plain_products`` has plain arithmetic in
their place, for tests of what stands on them.
"""

from __future__ import annotations

import os

import gguf
import pytest
import torch
import torch.nn.functional as F

os.environ.setdefault("TRITON_INTERPRET", "1")
pytest.importorskip("triton", reason="Triton is not installed; PyTorch's builds for cards bring it on Linux")

from helix_app.engine.kernels.triton.weights import PackedWeight


def plain_products(patch: pytest.MonkeyPatch) -> None:
    """Products of the unpacked weight, by PyTorch."""
    patch.setattr(PackedWeight, "product", _product)
    patch.setattr(PackedWeight, "unpacked", lambda self, index, dtype: _dense(self)[index].to(dtype))


def _product(weight: PackedWeight, x: torch.Tensor, out: torch.Tensor, bias: torch.Tensor | None) -> None:
    out.copy_(F.linear(x, _dense(weight).to(x.dtype), bias))


def _dense(weight: PackedWeight) -> torch.Tensor:
    return torch.from_numpy(gguf.dequantize(weight.raw.numpy(), gguf.GGMLQuantizationType[weight.format]))
