"""A load before it takes memory: does it make sense, where does it go, and would it fit there?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator

from helix_app.base.errors import HelixError
from helix_app.base.sizes import size_text
from helix_app.engine.loading.fitting.fit import fit_of
from helix_app.engine.loading.place import place
from helix_app.engine.loading.plan import Plan, planned
from helix_app.engine.machine.devices.device import Device
from helix_app.protocol.events import Event
from helix_app.protocol.requests import LoadRequest


def look(
    request: LoadRequest,
    cancel: threading.Event,
    lost: Collection[str] = (),
    given_back: Callable[[Device], int] = lambda _device: 0,
) -> Generator[Event, None, tuple[Plan, Device]]:
    """A generator of what is to be told that returns what will be loaded, and where; nothing takes memory yet.

    Raises:
        HelixError: it cannot be used, or by ``stop_at`` it would take too much memory; a ``Fit`` was told then.
        LoadCancelled: ``cancel`` was set.
    """
    plan = yield from planned(request)
    if plan.skipped is not None:
        yield plan.skipped
    device = yield from place(plan, cancel, lost)
    if request.stop_at != "never":
        fit = fit_of(plan, device, given_back=given_back(device))
        if fit.level == "short" or fit.level == request.stop_at:
            yield fit
            need, free = size_text(fit.need.total), size_text(fit.free or 0)
            raise HelixError(f"load_{fit.level}", model=fit.target_name, need=need, free=free)
    return plan, device
