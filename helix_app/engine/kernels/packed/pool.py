"""Threads that run native programs: one for each core, the caller's own among them.

Workers are Python threads only in name: each enters native code once and stays there while there is work
(``pool_code.py``), so that neither the interpreter's lock nor its scheduling stands between two products. An idle pool
sleeps: no thread spins once the program has had nothing to do for a moment.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading

import numpy as np

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.program import CONTROL_BYTES, OPEN, Program

_SPINS, _NAPS = 3000, 1500  # some 0.1 ms between phases, and 0.1 s of naps
_LINE = 64


class Pool:
    """Runs programs, one at a time.

    Attributes:
        threads: at work, the caller's among them.
    """

    def __init__(self, library: Library, threads: int) -> None:
        self.threads = max(1, threads)
        self._library = library
        self._memory = np.zeros(CONTROL_BYTES + 2 * _LINE, dtype=np.uint8)
        self._control = -(-self._memory.ctypes.data // _LINE) * _LINE
        self._open = ctypes.c_int64.from_address(self._control + OPEN)
        self._run = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(library.address("run"))
        self._work = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5)(library.address("work"))
        self._lock = threading.Lock()
        self._wake: list[threading.Semaphore] = []
        self._asleep: list[bool] = []
        self._process = 0

    def run(self, program: Program, begin: int = 0, end: int | None = None) -> None:
        """Run a program, or its phases from ``begin`` to ``end``; returns when the last of them is over."""
        end = len(program.phases) if end is None else end
        if self._process != os.getpid():  # the first time, or in the child of a fork, which has no threads
            self._start()
        with self._lock:
            for i, asleep in enumerate(self._asleep):
                if asleep:
                    self._asleep[i] = False
                    self._wake[i].release()
            self._run(self._control, program.place + program.phases.itemsize * begin, end - begin)

    def close(self) -> None:
        """End the workers; the pool is of no use then."""
        with self._lock:
            self._open.value = -1
            for semaphore in self._wake:
                semaphore.release()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._memory[:] = 0
        count = self.threads - 1
        self._wake, self._asleep = [threading.Semaphore(0) for _ in range(count)], [False] * count
        for i in range(count):
            threading.Thread(target=self._live, args=(i,), name=f"packed-{i + 1}", daemon=True).start()

    def _live(self, index: int) -> None:
        seen, nap = 0, _nap_address()
        while seen >= 0:
            seen = self._work(self._control, seen, _SPINS, nap, _NAPS)
            if seen >= 0:
                self._asleep[index] = True
                self._wake[index].acquire()


def _nap_address() -> int:
    """Of a function that gives the processor away for some microseconds."""
    if sys.platform == "win32":
        function = ctypes.WinDLL("kernel32").SwitchToThread  # ``Sleep`` takes a millisecond at least, often fifteen
    else:
        function = ctypes.CDLL(None).usleep
    return ctypes.cast(function, ctypes.c_void_p).value or 0
