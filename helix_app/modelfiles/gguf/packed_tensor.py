"""A weight as its file holds it: packed blocks, mapped and never copied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PackedTensor:
    """A matrix of packed blocks.

    Attributes:
        format: GGUF's name of it, ``Q4_K``.
        raw: ``[rows, bytes of a row]``, the mapped file.
        columns: numbers of a row.
    """

    format: str
    raw: npt.NDArray[np.uint8]
    columns: int

    @property
    def rows(self) -> int:
        """Of the matrix."""
        return int(self.raw.shape[0])
