"""Which windows run in which environment: an empty file a window in the environment, called by its process id."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "helix-windows"
_QUERY_LIMITED, _STILL_ACTIVE, _ACCESS_DENIED = 0x1000, 259, 5


def note(environment: Path, pid: int) -> None:
    """A window runs in this environment from now on. What cannot be written is only not noted."""
    try:
        (environment / FOLDER).mkdir(exist_ok=True)
        (environment / FOLDER / str(pid)).touch()
    except OSError:
        pass


def in_use(environment: Path) -> bool:
    """Whether a window that was noted still runs; those that ended are forgotten."""
    try:
        noted = [file for file in (environment / FOLDER).iterdir() if file.name.isdecimal()]
    except OSError:
        return False
    running = [file for file in noted if runs(int(file.name))]
    for file in noted:
        if file not in running:
            file.unlink(missing_ok=True)
    return bool(running)


def runs(pid: int) -> bool:
    """Whether there is a process of this id."""
    if os.name == "nt":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _runs_on_windows(pid: int) -> bool:
    """``os.kill`` would end it there."""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    process = kernel.OpenProcess(_QUERY_LIMITED, False, pid)
    if not process:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined,unused-ignore]
    code = wintypes.DWORD()
    try:
        return bool(kernel.GetExitCodeProcess(process, ctypes.byref(code))) and code.value == _STILL_ACTIVE
    finally:
        kernel.CloseHandle(process)
