"""The packed formats of GGUF that have a kernel, and how activations are rounded for them.

Layouts of blocks: ggml's ``ggml-common.h``. Activations are rounded to eight bits, in groups of as many columns as a
block of weights has: a record holds the integers, what their sums are, and the scale. That rounding is the one
approximation of the packed path.

    record of 256 columns   256 int8 | 16 sums of 16, int16 | scale in eight lanes, float32            320 bytes
    eight of 32 columns     8 times 32 int8 | 8 scales | 8 of scale * sum, float32                     320 bytes

Those of 32 columns lie eight rows together, so that scales of eight rows are one vector.
"""

from __future__ import annotations

from dataclasses import dataclass

RECORD_BYTES = {256: 320, 32: 40}
LANES = 8  # of float32 in a vector
SUMS_AT, SCALES_AT = 256, 288  # in a record of 256 columns
TOGETHER = 8  # rows whose records of 32 columns lie together
SHARED_BYTES = TOGETHER * RECORD_BYTES[32]
SCALE_AT, SCALED_SUM_AT = 256, 288  # of the first of them


@dataclass(frozen=True)
class Format:
    """A packed format.

    Attributes:
        columns: of a block.
        nbytes: of a block.
    """

    name: str
    columns: int
    nbytes: int

    @property
    def record_bytes(self) -> int:
        """Of the activations beside a block."""
        return RECORD_BYTES[self.columns]


FORMATS = {
    made.name: made
    for made in (
        Format("Q4_0", 32, 18),
        Format("Q4_1", 32, 20),
        Format("Q5_0", 32, 22),
        Format("Q5_1", 32, 24),
        Format("Q8_0", 32, 34),
        Format("Q2_K", 256, 84),
        Format("Q3_K", 256, 110),
        Format("Q4_K", 256, 144),
        Format("Q5_K", 256, 176),
        Format("Q6_K", 256, 210),
        Format("IQ4_NL", 32, 18),
        Format("IQ4_XS", 256, 136),
        Format("MXFP4", 32, 17),
    )
}
# what the sixteen values of four bits stand for, in units of the scale
NONLINEAR = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)  # IQ4_NL, IQ4_XS
E2M1 = (0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)  # MXFP4: doubled, as half the scale is kept
