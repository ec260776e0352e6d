"""What PyTorch says of itself and of CUDA (ROCm included). Imports torch only when asked, since that may fail."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from helix_app.base.errors import DeviceError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.machine.devices.adapters import Adapter, make_adapter


def cuda_adapters() -> tuple[Adapter, ...]:
    """The cards of CUDA or ROCm in PyTorch's order.

    Raises:
        DeviceError: there is none. Its field ``problem`` is ``cpu_build``, ``none`` or ``raised``.
    """
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        reason = reason_of("cuda_cpu_build")
        raise DeviceError(device="cuda", reason=reason, problem="cpu_build")
    rocm = torch.version.hip is not None
    library = "ROCm" if rocm else "CUDA"
    try:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise DeviceError(device="cuda", reason=reason_of("cuda_none", library=library), problem="none")
        return tuple(_adapter(index, torch.cuda.get_device_properties(index), rocm) for index in range(count))
    except (RuntimeError, AssertionError, OSError) as exc:  # AssertionError: torch's own, where no driver answers
        reason = reason_of("cuda_silent", library=library)
        raise DeviceError(
            device="cuda", reason=reason, problem="raised", detail=f"{type(exc).__name__}: {exc}"
        ) from exc


def _adapter(index: int, properties: Any, rocm: bool) -> Adapter:
    integrated = getattr(properties, "is_integrated", None)
    return make_adapter(
        "cuda",
        index,
        str(properties.name),
        int(properties.total_memory),
        integrated=None if integrated is None else bool(integrated),
        rocm=rocm,
    )


def gather() -> dict[str, Any]:
    """The job behind ``doctor``: importing torch may fail, hang or end the process, so it has one of its own.

    Raises:
        ImportError, OSError: torch cannot be imported.
    """
    begin = time.perf_counter()
    import torch

    facts: dict[str, Any] = {
        "import_seconds": time.perf_counter() - begin,
        "version": str(torch.__version__),
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "adapters": [],
        "problem": "",
        "reason": "",
        "detail": "",
    }
    try:
        facts["adapters"] = [asdict(adapter) for adapter in cuda_adapters()]
    except DeviceError as exc:
        facts |= {"problem": exc.fields["problem"], "reason": exc.fields["reason"], "detail": exc.detail}
    return facts
