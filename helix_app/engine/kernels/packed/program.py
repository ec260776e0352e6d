"""Programs for the pool: phases of jobs, and the memory that its native half (``pool_code.py``) reads.

    control block   open phase (0: none, -1: the end) | next piece | workers inside | phases so far | address
                    of the phase; each on a cache line of its own
    phase           number of jobs, then of each: function, arguments, unit, address of a count, items of a piece
                    items = unit * count

Imports nothing that emits code: a warm start has no use for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.int64]
OPEN, NEXT, INSIDE, LAST, PHASE = (64 * i for i in range(5))  # bytes from the beginning of the control block
CONTROL_BYTES = 64 * 5
JOB_WORDS = 5


@dataclass(frozen=True)
class Job:
    """One kernel over its items: ``unit`` times the number at the address ``count``.

    Attributes:
        function: its address.
        words: its arguments; may be changed between runs.
        piece: items that a thread takes at a time.
    """

    function: int
    words: Words
    unit: int
    count: int
    piece: int


class Program:
    """Phases that run one after the other, the jobs of each at once.

    Attributes:
        phases: their addresses.
        place: where these lie.
    """

    def __init__(self, phases: Sequence[Sequence[Job]]) -> None:
        self._jobs = phases  # whose arguments must live as long as this does
        self._phases = [_packed(jobs) for jobs in phases]
        self.phases: Words = np.array([phase.ctypes.data for phase in self._phases], dtype=np.int64)
        self.place = address(self.phases)


def words(*values: int) -> Words:
    """Arguments of a kernel."""
    return np.array(values, dtype=np.int64)


def floats(value: float) -> int:
    """A float32 as the low half of a word."""
    return int(np.array(value, dtype="<f4").view("<u4"))


def rotation(pairs: bool, normed: bool, partial: bool = False) -> str:
    """The name of the kernel that turns heads."""
    return ("rotate_pairs" if pairs else "rotate_halves") + "_normed" * normed + "_partial" * partial


def address(array: npt.NDArray[np.generic]) -> int:
    """Where an array lies; it must live as long as the address is used."""
    return int(array.ctypes.data)


def _packed(jobs: Sequence[Job]) -> Words:
    flat = [len(jobs)]
    for job in jobs:
        flat += [job.function, address(job.words), job.unit, job.count, job.piece]
    return np.array(flat, dtype=np.int64)
