"""What was measured of this machine, remembered in a file, so that the next load need not measure it again.

An entry holds for one processor, build of PyTorch, instruction set and number of threads, and for thirty days: a
driver or a setting of the system may have changed by then. Only clear results of a quiet machine are kept: how busy
it was is timed before and after (``quiet.py``) and kept beside the result. Where two ways are close, or another program
ran, the next load tries them again; what later turns out to be wrong is dropped. Deleting the file costs nothing but
the time of measuring.
"""

from __future__ import annotations

import functools
import logging
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from helix_app.engine.machine import measured_file, quiet, threads
from helix_app.engine.machine.hardware import cpu_name
from helix_app.engine.machine.measured_file import REFERENCE, SEPARATOR, kept_file

log = logging.getLogger(__name__)
_MEANWHILE = "beside other programs: "


@dataclass(frozen=True)
class _Known:
    """What this process knows of a measurement, unclear ones too: a model's layers ask for the same shapes."""

    value: Any
    disturbed: bool


_here: dict[tuple[Path, str], _Known] = {}


def remembered(
    what: str, measure: Callable[[], Any], clear: Callable[[Any], bool] = lambda _: True, meanwhile: bool = False
) -> Any:
    """What ``measure`` found here before, or finds now.

    Args:
        what: names the measurement, with everything that its result depends on beside the machine.
        measure: gives a value that JSON can hold; other values are measured again each time.
        clear: whether a value is certain enough to be kept for the next program.
        meanwhile: what was found beside other programs serves as long as the machine is busy: to measure again would
            take several times as long as usual, and tell no more.
    """
    key = _key(what)
    here = kept_file(), key
    if here not in _here:
        entry = measured_file.read().get(key)
        _here[here] = _Known(entry["value"], False) if entry is not None else _measured(key, measure, clear, meanwhile)
    return _here[here].value


def known(what: str) -> Any:
    """What is remembered of this measurement; None where nothing is, and nothing is measured."""
    key = _key(what)
    here = _here.get((kept_file(), key))
    entry = None if here is not None else measured_file.read().get(key)
    return here.value if here is not None else entry and entry["value"]


def again() -> None:
    """What was measured beside other programs is measured anew when it is next asked for: a load begins."""
    for here in [here for here, found in _here.items() if found.disturbed]:
        del _here[here]


def drop(what: str) -> None:
    """This turned out to be wrong: it is measured again when it is next asked for."""
    key = _key(what)
    _here.pop((kept_file(), key), None)
    measured_file.drop(key)
    measured_file.drop(_MEANWHILE + key)
    log.info("no longer true, measured again at the next load: %s", what)


def forget() -> None:
    """Measure everything again. Raises OSError when the file cannot be removed."""
    _here.clear()
    measured_file.forget()


def busyness() -> float:
    """How busy the machine is now: 1 is quiet, from ``quiet.BUSY`` on no time is believed."""
    key = _key(REFERENCE)
    entry = measured_file.read().get(key)
    best = float(entry["value"]) if entry is not None else math.inf
    busy, fastest = quiet.busyness(best)
    if fastest < 0.98 * best:
        measured_file.keep(key, fastest, busy)
    return busy


def _measured(key: str, measure: Callable[[], Any], clear: Callable[[Any], bool], meanwhile: bool) -> _Known:
    """Measure, and keep what is clear and was not disturbed."""
    before = busyness()
    if meanwhile and before >= quiet.BUSY:
        entry = measured_file.read().get(_MEANWHILE + key)
        if entry is not None:
            return _Known(entry["value"], True)
    value = measure()
    busy = max(before, busyness())
    if busy >= quiet.BUSY and meanwhile:
        measured_file.keep(_MEANWHILE + key, value, busy)
    elif busy >= quiet.BUSY:
        log.info("not kept, for the machine was busy (%.1f): %s", busy, key)
    elif clear(value):
        measured_file.keep(key, value, busy)
    return _Known(value, busy >= quiet.BUSY)


def _key(what: str) -> str:
    return f"{what}{SEPARATOR}{_machine()}{SEPARATOR}{threads.in_use()} threads"


@functools.cache
def _machine() -> str:
    capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", lambda: "")()
    limits = [os.environ.get(name, "") for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")]
    return " ".join([cpu_name(), str(os.cpu_count()), "torch", torch.__version__, capability, *limits]).strip()
