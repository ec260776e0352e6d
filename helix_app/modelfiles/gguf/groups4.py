"""Four-bit weights as a file holds them: integers with a scale and an offset for each group of 32 columns.

Layout of Q4_0 and Q4_1 blocks: ggml's ``block_q4_0`` (scale, 16 bytes) and ``block_q4_1`` (scale, minimum, 16 bytes);
the low halves of the bytes are columns 0 to 15 of the group, the high halves columns 16 to 31.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

GROUP = 32
_HEADER_BYTES = {"Q4_0": 2, "Q4_1": 4}


@dataclass(frozen=True)
class Groups4:
    """weight = scale * (integer - 8) + zero.

    Attributes:
        integers: 0 to 15, uint8 ``[rows, columns]``.
        scale, zero: float32 ``[rows, columns / 32]``.
    """

    integers: npt.NDArray[np.uint8]
    scale: npt.NDArray[np.float32]
    zero: npt.NDArray[np.float32]

    def take_rows(self, order: npt.NDArray[np.int64]) -> Groups4:
        """The same rows in another order."""
        return Groups4(self.integers[order], self.scale[order], self.zero[order])


def is_groups4(kind: str) -> bool:
    """Whether tensors of this GGUF type are such groups."""
    return kind in _HEADER_BYTES


def unpack(raw: npt.NDArray[np.uint8], kind: str, shape: tuple[int, ...]) -> Groups4:
    """The groups of a Q4_0 or Q4_1 tensor of this shape from its bytes. Raises ValueError for a wrong size."""
    rows, columns = shape
    header = _HEADER_BYTES[kind]
    blocks = raw.reshape(rows, columns // GROUP, header + GROUP // 2)
    numbers: npt.NDArray[Any] = np.ascontiguousarray(blocks[:, :, :header]).view(np.float16).astype(np.float32)
    scale = np.ascontiguousarray(numbers[:, :, 0])
    zero = numbers[:, :, 1] + 8 * scale if kind == "Q4_1" else np.zeros_like(scale)
    packed = blocks[:, :, header:]
    integers = np.concatenate((packed & 15, packed >> 4), axis=-1).reshape(rows, columns)
    return Groups4(integers, scale, zero)
