"""Waiting for conditions, never for time."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return as soon as the condition holds; fail when it does not come true at all."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)


def vanished(pid: int) -> bool:
    """Whether the process has ended. One that ended but that nobody reaped counts as ended."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x0010_0000, False, pid)  # SYNCHRONIZE
        if not handle:
            return True
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == 0)
        finally:
            kernel.CloseHandle(handle)
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
