"""Operators of torch_directml that do the work of several: used only where they prove to compute the same.

``torch_directml`` 0.2.5 offers them as plain functions (its ``functions.py``):

    rmsnorm(input, weight, eps)                                    in float32 in Microsoft's own sample
    mlp_llama(input, weight1, weight2, weight3, bias1, bias2, bias3)  gate, up and down projection

Its ``multi_head_attention`` joins past and new keys itself, which a paged cache cannot use.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

log = logging.getLogger(__name__)
LIBRARY = "torch_directml"
_ROWS = (1, 5)  # a plain step, and a verification
_TOLERANCE = {torch.float16: 2e-2, torch.float32: 1e-3}  # of the largest number
_Function = Callable[..., torch.Tensor]


class Fused:
    """What the library offers and may be used; nothing by default."""

    def __init__(
        self,
        norm: _Function | None = None,
        mlp: _Function | None = None,
        ones: torch.Tensor | None = None,
        eps: float = 0,
    ) -> None:
        self._norm, self._mlp, self._ones, self._eps = norm, mlp, ones, eps

    @property
    def has_norm(self) -> bool:
        """Whether ``norm`` can be used."""
        return self._norm is not None

    @property
    def has_mlp(self) -> bool:
        """Whether ``mlp`` can be used."""
        return self._mlp is not None

    def without_mlp(self) -> Fused:
        """The same without ``mlp``."""
        return Fused(self._norm, None, self._ones, self._eps)

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` ``[rows, hidden]`` in float32 over its root mean square."""
        assert self._norm is not None
        return self._norm(x.unsqueeze(0), self._ones, self._eps).view(x.shape)

    def mlp(self, x: torch.Tensor, gate: torch.Tensor, up: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
        """``(silu(x @ gate.T) * (x @ up.T)) @ down.T``; x ``[rows, hidden]``, weights ``[out, in]``."""
        assert self._mlp is not None
        return self._mlp(x.unsqueeze(0), gate, up, down).view(x.shape)


def agreeing(dtype: torch.dtype, device: torch.device, hidden: int, inner: int, eps: float) -> Fused:
    """What the device's library offers that agrees with the plain operators on random numbers of this model's shape.

    ``HELIX_DIRECTML_FUSED=0`` keeps to the plain ones.
    """
    library: Any = sys.modules.get(LIBRARY)  # there since the device was chosen
    if library is None or os.environ.get("HELIX_DIRECTML_FUSED", "") == "0":
        return Fused()
    ones = torch.ones(hidden).to(device)
    norm, mlp = getattr(library, "rmsnorm", None), getattr(library, "mlp_llama", None)
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(count, hidden, generator=generator) for count in _ROWS]
    weights = [
        (torch.randn(shape, generator=generator) / shape[1] ** 0.5).to(dtype)
        for shape in ((inner, hidden), (inner, hidden), (hidden, inner))
    ]

    def plain_norm(x: torch.Tensor) -> torch.Tensor:
        return x * (x.square().mean(dim=-1, keepdim=True) + eps).rsqrt()

    def plain_mlp(x: torch.Tensor) -> torch.Tensor:
        gate, up, down = (weight.float() for weight in weights)
        return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)

    tried = Fused(norm, mlp, ones, eps)
    on_device = [weight.to(device) for weight in weights]
    if norm is not None and not _agree("rmsnorm", tried.norm, plain_norm, rows, torch.float32, device):
        norm = None
    if mlp is not None and not _agree("mlp_llama", lambda x: tried.mlp(x, *on_device), plain_mlp, rows, dtype, device):
        mlp = None
    return Fused(norm, mlp, ones, eps)


def _agree(
    name: str,
    fused: _Function,
    plain: _Function,
    rows: list[torch.Tensor],
    dtype: torch.dtype,
    device: torch.device,
) -> bool:
    """Whether an operator of the library gives what plain ones give."""
    for x in rows:
        x = x.to(dtype)
        wanted = plain(x.float())
        try:
            given = fused(x.to(device)).cpu().float()
        except (RuntimeError, TypeError, ValueError) as exc:
            log.warning("%s.%s is not used: %s", LIBRARY, name, exc)
            return False
        error = float((given - wanted).abs().max() / wanted.abs().max())
        if not error <= _TOLERANCE[dtype]:
            log.warning("%s.%s is not used: it is off by %.2g", LIBRARY, name, error)
            return False
    log.info("%s.%s is used", LIBRARY, name)
    return True
