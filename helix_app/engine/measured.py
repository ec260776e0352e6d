"""What was measured of this machine, remembered in a file, so that the next load need not measure it again.

An entry holds for one processor, build of PyTorch, instruction set and number of threads, and for thirty days: a
driver or a setting of the system may have changed by then. Only clear results are kept; where two ways are close the
next load tries them again. Deleting the file costs nothing but the time of measuring.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from helix_app import paths, texts
from helix_app.engine.hardware import cpu_name

log = logging.getLogger(__name__)
DAYS = 30
_SECONDS = DAYS * 24 * 3600
_MOST = 500  # entries; the oldest go first
_lock = threading.Lock()
_here: dict[tuple[Path, str], Any] = {}  # of this process, unclear ones too: a model's layers ask for the same shapes


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
    key = f"{what} | {_machine()} | {torch.get_num_threads()} threads"
    here = kept_file(), key
    if here not in _here:
        entry = _read().get(key)
        if isinstance(entry, dict) and 0 <= time.time() - entry["at"] < _SECONDS:
            _here[here] = entry["value"]
        else:
            value = measure()
            if clear(value):
                _keep(key, value)
            _here[here] = value
    return _here[here]


def forget() -> None:
    """Measure everything again."""
    _here.clear()
    kept_file().unlink(missing_ok=True)


@functools.cache
def _machine() -> str:
    capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", lambda: "")()
    limits = [os.environ.get(name, "") for name in ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")]
    return " ".join([cpu_name(), str(os.cpu_count()), "torch", torch.__version__, capability, *limits]).strip()


def _read() -> dict[str, Any]:
    """All entries that make sense; none of a file that does not."""
    try:
        found = texts.read_json(kept_file())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: entry
        for key, entry in found.items()
        if isinstance(entry, dict) and isinstance(entry.get("at"), (int, float)) and "value" in entry
    }


def _keep(key: str, value: Any) -> None:
    file = kept_file()
    with _lock:
        entries = {**_read(), key: {"at": time.time(), "value": value}}
        newest = sorted(entries, key=lambda name: float(entries[name]["at"]))[-_MOST:]
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps({name: entries[name] for name in newest}, indent=1), encoding="utf-8")
            part.replace(file)
        except (OSError, TypeError) as exc:
            log.info("what was measured is not remembered: %s", exc)
