"""Whether a planned model runs on its file's own packed blocks."""

from __future__ import annotations

import logging
from collections.abc import Generator

from helix_app.engine.kernels.packed.library import NoKernelsError, shared
from helix_app.engine.loading.on_card import card_formats, stays_packed
from helix_app.engine.loading.plan import SELF_BITS, Plan
from helix_app.engine.machine.devices import packed_products
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.models.packed_decoder import kernel_parts, packed_formats
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress

log = logging.getLogger(__name__)


def takes_packed(what: Plan, device: Device) -> Generator[Event, None, bool]:
    """A generator of notices that returns whether it does: on ``auto`` wherever there are kernels.

    What speaks against it is told where it was asked for, and where it is this computer's fault.
    """
    wanted = what.request.dtype
    if wanted not in ("auto", PACKED):
        return False
    if device.kind == "cuda" and stays_packed(what.target, wanted, device):
        return True
    notice = Notice("packed_kernels")
    if device.kind != "cpu":
        notice = Notice(_why_not_on(device, what.target), (("device", device.name),))
    elif what.draft_kind in SELF_BITS:
        notice = Notice("packed_draft")
    elif not what.target.config.is_even and what.target.gguf is not None:
        notice = Notice("packed_layers")
    elif not packed_formats(what.target):
        notice = Notice("packed_format")
    else:
        if lacks_kernels(what.target):
            yield LoadProgress("kernels")
        if has_kernels(what.target):
            return True
    if wanted == PACKED or notice.code in ("packed_kernels", "packed_layers"):
        yield notice
    return False


def may_run_packed(what: Plan, device: Device) -> bool:
    """Whether ``takes_packed`` is to be expected to say so; nothing is made for the answer."""
    if what.request.dtype not in ("auto", PACKED) or what.draft_kind in SELF_BITS:
        return False
    if device.kind != "cpu":
        return device.kind == "cuda" and stays_packed(what.target, what.request.dtype, device)
    try:
        return bool(packed_formats(what.target)) and shared() is not None
    except NoKernelsError:
        return False


def _why_not_on(device: Device, files: ModelFiles) -> str:
    """The code of what is to be told about a device that was asked for packed weights."""
    if device.kind != "cuda":
        return "packed_device"
    if not files.config.is_even and files.gguf is not None:
        return "packed_layers"
    if not card_formats(files):
        return "packed_format"
    return "packed_trial" if packed_products.possible(device) else "packed_triton"


def lacks_kernels(files: ModelFiles) -> bool:
    """Whether kernels for a model have to be made first."""
    try:
        return shared().lacks(kernel_parts(files.config, packed_formats(files)))
    except NoKernelsError:
        return False


def has_kernels(files: ModelFiles) -> bool:
    """Whether this computer has kernels for all matrices of a model; makes them where need be."""
    formats = packed_formats(files)
    if not formats:
        return False
    try:
        shared().add(kernel_parts(files.config, formats))
    except NoKernelsError as exc:
        log.warning("%s", exc)
        return False
    return True
