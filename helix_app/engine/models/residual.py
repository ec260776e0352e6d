"""The residual stream: what layers add to, and its root mean square norm.

For 16-bit numbers on a CPU it is kept beside its mirror image. Both together have mean 0, so that their layer norm, one
kernel instead of six, is the root mean square's; and what a layer adds is taken from the mirror image in the same step.
The numbers are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F


class Norm:
    """Weights ``[hidden]`` of an RMS norm, also as half of a layer norm of twice the size where that is used."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight
        self.mirrored: torch.Tensor | None = None
        if weight.device.type == "cpu" and weight.dtype in (torch.bfloat16, torch.float16):
            self.mirrored = torch.cat((weight, torch.zeros_like(weight)))


class Residual:
    """The stream of a pass, ``[rows, hidden]``."""

    def __init__(self, x: torch.Tensor, eps: float) -> None:
        self._x, self._eps = x, eps

    @property
    def rows(self) -> torch.Tensor:
        """The stream itself, ``[rows, hidden]``."""
        return self._x

    def add(self, y: torch.Tensor) -> None:
        """Add what a layer gave, ``[rows, hidden]``."""
        self._x = self._x + y

    def scale(self, factor: torch.Tensor) -> None:
        """Multiply the stream by a number ``[1]``."""
        self._x = self._x * factor

    def normed(self, norm: Norm, rows: Sequence[slice] = ()) -> torch.Tensor:
        """``[rows, hidden]``, for the next layer; of these rows only, if any are named."""
        return F.rms_norm(self._rows(rows), (self._x.shape[-1],), norm.weight, self._eps)

    def _rows(self, rows: Sequence[slice]) -> torch.Tensor:
        if len(rows) > 1:
            return torch.cat([self._x[part] for part in rows])
        return self._x[rows[0]] if rows else self._x


class MirroredResidual(Residual):
    """The same for norms with ``mirrored`` weights: ``[rows, 2 * hidden]``."""

    def __init__(self, x: torch.Tensor, eps: float) -> None:
        super().__init__(torch.cat((x, -x), dim=-1), eps)
        self._hidden, self._single = x.shape[1], x.shape[0] == 1
        self._halves = self._x.view(-1, 2, self._hidden)
        self._signs = torch.tensor(((1.0,), (-1.0,)), dtype=x.dtype)

    @property
    def rows(self) -> torch.Tensor:
        return self._x[:, : self._hidden]

    def add(self, y: torch.Tensor) -> None:
        self._halves.addcmul_(y if self._single else y.unsqueeze(1), self._signs)

    def scale(self, factor: torch.Tensor) -> None:
        self._x.mul_(factor)

    def normed(self, norm: Norm, rows: Sequence[slice] = ()) -> torch.Tensor:
        hidden = self._hidden
        x = torch.native_layer_norm(self._rows(rows), (2 * hidden,), norm.mirrored, None, self._eps)[0]
        if self._single:
            return x.as_strided((1, hidden), (hidden, 1))
        return x.narrow(1, 0, hidden).contiguous()


def residual(x: torch.Tensor, norm: Norm, eps: float) -> Residual:
    """The stream that begins with ``x`` ``[rows, hidden]``, for norms such as this one."""
    return Residual(x, eps) if norm.mirrored is None else MirroredResidual(x, eps)
