"""PyTorch without its bookkeeping for gradients, which a decode step paid 5 to 9 % for on a CPU."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def untracked(device: torch.device) -> AbstractContextManager[object]:
    """For whatever makes or changes weights and caches, and for passes.

    On CPUs this is inference mode: tensors made in it, weights and caches above all, count no versions and note no
    views, so that operators on them go straight to their kernels. They can be changed in place only here. DirectML
    cannot do inference mode; on other devices launches are what a step waits for, if anything.
    """
    return torch.inference_mode() if device.type == "cpu" else torch.no_grad()
