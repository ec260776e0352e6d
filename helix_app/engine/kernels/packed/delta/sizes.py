"""Sizes that the kernels of recurrent layers and their callers share; nothing here emits code."""

from __future__ import annotations

from helix_app.engine.kernels.packed.formats import LANES

WIDTHS = (1, 2, 4)  # vectors of a state's columns that a thread takes at a time
SEQUENCE_WORDS = 5  # of one in the table of sequences


def width_of(value_dim: int) -> int:
    """The columns that a thread takes at a time, in vectors; 0 where there is no kernel for heads of this size."""
    return max((width for width in WIDTHS if value_dim % (LANES * width) == 0), default=0)
