"""Where a planned model goes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator

from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.engine.loading.drafts import check_copy
from helix_app.engine.loading.formats.on_card import try_products
from helix_app.engine.loading.plan import Plan
from helix_app.engine.loading.reading import LoadCancelled
from helix_app.engine.machine.devices import fused_attention
from helix_app.engine.machine.devices.device import Device, check_dtype, cpu, forced_cpu, pick_device
from helix_app.engine.models.make import runs_on_device
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress

_OTHER = reason_of("device_other_models")
_LOST = reason_of("device_lost_before")
_NOT_THERE = reason_of("device_not_directml")


def place(plan: Plan, cancel: threading.Event, lost: Collection[str] = ()) -> Generator[Event, None, Device]:
    """A generator of progress and notices that returns the device to try first.

    Args:
        lost: kinds of devices that stopped working in this process and are not tried again.

    Raises:
        InputError: a number format or a draft that this device does not compute.
        LoadCancelled: ``cancel`` was set.
    """
    wanted = plan.request.device
    yield LoadProgress("devices")
    device, why_not = pick_device(wanted, cancel)
    if cancel.is_set():
        raise LoadCancelled
    if device.kind in lost:
        yield Notice("fallback_cpu", fields_of(device=device.name, reason=_LOST))
        device, why_not = cpu(), ""
    models = [files.config for files in (plan.target, plan.draft) if files is not None]
    if device.kind == "directml" and not all(runs_on_device(config) for config in models):
        yield Notice("fallback_cpu", fields_of(device=device.name, reason=_OTHER))
        device, why_not = cpu(), ""
    if why_not and forced_cpu():
        yield Notice("forced_cpu")
    elif why_not:
        name = reason_of("the_card") if wanted == "auto" else wanted
        yield Notice("fallback_cpu", fields_of(device=name, reason=why_not))
    if device.kind == "directml" and any(_only_dense(files) for files in (plan.target, plan.draft)):
        yield Notice("fallback_cpu", fields_of(device=device.name, reason=_NOT_THERE))
        device = cpu()
    if fused_attention.untried(device):
        yield LoadProgress("kernels")
    fused_attention.settle(device, cancel)
    for files in (plan.target, plan.draft):
        if files is not None:
            yield from try_products(files, plan.request.dtype, device, cancel)
    if cancel.is_set():
        raise LoadCancelled
    check_dtype(plan.request.dtype, device)
    check_copy(plan.draft_kind, device.torch_device)
    return device


def _only_dense(files: ModelFiles | None) -> bool:
    """Whether ``models/decoder.py`` alone runs this model."""
    config = None if files is None else files.config
    return config is not None and (config.experts is not None or config.sinks or config.temperature is not None)
