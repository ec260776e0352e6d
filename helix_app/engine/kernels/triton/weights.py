"""Packed weights in a card's memory, and linear layers on them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from helix_app.engine.kernels.triton import products
from helix_app.engine.kernels.triton.formats import CUTS, UNPACKED_ROWS
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

FEW = 64  # rows that the product kernel takes; for more, weights are unpacked piece by piece and multiplied densely


class PackedWeight:
    """A matrix as its file holds it, on a device.

    Attributes:
        format: GGUF's name of it.
        raw: ``[rows, bytes of a row]``.
        columns: numbers of a row.
    """

    def __init__(self, tensor: PackedTensor, device: torch.device, order: npt.NDArray[np.int64] | None = None) -> None:
        """
        Args:
            order: of the rows, unless as in the file.
        """
        raw = np.array(tensor.raw if order is None else tensor.raw[order])  # a copy: what is mapped cannot be written
        self.format, self.columns = tensor.format, tensor.columns
        self.raw = torch.from_numpy(raw).to(device)
        self._halves = self.raw.view(torch.float16)

    @property
    def rows(self) -> int:
        """Of the matrix."""
        return int(self.raw.shape[0])

    def product(self, x: torch.Tensor, out: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Put ``x @ weight.T + bias`` into ``out``; x ``[m, columns]``, out ``[m, rows]``, bias ``[rows]``."""
        cut, many = CUTS[self.format], x.shape[0]
        grid = (-(-self.rows // products.OUTS), -(-many // products.ROWS))
        with _on(x.device):
            products.product[grid](
                x,
                self.raw,
                self._halves,
                x if bias is None else bias,
                out,
                many,
                self.rows,
                self.columns,
                self.raw.shape[1],
                x.stride(0),
                out.stride(0),
                FORMAT=self.format,
                BYTES=cut.nbytes,
                TOGETHER=cut.together,
                BIASED=bias is not None,
                ROWS=products.ROWS,
                OUTS=products.OUTS,
                num_warps=products.WARPS,
            )

    def unpacked(self, index: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Rows by their numbers ``[n]``, as ``[n, columns]``."""
        cut, count = CUTS[self.format], index.shape[0]
        out = torch.empty((count, self.columns), dtype=dtype, device=self.raw.device)
        steps = -(-self.columns // (cut.columns * cut.together))
        with _on(out.device):
            products.unpack[(-(-count // products.OUTS), steps)](
                self.raw,
                self._halves,
                index,
                out,
                count,
                self.columns,
                self.raw.shape[1],
                FORMAT=self.format,
                BYTES=cut.nbytes,
                TOGETHER=cut.together,
                OUTS=products.OUTS,
                num_warps=products.WARPS,
            )
        return out


class PackedLinear:
    """``x @ weight.T + bias`` on the blocks of a file: several matrices over the same columns, of any formats."""

    def __init__(self, parts: Sequence[PackedWeight], bias: torch.Tensor | None) -> None:
        self._parts, self._bias = tuple(parts), bias
        self._out = sum(part.rows for part in parts)

    @property
    def packed_bytes(self) -> int:
        """Of all parts, as they are packed."""
        return sum(part.raw.numel() for part in self._parts)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = x if x.stride(-1) == 1 else x.contiguous()
        out = torch.empty((x.shape[0], self._out), dtype=x.dtype, device=x.device)
        at = 0
        for part in self._parts:
            end = at + part.rows
            here, bias = out[:, at:end], None if self._bias is None else self._bias[at:end]
            if x.shape[0] <= FEW:
                part.product(x, here, bias)
            else:
                _by_pieces(part, x, here, bias)
            at = end
        return out


def _by_pieces(part: PackedWeight, x: torch.Tensor, out: torch.Tensor, bias: torch.Tensor | None) -> None:
    for begin in range(0, part.rows, UNPACKED_ROWS):
        rows = slice(begin, min(begin + UNPACKED_ROWS, part.rows))
        weight = part.unpacked(torch.arange(rows.start, rows.stop, device=x.device), x.dtype)
        out[:, rows] = F.linear(x, weight, None if bias is None else bias[rows])


def _on(device: torch.device) -> AbstractContextManager[Any]:
    """Triton launches on the current card."""
    return torch.cuda.device(device) if device.type == "cuda" else contextlib.nullcontext()
