"""Which windows run in which environment: an empty file a window in the environment, called by its process id."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PureWindowsPath

FOLDER = "helix-windows"
_QUERY_LIMITED, _STILL_ACTIVE, _ACCESS_DENIED = 0x1000, 259, 5
_LONGEST_PATH = 32768  # characters


def note(environment: Path, pid: int) -> None:
    """A window runs in this environment from now on; those that ended are forgotten.

    What cannot be written is only not noted.
    """
    in_use(environment)
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
            with suppress(OSError):
                file.unlink(missing_ok=True)
    return bool(running)


def runs(pid: int) -> bool:
    """Whether there is a process of this id; on Windows, where ids soon come again, one that runs Python."""
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
    kernel.QueryFullProcessImageNameW.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPWSTR,
        ctypes.POINTER(wintypes.DWORD),
    )
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    process = kernel.OpenProcess(_QUERY_LIMITED, False, pid)
    if not process:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined,unused-ignore]
    code = wintypes.DWORD()
    name, length = ctypes.create_unicode_buffer(_LONGEST_PATH), wintypes.DWORD(_LONGEST_PATH)
    try:
        if not kernel.GetExitCodeProcess(process, ctypes.byref(code)) or code.value != _STILL_ACTIVE:
            return False
        named = kernel.QueryFullProcessImageNameW(process, 0, name, ctypes.byref(length))
        return not named or PureWindowsPath(name.value).name.lower().startswith("python")
    finally:
        kernel.CloseHandle(process)
