"""Which of PyTorch's fused attention kernels may run on a card of ROCm: each is tried once, in a process that may die.

What was found holds for a card, a build of PyTorch and a system, and is kept for thirty days like other measurements.
PyTorch then leaves the others out; its plain kernel always stays.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable
from typing import Any

import torch

from helix_app.engine.machine import jobs, measured_file
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.machine.devices.errors import told_out_of_memory
from helix_app.engine.machine.measured_file import SEPARATOR

log = logging.getLogger(__name__)
WHAT = "fused attention"
BACKENDS = ("flash", "efficient")
_SECONDS = 120.0

_SWITCHES: dict[str, Callable[[bool], None]] = {
    "flash": torch.backends.cuda.enable_flash_sdp,
    "efficient": torch.backends.cuda.enable_mem_efficient_sdp,
}


def settle(device: Device, cancel: threading.Event) -> dict[str, bool]:
    """Let PyTorch use those kernels that work on this device. Takes some seconds the first time.

    Returns:
        What works by the kernel's name; nothing on devices whose kernels are not in doubt.
    """
    if not _in_doubt(device):
        return {}
    found = verdict(device, cancel)
    for name, works in found.items():
        _SWITCHES[name](works)
    return found


def untried(device: Device) -> bool:
    """Whether ``settle`` would try kernels: one that hangs takes two minutes."""
    return _in_doubt(device) and _kept(device) is None


def verdict(device: Device, cancel: threading.Event) -> dict[str, bool]:
    """What is known of this card, tried now where nothing is; trials that say nothing of it are not kept."""
    kept = _kept(device)
    if kept is not None:
        return kept
    found: dict[str, bool] = {}
    for name in BACKENDS:
        said = _try(str(device.torch_device), name, cancel)
        if said is None:
            return dict.fromkeys(BACKENDS, False)  # the plain one for this once
        found[name] = said
    measured_file.keep(_key(device), {name: float(works) for name, works in found.items()}, 1.0)
    return found


def _in_doubt(device: Device) -> bool:
    return device.kind == "cuda" and torch.version.hip is not None


def _key(device: Device) -> str:
    return f"{WHAT}: {device.name}{SEPARATOR}{torch.__version__}, HIP {torch.version.hip}, {platform.platform()}"


def _kept(device: Device) -> dict[str, bool] | None:
    kept = measured_file.read().get(_key(device), {}).get("value")
    if not isinstance(kept, dict) or set(kept) != set(BACKENDS):
        return None
    return {name: bool(works) for name, works in kept.items()}


def _try(device: str, name: str, cancel: threading.Event) -> bool | None:
    """Whether a kernel works; None where nothing is known: after ``cancel``, or with no room for the trial."""
    try:
        said: dict[str, Any] = jobs.run("fused-attention", device, name, seconds=_SECONDS, cancel=cancel)
        works, reason = bool(said["works"]), str(said["reason"])
    except jobs.JobError as exc:
        if exc.how in ("cancelled", "not_started") or told_out_of_memory(exc.kind, exc.said):
            log.info("fused attention '%s' was not tried on %s: %s", name, device, exc)
            return None  # another time may say more
        works, reason = False, f"{exc.how}: {exc.said}"
    except LookupError as exc:
        works, reason = False, repr(exc)
    if not works:
        log.warning("fused attention '%s' is not used on %s: %s", name, device, reason)
    return works
