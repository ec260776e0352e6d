"""Linear layers on packed low-bit weights: 4 bits in groups of 32 columns, or 8 bits with one scale a row.

Both read a fraction of the bytes that a bfloat16 weight has, which is what one row costs on a CPU. Both are
approximations: four bits keep scale and offset as bfloat16 (a Q4_0 or Q4_1 file keeps them as float16), eight bits
round each row anew. Activations are bfloat16: PyTorch's packed kernels are slow with any other.
"""

from __future__ import annotations

import functools
import logging

import numpy as np
import torch

from helix_app.engine.kernels.linear import LinearFn
from helix_app.modelfiles.gguf.groups4 import GROUP, Groups4

log = logging.getLogger(__name__)
ACTIVATIONS = torch.bfloat16
_ROWS_ALIGNED = 16  # output features that the four-bit kernel takes at a time


class Int4Linear:
    """``x @ weight.T + bias`` on four-bit groups."""

    def __init__(self, groups: Groups4, bias: torch.Tensor | None) -> None:
        integers = torch.from_numpy(groups.integers).to(torch.int32)
        self._packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(integers, 1)
        pairs = torch.from_numpy(np.stack((groups.scale, groups.zero), axis=-1))
        self._scales = pairs.to(ACTIVATIONS).transpose(0, 1).contiguous()  # [groups, out, 2]
        self._bias = bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.ops.aten._weight_int4pack_mm_for_cpu(x, self._packed, GROUP, self._scales)
        return y if self._bias is None else y + self._bias


class Int8Linear:
    """``x @ weight.T + bias`` on eight-bit rows."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        scale = weight.float().abs().amax(dim=1).clamp_min(1e-12) / 127
        self._integers = (weight.float() / scale[:, None]).round().to(torch.int8)
        self._scale, self._bias = scale.to(ACTIVATIONS), bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.ops.aten._weight_int8pack_mm(x, self._integers, self._scale)
        return y if self._bias is None else y + self._bias


def to_groups4(weight: torch.Tensor) -> Groups4:
    """The nearest four-bit groups of a weight ``[out, in]``: from the least to the greatest of each group."""
    rows, columns = weight.shape
    groups = weight.float().view(rows, columns // GROUP, GROUP)
    low, high = groups.amin(dim=-1), groups.amax(dim=-1)
    scale = ((high - low) / 15).clamp_min(1e-8).to(ACTIVATIONS).float()
    zero = (low + 8 * scale).to(ACTIVATIONS).float()
    integers = ((groups - zero[..., None]) / scale[..., None] + 8).round().clamp(0, 15).to(torch.uint8)
    return Groups4(integers.view(rows, columns).numpy(), scale.numpy(), zero.numpy())


def joined(parts: list[Groups4]) -> Groups4:
    """Weights over the same columns as one."""
    return Groups4(
        np.concatenate([part.integers for part in parts]),
        np.concatenate([part.scale for part in parts]),
        np.concatenate([part.zero for part in parts]),
    )


def dense(groups: Groups4) -> torch.Tensor:
    """The weight that groups stand for, float32 ``[out, in]``."""
    rows, columns = groups.integers.shape
    integers = groups.integers.reshape(rows, -1, GROUP).astype(np.float32)
    return torch.from_numpy(((integers - 8) * groups.scale[..., None] + groups.zero[..., None]).reshape(rows, columns))


def fits(bits: int, rows: int, columns: int) -> bool:
    """Whether a weight of this shape can be packed. The eight-bit kernel crashes on columns that fill no register."""
    return columns % GROUP == 0 and (bits == 8 or rows % _ROWS_ALIGNED == 0)


def packed_linear(bits: int, weight: torch.Tensor, bias: torch.Tensor | None) -> LinearFn:
    """A weight ``[out, in]`` rounded to so many bits."""
    return Int4Linear(to_groups4(weight), bias) if bits == 4 else Int8Linear(weight, bias)


@functools.cache
def exists(bits: int, device: torch.device) -> bool:
    """Whether this build of PyTorch computes with weights packed so on this device."""
    if device.type != "cpu":
        return False
    try:
        packed_linear(bits, torch.ones(32, GROUP), None)(torch.ones(1, GROUP, dtype=ACTIVATIONS))
    except (RuntimeError, AttributeError, NotImplementedError) as exc:
        log.info("no %d-bit kernel: %s", bits, exc)
        return False
    return True
