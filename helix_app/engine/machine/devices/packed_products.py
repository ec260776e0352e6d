"""Which packed formats a card multiplies with as they are: Triton's kernels, tried in a process that may die.

What was found holds for a card, a format, the versions of PyTorch and Triton and a system, and is kept for thirty days
like other measurements.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import platform
import threading
from collections.abc import Iterable
from typing import Any

import torch

from helix_app.engine.machine import jobs, measured_file
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.machine.measured_file import SEPARATOR

log = logging.getLogger(__name__)
WHAT = "packed products"
_SECONDS = 300.0  # kernels are compiled in them


def triton_version() -> str:
    """Of the Triton that is installed here, CUDA's or ROCm's; empty without one."""
    if importlib.util.find_spec("triton") is None:
        return ""
    for name in ("triton", "pytorch-triton-rocm", "triton-rocm", "pytorch-triton", "triton-windows"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return "?"


def possible(device: Device) -> bool:
    """Whether there is a card, and Triton for it."""
    return device.kind == "cuda" and bool(triton_version())


def known(device: Device, dtype: torch.dtype, names: Iterable[str]) -> dict[str, dict[str, float]]:
    """Of formats that work on this card, seconds of a ``packed`` product and of a ``dense`` one."""
    entries = measured_file.read()
    found = {name: entries.get(_key(device, dtype, name), {}).get("value") for name in names}
    return {name: dict(value) for name, value in found.items() if value is not None and _works(value)}


def untried(device: Device, dtype: torch.dtype, names: Iterable[str]) -> tuple[str, ...]:
    """Of formats that have kernels, those that nothing is known of on this card."""
    entries = measured_file.read()
    return tuple(name for name in sorted(names) if _key(device, dtype, name) not in entries)


def settle(device: Device, dtype: torch.dtype, names: Iterable[str], cancel: threading.Event) -> None:
    """Try these formats and keep what was found; a trial that was cancelled is not kept."""
    names = tuple(names)
    try:
        said: dict[str, Any] = jobs.run(
            "packed-products", str(device.torch_device), _short(dtype), *names, seconds=_SECONDS, cancel=cancel
        )
        wrong, seconds = dict(said["wrong"]), dict(said["seconds"])
    except jobs.JobError as exc:
        if exc.how in ("cancelled", "not_started") or "memory" in f"{exc.kind} {exc.said}".lower():
            log.info("packed weights were not tried on %s: %s", device.name, exc)
            return  # another time may say more
        wrong, seconds = dict.fromkeys(names, f"{exc.how}: {exc.said}"), {}
    except (LookupError, TypeError, ValueError) as exc:
        wrong, seconds = dict.fromkeys(names, repr(exc)), {}
    for name in names:
        value = seconds.get(name)
        if name in wrong or not _works(value):
            log.warning("packed %s is not used on %s: %s", name, device.name, wrong.get(name, "its trial says nothing"))
            value = {"wrong": 1.0}
        measured_file.keep(_key(device, dtype, name), value, 1.0)


def _works(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"packed", "dense"} and all(v > 0 for v in value.values())


def _key(device: Device, dtype: torch.dtype, name: str) -> str:
    build = f"CUDA {torch.version.cuda}" if torch.version.hip is None else f"HIP {torch.version.hip}"
    versions = f"{torch.__version__}, Triton {triton_version()}, {build}, {platform.platform()}"
    return f"{WHAT}: {name} in {_short(dtype)}, {device.name}{SEPARATOR}{versions}"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
