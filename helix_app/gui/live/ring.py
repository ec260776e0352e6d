"""A bounded series of points in preallocated memory, always one contiguous view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CAPACITY = 20_000


class Ring:
    """The last ``capacity`` points of a curve.

    Memory holds twice that many; when it is full the newer half moves to the front, so that a view
    is never a copy and appending costs the same on average.
    """

    def __init__(self, columns: int = 2, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._data: NDArray[np.float64] = np.empty((columns, 2 * capacity))
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def append(self, *values: float) -> None:
        """Add one point, one value a column; the oldest one goes when there are too many."""
        if self._end == self._data.shape[1]:
            count = len(self) - 1  # room for the new one
            self._data[:, :count] = self._data[:, self._end - count : self._end]
            self._start, self._end = 0, count
        self._data[:, self._end] = values
        self._end += 1
        self._start = max(self._start, self._end - self._capacity)

    def column(self, index: int, start: int = 0) -> NDArray[np.float64]:
        """A view of one column from point ``start`` on."""
        view: NDArray[np.float64] = self._data[index, self._start + start : self._end]
        return view

    def first_after(self, x: float) -> int:
        """Number of the first point whose first column is not under ``x``."""
        return int(np.searchsorted(self.column(0), x))

    def clear(self) -> None:
        """Forget all points."""
        self._start = self._end = 0
