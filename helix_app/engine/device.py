"""Which device runs the model: DirectML, then CUDA (AMD's ROCm build included), then the CPU."""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from helix_app.errors import DeviceError, InputError

log = logging.getLogger(__name__)
KINDS = ("auto", "directml", "cuda", "cpu")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_PROBE_SECONDS = 60
# torch_directml can crash the process when a driver is missing, so it is first asked in one that may die
_PROBE = "import torch_directml as d; n = d.device_count(); print('devices', n, d.device_name(0) if n else '')"


@dataclass(frozen=True)
class Device:
    """A device that can run a model: its kind, torch's handle and its name for people."""

    kind: str
    torch_device: torch.device
    name: str


def cpu() -> Device:
    """The device that is always there."""
    return Device("cpu", torch.device("cpu"), _cpu_name())


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine() or "CPU"


def forced_cpu() -> bool:
    """Whether HELIX_FORCE_CPU says so."""
    return os.environ.get("HELIX_FORCE_CPU", "").lower() not in ("", "0", "false", "no")


def pick_device(wanted: str) -> tuple[Device, str]:
    """The device to use and, when that is not the wanted one, why not.

    Raises:
        InputError: ``wanted`` is no device kind.
    """
    if wanted not in KINDS:
        hint = f"Use one of: {', '.join(KINDS)}."
        raise InputError("option_invalid", option="device", value=wanted, hint=hint)
    if wanted == "cpu":
        return cpu(), ""
    if forced_cpu():
        return cpu(), "HELIX_FORCE_CPU is set"
    reasons = []
    for kind, find in (("directml", _directml), ("cuda", _cuda)):
        if wanted in ("auto", kind):
            try:
                return find(), ""
            except DeviceError as exc:
                log.info("%s: %s", kind, exc.fields["reason"])
                reasons.append(exc.fields["reason"])
    return cpu(), "" if wanted == "auto" else reasons[0]


def _cuda() -> Device:
    if not torch.cuda.is_available():
        raise DeviceError(device="cuda", reason="PyTorch finds no CUDA or ROCm device")
    return Device("cuda", torch.device("cuda:0"), torch.cuda.get_device_name(0))


def _directml() -> Device:
    if importlib.util.find_spec("torch_directml") is None:
        raise DeviceError(device="directml", reason="torch-directml is not installed")
    if not getattr(sys, "frozen", False):
        _probe_directml()
    import torch_directml

    try:
        if torch_directml.device_count() < 1:
            raise DeviceError(device="directml", reason="no DirectX 12 device was found")
        return Device("directml", torch_directml.device(0), str(torch_directml.device_name(0)).strip("\x00 "))
    except (RuntimeError, OSError) as exc:
        raise DeviceError(device="directml", reason="its driver does not answer", detail=str(exc)) from exc


def _probe_directml() -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise DeviceError(device="directml", reason="its probe did not answer", detail=str(exc)) from exc
    if done.returncode != 0:
        reason = f"its probe ended with code {done.returncode}"
        raise DeviceError(device="directml", reason=reason, detail=done.stderr[-2000:])
    if "devices 0" in done.stdout or "devices" not in done.stdout:
        raise DeviceError(device="directml", reason="no DirectX 12 device was found")


def pick_dtype(wanted: str, device: Device, out_features: int, in_features: int) -> torch.dtype:
    """The number format: the wanted one, or for ``auto`` the fastest safe one on this device.

    Raises:
        InputError: not a format, or one this device cannot compute.
    """
    if wanted == "auto":
        if device.kind == "directml":
            return torch.float16
        if device.kind == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        from helix_app.engine.models.linear import choose_dtype

        return choose_dtype(out_features, in_features)
    if wanted not in DTYPES:
        hint = f"Use one of: auto, {', '.join(DTYPES)}, int4."
        raise InputError("option_invalid", option="dtype", value=wanted, hint=hint)
    if wanted == "bfloat16" and device.kind == "directml":
        hint = "DirectML computes in float16 and float32 only."
        raise InputError("option_invalid", option="dtype", value=wanted, hint=hint)
    return DTYPES[wanted]


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether a library's error means that memory ran out, in each backend's wording."""
    if isinstance(exc, (MemoryError, torch.OutOfMemoryError if hasattr(torch, "OutOfMemoryError") else MemoryError)):
        return True
    text = str(exc).lower()
    words = ("out of memory", "not enough gpu video memory", "could not allocate", "can't allocate memory", "bad alloc")
    return isinstance(exc, RuntimeError) and any(word in text for word in words)
