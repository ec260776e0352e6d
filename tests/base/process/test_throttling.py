"""What the system is told about this process: power on Windows, and who comes first."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

import pytest

from helix_app.base.process import throttling


class MyProcess:
    """A function that can be told its result's type."""

    restype: Any = None

    def __call__(self) -> int:
        return 0xFFFFFFFF


class Kernel:
    """Stands for kernel32; as old as Windows 7 without ``SetProcessInformation``."""

    def __init__(self, answer: int | None) -> None:
        self.told: list[tuple[int, int, int, int]] = []
        self.GetCurrentProcess = MyProcess()
        self.classes: list[int] = []
        self.SetPriorityClass = lambda process, kind: self.classes.append(kind)
        if answer is not None:

            def tell(process: Any, kind: int, state: Any, size: int) -> int:
                said = ctypes.cast(state, ctypes.POINTER(throttling._State)).contents
                assert size == ctypes.sizeof(throttling._State)
                self.told.append((kind, said.Version, said.ControlMask, said.StateMask))
                return answer

            self.SetProcessInformation = tell


@pytest.mark.parametrize("answer", [1, 0, None])
def test_windows_is_asked_for_full_speed(monkeypatch: pytest.MonkeyPatch, answer: int | None) -> None:
    kernel = Kernel(answer)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: kernel, raising=False)
    throttling.never()
    assert kernel.told == ([] if answer is None else [(4, 1, 1, 0)])


def test_elsewhere_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "WinDLL", pytest.fail, raising=False)
    throttling.never()


def test_what_answers_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, nice = Kernel(1), list[int]()
    monkeypatch.setattr(os, "nice", nice.append, raising=False)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: kernel, raising=False)
    for system in ("win32", "linux"):
        monkeypatch.setattr(sys, "platform", system)
        throttling.give_way()
    assert (kernel.classes, nice) == ([0x4000], [5])
