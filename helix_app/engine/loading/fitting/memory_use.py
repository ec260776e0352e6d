"""What a loaded model takes, beside what is free."""

from __future__ import annotations

import torch

from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.machine.memory import anonymous_memory, free_memory, resident_memory, total_memory
from helix_app.engine.models.base import Mapped
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from helix_app.protocol.models.loading import MemoryUse

PACKED_BYTES = {4: 0.5625, 8: 1.0625}  # of a weight in so many bits, the scales of its group included


def memory_use(session: Session) -> MemoryUse:
    """What this session takes now."""
    runners = session.runners
    weights = sum(_weights(runner) for runner in runners)
    caches = {id(runner.cache): _cache(runner) for runner in runners}
    used, free, total = _device_memory(session.runner.decoder.device)
    return MemoryUse(resident_memory(), weights, sum(caches.values()), free_memory(), total_memory(), used, free, total)


def given_back(session: Session | None, device: Device) -> int:
    """Bytes of this device that are free again once the session is gone; none where it lies on another one."""
    if session is None:
        return 0
    there, here = session.runner.decoder.device, device.torch_device
    if there.type != here.type or (there.index or 0) != (here.index or 0):
        return 0
    use = memory_use(session)
    if use.device_used is not None:
        return use.device_used
    mapped = sum(_mapped(runner) for runner in session.runners)
    own = (use.weights or 0) - mapped + (use.cache or 0)  # what is mapped counts as free already
    taken = anonymous_memory()  # pages of the cache that nothing was written to are not
    return min(own, use.process or own if taken is None else taken)


def _weights(runner: ModelRunner) -> int:
    decoder = runner.decoder
    held = getattr(decoder, "held_bytes", None)
    if held is not None:  # all of them packed: mapped, or in a card's memory
        return int(held)
    mapped = getattr(decoder, "mapped", Mapped())
    own = decoder.parameters - mapped.numbers
    return round(own * PACKED_BYTES.get(decoder.bits, decoder.dtype.itemsize)) + mapped.nbytes


def _mapped(runner: ModelRunner) -> int:
    """Bytes of weights that stay where their file is mapped."""
    decoder = runner.decoder
    if decoder.format == PACKED and hasattr(decoder, "held_bytes"):
        return _weights(runner)
    return int(getattr(decoder, "mapped", Mapped()).nbytes)


def _cache(runner: ModelRunner) -> int:
    states = runner.cache.states
    return runner.cache.block_bytes * runner.pool.num_blocks + (0 if states is None else states.nbytes)


def _device_memory(device: torch.device) -> tuple[int | None, int | None, int | None]:
    """Held, free and all memory of a card; None for a device that does not say."""
    if device.type != "cuda":
        return None, None, None
    try:
        free, total = torch.cuda.mem_get_info(device)
        return int(torch.cuda.memory_reserved(device)), int(free), int(total)
    except RuntimeError:
        return None, None, None
