"""Whether a planned model stays packed in a card's memory."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Generator

import torch

from helix_app.engine.kernels.triton.formats import CUTS
from helix_app.engine.machine.devices import packed_products
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.measuring import formats
from helix_app.engine.models.packed.decoder import is_matrix
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress


def card_formats(files: ModelFiles) -> Counter[str]:
    """Numbers of a model's matrices by their packed format; empty where some have no kernel for cards."""
    config = files.config
    if files.gguf is None or not config.is_even or config.experts is not None or config.recurrent is not None:
        return Counter()
    found: Counter[str] = Counter()
    for name, info in files.gguf.tensors.items():
        if is_matrix(name):
            found[info.type] += math.prod(info.shape)
    return found if found.keys() <= CUTS.keys() else Counter()


def try_products(
    files: ModelFiles, wanted: str, device: Device, cancel: threading.Event
) -> Generator[Event, None, None]:
    """A generator of progress: what this card does with a model's formats is known after it, where that is of use.

    Takes a minute for the first model of a format, for its kernels are compiled.
    """
    if wanted not in ("auto", PACKED) or not packed_products.possible(device):
        return
    names = packed_products.untried(device, activations(files, device), card_formats(files))
    if names:
        yield LoadProgress("kernels")
        packed_products.settle(device, activations(files, device), names, cancel)


def stays_packed(files: ModelFiles, wanted: str, device: Device) -> bool:
    """Whether it does: wherever that was asked for and works, and on ``auto`` where it is not slower than dense."""
    numbers = card_formats(files)
    if wanted not in ("auto", PACKED) or not numbers or not packed_products.possible(device):
        return False
    seconds = packed_products.known(device, activations(files, device), numbers)
    if seconds.keys() != numbers.keys():
        return False
    packed, dense = (sum(numbers[name] * seconds[name][kind] for name in numbers) for kind in ("packed", "dense"))
    return wanted == PACKED or packed <= dense


def activations(files: ModelFiles, device: Device) -> torch.dtype:
    """What such a model computes in on this card."""
    return formats.pick_dtype("auto", device, files.config)
