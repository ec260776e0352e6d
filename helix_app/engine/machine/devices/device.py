"""Which device runs the model: DirectML, then CUDA (AMD's ROCm build included), then the CPU."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from helix_app.base.errors import DeviceError, InputError
from helix_app.base.message_texts.reasons import reason_in, reason_of
from helix_app.engine.machine.devices.adapters import Adapter, best, best_first
from helix_app.engine.machine.devices.directml import directml_adapters, no_directml
from helix_app.engine.machine.devices.torch_facts import cuda_adapters
from helix_app.engine.machine.hardware import cpu_name
from helix_app.protocol.models.loading import DevicesFound
from helix_app.protocol.requests import DeviceItem

log = logging.getLogger(__name__)
KINDS = ("auto", "directml", "cuda", "cpu")
NUMBERED = ("directml", "cuda")  # kinds with several adapters, in the order that auto tries them
# what auto passes over in silence: no library or no card for it is no fault
_USUAL = {"directml": ("missing", "cancelled"), "cuda": ("cpu_build", "none")}
PACKED = "packed"  # the file's own blocks, whatever they are
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Device:
    """A device that can run a model: its kind, torch's handle and its name for people."""

    kind: str
    torch_device: torch.device
    name: str


def cpu() -> Device:
    """The device that is always there."""
    return Device("cpu", torch.device("cpu"), cpu_name())


def forced_cpu() -> bool:
    """Whether HELIX_FORCE_CPU says so."""
    return os.environ.get("HELIX_FORCE_CPU", "").lower() not in ("", "0", "false", "no")


def adapters_of(kind: str, cancel: threading.Event | None = None) -> tuple[Adapter, ...]:
    """All adapters of ``directml`` or ``cuda`` in the library's order.

    Raises:
        DeviceError: there is none, or its driver does not answer; the field ``reason`` says why.
    """
    return directml_adapters(cancel) if kind == "directml" else cuda_adapters()


def pick_device(wanted: str, cancel: threading.Event | None = None) -> tuple[Device, str]:
    """The device to use and, when that is not the wanted one, why not.

    ``auto`` has a reason, too, when it ends on the CPU because a library that is there does not work.

    Args:
        wanted: a kind, of which the best adapter is taken, or an adapter by its number (``directml:1``).
        cancel: ends a probe early, as if that kind had no adapter.

    Raises:
        InputError: ``wanted`` is no device, or a number that no adapter has.
    """
    kind, index = parse_device(wanted)
    if kind == "cpu":
        return cpu(), ""
    if forced_cpu():
        return cpu(), "HELIX_FORCE_CPU is set"
    reasons = []
    for tried in NUMBERED:
        if kind in ("auto", tried):
            try:
                return device_of(_chosen(adapters_of(tried, cancel), index)), ""
            except DeviceError as exc:
                log.info("%s: %s", tried, exc.fields["reason"])
                if kind != "auto" or exc.fields["problem"] not in _USUAL[tried]:
                    reasons.append(reason_in(exc.fields, "reason"))
    return cpu(), reasons[0] if reasons else ""


def parse_device(wanted: str) -> tuple[str, int | None]:
    """``directml:1`` as its kind and number, None for a kind without one. Raises InputError."""
    kind, colon, number = wanted.partition(":")
    if kind not in KINDS or (
        colon and not (kind in NUMBERED and number.isascii() and number.isdigit() and len(number) < 4)
    ):
        hint = reason_of("hint_devices", choices=", ".join(KINDS))
        raise InputError("option_invalid", option="device", value=wanted, hint=hint)
    return kind, int(number) if colon else None


def found_devices(cancel: threading.Event | None = None) -> DevicesFound:
    """What a person can choose from: every adapter but renderers in software, best first, then the CPU.

    Nothing at all after ``cancel``.
    """
    items: list[DeviceItem] = []
    for kind in () if forced_cpu() else NUMBERED:
        try:
            listed = best_first(adapters_of(kind, cancel))
        except DeviceError:
            listed = []  # why not: ``doctor`` says it
        if cancel is not None and cancel.is_set():
            return DevicesFound(())
        items += [DeviceItem(a.value, kind, a.title, a.memory_bytes, a.discrete) for a in listed if a.usable]
    return DevicesFound((*items, DeviceItem("cpu", "cpu", cpu_name())))


def _chosen(adapters: Iterable[Adapter], index: int | None) -> Adapter:
    """The adapter of this number, or the best one.

    Raises:
        InputError: no adapter has this number.
        DeviceError: none can be used.
    """
    listed = tuple(adapters)
    if index is not None:
        for adapter in listed:
            if adapter.index == index:
                return adapter
        wanted = f"{listed[0].kind}:{index}"
        names = ", ".join(f"{adapter.value} ({adapter.title})" for adapter in listed)
        hint = reason_of("hint_choices", choices=f"{names}, auto, cpu")
        raise InputError("option_invalid", option="device", value=wanted, hint=hint)
    chosen = best(listed)
    if chosen is None:
        problem = next((a.problem for a in listed if a.problem), "")
        reason = reason_of("device_software", name=listed[0].name)
        if problem:
            reason = reason_of("device_silent", problem=problem)
        raise DeviceError(device=listed[0].kind, reason=reason, problem="unusable")
    return chosen


def device_of(adapter: Adapter) -> Device:
    """Torch's handle of an adapter. Raises DeviceError when the library refuses it."""
    if adapter.kind == "cuda":
        return Device("cuda", torch.device("cuda", adapter.index), adapter.title)
    try:
        import torch_directml

        return Device("directml", torch_directml.device(adapter.index), adapter.title)
    except Exception as exc:  # a library without a contract: whatever it raises, the CPU is still there
        raise no_directml("raised", f"{type(exc).__name__}: {exc}") from exc


def check_dtype(wanted: str, device: Device) -> None:
    """Raise InputError for what is no number format, or one that this device cannot compute."""
    if wanted not in (*DTYPES, "auto", PACKED, "int4"):
        hint = reason_of("hint_choices", choices=f"auto, {PACKED}, {', '.join(DTYPES)}, int4")
        raise InputError("option_invalid", option="dtype", value=wanted, hint=hint)
    if wanted == "bfloat16" and device.kind == "directml":
        hint = reason_of("bfloat16_directml")
        raise InputError("option_invalid", option="dtype", value=wanted, hint=hint)
