"""From a LoadRequest to a Session that can write replies: plan, place, build, and the CPU where a card fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from helix_app.base.errors import DeviceError, HelixError
from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.base.process.logs import log_file
from helix_app.engine.loading.build import build
from helix_app.engine.loading.look import look
from helix_app.engine.machine import measured
from helix_app.engine.machine.devices.device import Device, cpu
from helix_app.engine.machine.devices.errors import is_out_of_memory
from helix_app.engine.machine.memory import return_memory
from helix_app.engine.rounds.session import LoadedModel
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import LoadRequest

log = logging.getLogger(__name__)


def load(
    request: LoadRequest,
    cancel: threading.Event,
    lost: Collection[str] = (),
    make_room: Callable[[], None] = lambda: None,
    given_back: Callable[[Device], int] = lambda _device: 0,
) -> Iterator[Event | LoadedModel]:
    """Load; yields progress and notices, then one LoadedModel as the last item.

    A GPU that fails or runs out of memory while loading is given up for the CPU, with a notice.

    Args:
        lost: kinds of devices that stopped working in this process and are not tried again.
        make_room: called once the request is known to make sense, before anything takes memory: what is loaded goes.
        given_back: bytes that this gives back on a device.

    Raises:
        HelixError: the model cannot be used, or nothing has the memory for it, or too little of it by ``stop_at``.
        LoadCancelled: ``cancel`` was set.
    """
    begin = time.perf_counter()
    measured.again()
    plan, device = yield from look(request, cancel, lost, given_back)
    make_room()
    while True:
        yield LoadProgress("cpu" if device.kind == "cpu" else "gpu", detail=device.name)
        try:
            loaded = yield from build(plan, device, cancel)
            loaded.ready = replace(loaded.ready, load_seconds=time.perf_counter() - begin)
            yield loaded
            return
        except (RuntimeError, MemoryError, DeviceError) as exc:
            failed = _given_up(device, exc)
        return_memory()  # here, for the exception kept what it had loaded
        yield failed
        device = cpu()


def _given_up(device: Device, exc: Exception) -> Notice:
    """What is told of a device that failed while loading. Raises HelixError for the CPU, which nothing comes after."""
    if device.kind == "cpu":
        code = "out_of_memory" if is_out_of_memory(exc) else "internal"
        raise HelixError(code, detail=f"{type(exc).__name__}: {exc}", log=log_file()) from exc
    log.warning("loading on %s failed: %s", device.kind, exc)
    reason = reason_of("device_no_memory" if is_out_of_memory(exc) else "device_failed_loading")
    return Notice("fallback_cpu", fields_of(device=device.name, reason=reason), str(exc))
