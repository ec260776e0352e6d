"""What this process gets of the processor: Windows saves power on programs without a window in front."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from ctypes import wintypes

log = logging.getLogger(__name__)
_POWER_THROTTLING, _EXECUTION_SPEED = 4, 1
_BELOW_NORMAL = 0x4000  # BELOW_NORMAL_PRIORITY_CLASS


class _State(ctypes.Structure):  # PROCESS_POWER_THROTTLING_STATE
    _fields_ = (("Version", wintypes.ULONG), ("ControlMask", wintypes.ULONG), ("StateMask", wintypes.ULONG))


def never() -> None:
    """Have Windows run this process at full speed and on fast cores, in the background too; elsewhere nothing.

    Source: Microsoft's documentation of ``SetProcessInformation``, ``ProcessPowerThrottling``.
    """
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        state = _State(1, _EXECUTION_SPEED, 0)  # this is for us to say, and it is off
        try:
            kernel.GetCurrentProcess.restype = wintypes.HANDLE
            process = wintypes.HANDLE(kernel.GetCurrentProcess())
            done = kernel.SetProcessInformation(process, _POWER_THROTTLING, ctypes.byref(state), ctypes.sizeof(state))
        except AttributeError:  # Windows 7
            done = 0
        if not done:
            log.info("Windows may slow this process down in the background")


def give_way() -> None:
    """Let the window, the server and the engine come first."""
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.SetPriorityClass(wintypes.HANDLE(kernel.GetCurrentProcess()), _BELOW_NORMAL)
    else:
        os.nice(5)
