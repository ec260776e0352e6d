"""Rows that a job negates."""

from __future__ import annotations

import numpy as np

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.program import Job, address, words


class Turned:
    """Rows that a job negates; ``value`` of each is ``start`` times -1 for every time that it was worked on."""

    def __init__(self, library: Library, rows: int, piece: int) -> None:
        self.x = np.ones((rows, 1, 16), dtype=np.float32)
        self._cos, self._sin = np.full((1, 8), -1.0, dtype=np.float32), np.zeros((1, 8), dtype=np.float32)
        self._zeros, self._count = np.zeros(rows, dtype=np.int64), np.array([rows], dtype=np.int64)
        cos, sin, zeros = address(self._cos), address(self._sin), address(self._zeros)
        args = words(address(self.x), 64, 1, 0, 16, cos, sin, zeros, zeros, 0, 0, 0)
        self.job = Job(library.address("rotate_halves"), args, 1, address(self._count), piece)
