"""The file of what was measured of this machine. Imports no torch, so that ``doctor`` can read it whatever is broken.

``measured.py`` decides what is measured and kept.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base import texts
from helix_app.base.files import replacing
from helix_app.base.process import paths

log = logging.getLogger(__name__)
DAYS = 30
SEPARATOR = " | "  # between what was measured, the machine and its threads
REFERENCE = "reference product"
_SECONDS = DAYS * 24 * 3600
_MAX = 500  # entries; the oldest go first
_lock = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """What is kept of one measurement.

    Attributes:
        what: its name.
        machine: processor, build of PyTorch, instruction set and threads that it holds for.
        at: when it ended, seconds since the epoch.
        busy: how busy the machine was (``quiet.busyness``): 1 is quiet.
    """

    what: str
    machine: str
    value: Any
    at: float
    busy: float


def kept_file() -> Path:
    """Where the results are."""
    return paths.cache_dir() / "kernels.json"


def kept() -> tuple[Entry, ...]:
    """What is kept and still holds, for any machine, the latest first."""
    found = []
    for key, entry in read().items():
        what, _, machine = key.partition(SEPARATOR)
        found.append(Entry(what, machine, entry["value"], float(entry["at"]), float(entry["busy"])))
    return tuple(sorted(found, key=lambda entry: -entry.at))


def read() -> dict[str, dict[str, Any]]:
    """All entries that make sense and still hold; none of a file that makes no sense."""
    try:
        found = texts.read_json(kept_file())
    except (OSError, ValueError):
        return {}
    return {key: entry for key, entry in found.items() if _holds(entry)} if isinstance(found, dict) else {}


def keep(key: str, value: Any, busy: float) -> None:
    """Add a measurement that has just ended. A file that cannot be written costs only the time of measuring again."""
    _change(lambda entries: {**entries, key: {"at": time.time(), "value": value, "busy": round(busy, 2)}})


def drop(key: str) -> None:
    """Remove a measurement; one that is not there is fine."""
    if key in read():
        _change(lambda entries: {other: entry for other, entry in entries.items() if other != key})


def forget() -> int:
    """Remove all of them, and say how many there were. Raises OSError when the file cannot be removed."""
    count = len([entry for entry in kept() if entry.what != REFERENCE])
    kept_file().unlink(missing_ok=True)
    return count


def _holds(entry: Any) -> bool:
    if not isinstance(entry, dict) or "value" not in entry:
        return False
    numbers = (entry.get("at"), entry.get("busy"))  # versions before did not know how busy the machine was
    return all(isinstance(number, (int, float)) for number in numbers) and 0 <= time.time() - entry["at"] < _SECONDS


def _change(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Replace the file by the newest entries, and the reference."""
    file = kept_file()
    with _lock:
        entries = change(read())
        still = sorted(entries, key=lambda key: (key.startswith(REFERENCE), float(entries[key]["at"])))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps({key: entries[key] for key in still[-_MAX - 1 :]}, indent=1), encoding="utf-8")
            replacing.replace(part, file)
        except (OSError, TypeError) as exc:
            log.info("what was measured is not remembered: %s", exc)
