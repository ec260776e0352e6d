"""How much memory this computer has, and how much of it is free. None where the system does not say."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from helix_app.base.process import heap


def total_memory() -> int | None:
    """Bytes of main memory."""
    if sys.platform == "win32":
        return _windows_memory()[0]
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def free_memory() -> int | None:
    """Bytes that programs can still get without pushing others out."""
    if sys.platform == "win32":
        return _windows_memory()[1]
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def resident_memory() -> int | None:
    """Bytes of main memory that this process holds: its resident set, files that it has mapped included."""
    if sys.platform == "win32":
        return windows_working_set()[0]
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return _mac_resident() if sys.platform == "darwin" else None


def anonymous_memory() -> int | None:
    """Bytes of this process's main memory that no file stands behind; only Linux tells."""
    with suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("RssAnon:")[2].split()[0]) * 1024
    return None


def peak_resident(process: int | None = None) -> int | None:
    """Most bytes of main memory that a process held at once, this one unless given; of others only Linux tells."""
    if sys.platform == "linux":
        with suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{process or 'self'}/status").read_text(encoding="ascii", errors="replace")
            return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    elif process is not None:
        return None
    elif sys.platform == "win32":
        return windows_working_set()[1]
    elif sys.platform == "darwin":
        import resource

        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return None


def _mac_resident() -> int | None:
    """``ps`` says it in kibibytes; the system call needs a structure of its own."""
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
        return int(subprocess.run(command, capture_output=True, check=True, timeout=2).stdout) * 1024
    return None


def return_memory() -> None:
    """Collect what nobody holds and give freed memory back to the system, devices' and main memory alike."""
    heap.collect_all()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":  # glibc keeps what was freed for later; other C libraries have no such function
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


if sys.platform == "win32":
    from ctypes import wintypes

    class _Status(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_ = (
            ("dwLength", wintypes.DWORD),
            ("dwMemoryLoad", wintypes.DWORD),
            ("ullTotalPhys", ctypes.c_ulonglong),
            ("ullAvailPhys", ctypes.c_ulonglong),
            ("ullTotalPageFile", ctypes.c_ulonglong),
            ("ullAvailPageFile", ctypes.c_ulonglong),
            ("ullTotalVirtual", ctypes.c_ulonglong),
            ("ullAvailVirtual", ctypes.c_ulonglong),
            ("ullAvailExtendedVirtual", ctypes.c_ulonglong),
        )

    class _Counters(ctypes.Structure):  # PROCESS_MEMORY_COUNTERS
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    def windows_working_set() -> tuple[int | None, int | None]:
        """Bytes that this process holds now, and held at most."""
        counters = _Counters(cb=ctypes.sizeof(_Counters))
        process = ctypes.windll.kernel32.GetCurrentProcess
        process.restype = wintypes.HANDLE
        ask = ctypes.windll.kernel32.K32GetProcessMemoryInfo
        ask.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)
        if not ask(process(), ctypes.byref(counters), counters.cb):
            return None, None
        return int(counters.WorkingSetSize), int(counters.PeakWorkingSetSize)

    def _windows_memory() -> tuple[int | None, int | None]:
        status = _Status(dwLength=ctypes.sizeof(_Status))
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return None, None
        return int(status.ullTotalPhys), int(status.ullAvailPhys)
else:

    def _windows_memory() -> tuple[int | None, int | None]:
        return None, None

    def windows_working_set() -> tuple[int | None, int | None]:
        """Bytes that this process holds now, and held at most."""
        return None, None
