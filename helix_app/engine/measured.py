"""What was measured of this machine, remembered in a file, so that the next load need not measure it again.

An entry holds for one processor, build of PyTorch, instruction set and number of threads, and for thirty days: a
driver or a setting of the system may have changed by then. Only clear results of a quiet machine are kept: how busy
it was is timed before and after (``quiet.py``) and kept beside the result. Where two ways are close, or another program
ran, the next load tries them again; what later turns out to be wrong is dropped. Deleting the file costs nothing but
the time of measuring.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from helix_app import paths
from helix_app.engine import quiet
from helix_app.engine.hardware import cpu_name

log = logging.getLogger(__name__)
DAYS = 30
_SECONDS = DAYS * 24 * 3600
_MOST = 500  # entries; the oldest go first
_REFERENCE = "reference product"
_lock = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """What is kept of one measurement.

    Attributes:
        what: its name.
        at: when it ended, seconds since the epoch.
        busy: how busy the machine was (``quiet.busyness``): 1 is quiet.
    """

    what: str
    value: Any
    at: float
    busy: float


@dataclass(frozen=True)
class _Known:
    """What this process knows of a measurement, unclear ones too: a model's layers ask for the same shapes."""

    value: Any
    disturbed: bool


_here: dict[tuple[Path, str], _Known] = {}


def kept_file() -> Path:
    """Where the results are."""
    return paths.cache_dir() / "kernels.json"


def remembered(what: str, measure: Callable[[], Any], clear: Callable[[Any], bool] = lambda _: True) -> Any:
    """What ``measure`` found here before, or finds now.

    Args:
        what: names the measurement, with everything that its result depends on beside the machine.
        measure: gives a value that JSON can hold; other values are measured again each time.
        clear: whether a value is certain enough to be kept for the next program.
    """
    key = _key(what)
    here = kept_file(), key
    if here not in _here:
        entry = _valid(_read().get(key))
        _here[here] = _Known(entry["value"], False) if entry is not None else _measured(key, measure, clear)
    return _here[here].value


def known(what: str) -> Any:
    """What is remembered of this measurement; None where nothing is, and nothing is measured."""
    key = _key(what)
    here = _here.get((kept_file(), key))
    entry = None if here is not None else _valid(_read().get(key))
    return here.value if here is not None else entry and entry["value"]


def again() -> None:
    """What was measured beside other programs is measured anew when it is next asked for: a load begins."""
    for here in [here for here, known in _here.items() if known.disturbed]:
        del _here[here]


def drop(what: str) -> None:
    """This turned out to be wrong: it is measured again when it is next asked for."""
    key = _key(what)
    _here.pop((kept_file(), key), None)
    with _lock:
        entries = _read()
        if entries.pop(key, None) is not None:
            log.info("no longer true, measured again at the next load: %s", what)
            _write(entries)


def kept() -> Iterator[Entry]:
    """What is kept for this machine and still holds, the latest first."""
    entries = [(key, _valid(entry)) for key, entry in _read().items()]
    here = [(key, entry) for key, entry in entries if entry is not None and key.endswith(_suffix())]
    for key, entry in sorted(here, key=lambda item: -float(item[1]["at"])):
        yield Entry(key.removesuffix(_suffix()), entry["value"], float(entry["at"]), float(entry["busy"]))


def forget() -> None:
    """Measure everything again. Raises OSError when the file cannot be removed."""
    _here.clear()
    kept_file().unlink(missing_ok=True)


def _measured(key: str, measure: Callable[[], Any], clear: Callable[[Any], bool]) -> _Known:
    """Measure, and keep what is clear and was not disturbed."""
    before = busyness()
    value = measure()
    busy = max(before, busyness())
    if busy >= quiet.BUSY:
        log.info("not kept, for the machine was busy (%.1f): %s", busy, key)
    elif clear(value):
        _keep(key, value, busy)
    return _Known(value, busy >= quiet.BUSY)


def busyness() -> float:
    """How busy the machine is now: 1 is quiet, from ``quiet.BUSY`` on no time is believed."""
    key = _key(_REFERENCE)
    entry = _valid(_read().get(key))
    best = float(entry["value"]) if entry is not None else math.inf
    busy, fastest = quiet.busyness(best)
    if fastest < 0.98 * best:
        _keep(key, fastest, busy)
    return busy


def _key(what: str) -> str:
    return what + _suffix()


def _suffix() -> str:
    return f" | {_machine()} | {torch.get_num_threads()} threads"


@functools.cache
def _machine() -> str:
    capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", lambda: "")()
    limits = [os.environ.get(name, "") for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")]
    return " ".join([cpu_name(), str(os.cpu_count()), "torch", torch.__version__, capability, *limits]).strip()


def _valid(entry: Any) -> dict[str, Any] | None:
    """An entry that makes sense and is not too old; None otherwise."""
    if not isinstance(entry, dict) or "value" not in entry:
        return None
    numbers = (entry.get("at"), entry.get("busy"))  # entries of versions before know nothing of the second
    if not all(isinstance(number, (int, float)) for number in numbers):
        return None
    return entry if 0 <= time.time() - entry["at"] < _SECONDS else None


def _read() -> dict[str, Any]:
    """All entries; none of a file that makes no sense."""
    try:
        found = json.loads(kept_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(key: str, value: Any, busy: float) -> None:
    with _lock:
        _write({**_read(), key: {"at": time.time(), "value": value, "busy": round(busy, 2)}})


def _write(entries: dict[str, Any]) -> None:
    """Replace the file by the newest of these, and the reference. The lock is held."""
    file = kept_file()
    still = [key for key in entries if _valid(entries[key]) is not None]
    still.sort(key=lambda key: (key.startswith(_REFERENCE), float(entries[key]["at"])))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({key: entries[key] for key in still[-_MOST - 1 :]}, indent=1), encoding="utf-8")
        part.replace(file)
    except (OSError, TypeError) as exc:
        log.info("what was measured is not remembered: %s", exc)
