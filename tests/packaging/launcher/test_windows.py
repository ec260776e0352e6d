"""Which windows run in an environment, and how Windows is asked for a process."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from launcher import windows


@pytest.fixture
def ended() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def test_a_window_that_starts_forgets_those_that_ended(tmp_path: Path, ended: int) -> None:
    windows.note(tmp_path, ended)
    windows.note(tmp_path, os.getpid())
    assert [file.name for file in (tmp_path / windows.FOLDER).iterdir()] == [str(os.getpid())]


def kernel(image: str | None, code: int) -> SimpleNamespace:
    """Windows' answers on one process: the program it runs, its exit code; None where it cannot be opened."""
    return SimpleNamespace(
        OpenProcess=lambda access, inherit, pid: None if image is None else 1,
        GetExitCodeProcess=lambda process, into: [setattr(into._obj, "value", code)],
        QueryFullProcessImageNameW=lambda process, form, into, length: [setattr(into, "value", image)] * bool(image),
        CloseHandle=lambda process: 1,
    )


@pytest.mark.parametrize(
    ("image", "code", "error", "there"),
    [
        (r"C:\Helix\environments\cpu-0123456789ab\Scripts\pythonw.exe", 259, 0, True),
        (r"C:\Helix\environments\cpu-0123456789ab\Scripts\pythonw.exe", 0, 0, False),  # it has ended
        (r"C:\Windows\System32\svchost.exe", 259, 0, False),  # it has the id of a window that ended
        ("", 259, 0, True),  # its program cannot be had
        (None, 0, 87, False),
        (None, 0, 5, True),
    ],
)
def test_on_windows_a_window_is_told_by_its_interpreter(
    image: str | None, code: int, error: int, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: kernel(image, code), raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    assert windows.runs(7) == there
