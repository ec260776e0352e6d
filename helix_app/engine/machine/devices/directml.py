"""Asking torch-directml which cards there are, in a process that may die: it can crash or hang without a driver.

Imports no torch here. The environment variable DML_VISIBLE_DEVICES is the library's own.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from typing import Any

from helix_app.base.errors import DeviceError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices.adapters import Adapter, make_adapter
from helix_app.engine.machine.hardware import memory_by_name, system_cards

log = logging.getLogger(__name__)
PROBE_SECONDS = 60.0  # the first import of torch on a slow disk takes half of it

PROBLEMS = ("missing", "none", "crashed", "hung", "raised", "garbled", "not_started", "cancelled")

_lock = threading.Lock()
_known: tuple[Adapter, ...] | DeviceError | None = None  # of this process; a driver does not change under it


def directml_adapters(cancel: threading.Event | None = None, *, seconds: float = PROBE_SECONDS) -> tuple[Adapter, ...]:
    """The cards of torch-directml in its own order, with their memory where the system says it.

    The first call in a process takes as long as importing torch does; the result is remembered.

    Raises:
        DeviceError: there is none. Its field ``problem`` is one of ``PROBLEMS``; after ``cancelled`` the next call
            asks again.
    """
    global _known
    with _lock:
        if _known is None:
            try:
                _known = _ask(cancel, seconds)
            except DeviceError as exc:
                log.info("DirectML: %s %s", exc.fields["reason"], exc.detail)
                if exc.fields["problem"] == "cancelled":
                    raise
                _known = exc
        if isinstance(_known, DeviceError):
            raise _known.with_traceback(None)
        return _known


def forget() -> None:
    """Ask anew next time."""
    global _known
    with _lock:
        _known = None


def installed() -> bool:
    """Whether torch-directml is there; imports nothing."""
    try:
        return importlib.util.find_spec("torch_directml") is not None
    except (ImportError, ValueError):
        return False


def no_directml(problem: str, said: str = "", detail: str = "", seconds: float = PROBE_SECONDS) -> DeviceError:
    """The error for one of ``PROBLEMS``."""
    reason = reason_of(f"directml_{problem}", said=said, seconds=f"{seconds:g}")
    return DeviceError(device="directml", reason=reason, problem=problem, detail=detail)


def _ask(cancel: threading.Event | None, seconds: float) -> tuple[Adapter, ...]:
    if not installed():
        raise no_directml("missing")
    try:
        answer = jobs.run("directml", seconds=seconds, cancel=cancel)
        listed = [(int(item["index"]), str(item["name"]), str(item["problem"])) for item in answer["adapters"]]
    except jobs.JobError as exc:
        missing = exc.kind == "ModuleNotFoundError" and "'torch_directml'" in exc.said
        raise no_directml("missing" if missing else exc.how, exc.said, exc.detail, seconds) from exc
    except (LookupError, TypeError, ValueError) as exc:
        raise no_directml("garbled", detail=repr(exc)) from exc
    if not listed:
        raise no_directml("none")
    memory = memory_by_name((name for _, name, _ in listed), system_cards())
    return tuple(
        make_adapter("directml", index, name, size, problem=problem)
        for (index, name, problem), size in zip(listed, memory)
    )


def list_directml() -> dict[str, Any]:
    """The job: what torch-directml lists. Runs in a process of its own.

    Raises:
        ImportError, RuntimeError, OSError: the library's own.
    """
    import torch_directml

    adapters = []
    for index in range(torch_directml.device_count()):
        name, problem = f"DirectX 12 device {index}", ""
        try:
            name = str(torch_directml.device_name(index)).replace("\x00", "").strip() or name
            torch_directml.device(index)
        except Exception as exc:  # whatever it raises, the next one may work
            problem = f"{type(exc).__name__}: {exc}".strip().rstrip(".")
        adapters.append({"index": index, "name": name, "problem": problem})
    return {"adapters": adapters}
