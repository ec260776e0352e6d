"""The packed formats that have a product in Triton, and how their blocks are cut. Imports neither Triton nor torch.

A group is the packed bytes that share a scale. Each of its bytes holds a value of two columns, but for eight bits one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """A format in groups.

    Attributes:
        nbytes: packed bytes of a group.
        together: groups that a step of a kernel takes.
        halves: values in a byte.
    """

    nbytes: int
    together: int
    halves: int = 2

    @property
    def columns(self) -> int:
        """Of a group."""
        return self.nbytes * self.halves


UNPACKED_ROWS = 8192  # rows of a weight that are unpacked at a time for many rows of activations
CUTS = {
    "Q4_0": Cut(16, 4),
    "Q4_1": Cut(16, 4),
    "Q5_0": Cut(16, 4),
    "Q5_1": Cut(16, 4),
    "Q8_0": Cut(32, 2, halves=1),
    "Q4_K": Cut(32, 2),
    "Q5_K": Cut(32, 2),
    "Q6_K": Cut(16, 4),
}
