"""Whether a planned model runs on its file's own packed blocks."""

from __future__ import annotations

import logging
from collections.abc import Generator

from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.loading.formats.on_card import card_formats, stays_packed
from helix_app.engine.loading.next_token import takes_head
from helix_app.engine.loading.plan import NEXT_TOKEN, SELF_BITS, Plan
from helix_app.engine.machine.devices import packed_products
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.models.packed.decoder import by_products, has_steps, kernel_parts, packed_formats
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress

_DENSE = ("F32", "F16", "BF16")
_ALWAYS_TOLD = ("packed_kernels", "packed_layers", "packed_experts", "packed_recurrent", "packed_head")
log = logging.getLogger(__name__)


def takes_packed(plan: Plan, device: Device) -> Generator[Event, None, bool]:
    """A generator of notices that returns whether it does: on ``auto`` wherever there are kernels.

    What speaks against it is told where it was asked for, where it is this computer's fault, and where the model then
    takes far more memory than its file.
    """
    wanted = plan.request.dtype
    if wanted not in ("auto", PACKED):
        return False
    drafts_unpacked = plan.draft_kind in SELF_BITS or (plan.draft_kind == NEXT_TOKEN and unpacks_for_layer(device))
    apart = device.kind == "cpu" and plan.head is not None and not takes_head(plan.target, plan.head)
    if device.kind == "cuda" and not drafts_unpacked and stays_packed(plan.target, wanted, device):
        return True
    notice = Notice("packed_kernels")
    if device.kind == "cuda" and plan.draft_kind == NEXT_TOKEN:
        notice = Notice("packed_mtp", (("device", device.name),))
    elif device.kind != "cpu":
        notice = Notice(_why_not_on(device, plan.target), (("device", device.name),))
    elif plan.draft_kind in SELF_BITS:
        notice = Notice("packed_draft")
    elif _recurrent_by_program(plan.target) and _holds_blocks(plan.target) and not has_steps(plan.target.config):
        notice = Notice("packed_recurrent")
    elif not packed_formats(plan.target):
        notice = Notice("packed_experts" if _larger_unpacked(plan.target) else "packed_format")
    elif apart:
        notice = Notice("packed_head")
    else:
        if lacks_kernels(plan.target):
            yield LoadProgress("kernels")
        if has_kernels(plan.target):
            return True
    if wanted == PACKED or notice.code in _ALWAYS_TOLD or (notice.code == "packed_mtp" and _holds_blocks(plan.target)):
        yield notice
    return False


def _packed_experts(files: ModelFiles) -> bool:
    """Whether a file holds experts in blocks, which no kernel of a whole pass takes."""
    if files.gguf is None or files.config.experts is None:
        return False
    return any(name.endswith("_exps.weight") and info.type not in _DENSE for name, info in files.gguf.tensors.items())


def _larger_unpacked(files: ModelFiles) -> bool:
    """Whether a file would run on its own blocks, had all of them a kernel."""
    return _packed_experts(files) or (not files.config.is_even and _holds_blocks(files))


def unpacks_for_layer(device: Device) -> bool:
    """Whether a layer that drafts runs only beside weights that are not packed."""
    return device.kind != "cpu"


def _recurrent_by_program(files: ModelFiles) -> bool:
    return bool(files.config.recurrent_layers) and not by_products(files.config)


def _holds_blocks(files: ModelFiles) -> bool:
    """Whether a file's matrices are packed in blocks."""
    return files.gguf is not None and any(info.type not in _DENSE for info in files.gguf.tensors.values())


def may_run_packed(plan: Plan, device: Device) -> bool:
    """Whether ``takes_packed`` is to be expected to say so; nothing is made for the answer."""
    unpacked = plan.draft_kind in SELF_BITS or (plan.draft_kind == NEXT_TOKEN and unpacks_for_layer(device))
    if plan.request.dtype not in ("auto", PACKED) or unpacked:
        return False
    if device.kind == "cpu" and plan.head is not None and not takes_head(plan.target, plan.head):
        return False
    if device.kind != "cpu":
        return device.kind == "cuda" and stays_packed(plan.target, plan.request.dtype, device)
    try:
        return bool(packed_formats(plan.target)) and shared() is not None
    except NoKernelsError:
        return False


def _why_not_on(device: Device, files: ModelFiles) -> str:
    """The code of what is to be told about a device that was asked for packed weights."""
    if device.kind != "cuda":
        return "packed_device"
    if not files.config.is_even and _holds_blocks(files):
        return "packed_layers"
    if _packed_experts(files):
        return "packed_experts"
    if files.config.recurrent is not None and _holds_blocks(files):
        return "packed_recurrent"
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
        log.warning("%s", exc)  # of a target a notice says the rest
        return False
    return True
