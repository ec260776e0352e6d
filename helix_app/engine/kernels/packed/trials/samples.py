"""Made-up packed weights, to compare kernels on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from helix_app.engine.kernels.packed.formats import FORMATS

_ONE = ("Q8_0", "Q4_0", "Q5_0", "IQ4_NL", "IQ4_XS")  # with one scale at the beginning of a block; others have two
_SCALES_AT = {"Q2_K": (80, 82), "Q3_K": (108,), "Q6_K": (208,)}  # of blocks that do not begin with them


def made_up(random: np.random.Generator, name: str, rows: int, blocks: int) -> npt.NDArray[np.uint8]:
    """Weights ``[rows, bytes]`` of a format: any bits, but scales of a sane size."""
    form = FORMATS[name]
    return with_scales(random, name, random.integers(0, 256, (rows, blocks, form.nbytes), dtype=np.uint8))


def with_scales(random: np.random.Generator, name: str, raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Blocks ``[rows, blocks, bytes]``, which get scales of a sane size, as ``[rows, bytes]``."""
    rows, blocks = raw.shape[:2]
    if name == "MXFP4":
        raw[..., 0] = random.integers(115, 124, (rows, blocks))
        raw[0, 0, 0], raw[0, -1, 0] = 0, 1  # the two that are no usual numbers
        return raw.reshape(rows, -1)
    for at in scale_places(name):
        numbers = random.normal(0, 0.01, (rows, blocks, 1)).astype(np.float16)
        raw[..., at : at + 2] = numbers.view(np.uint8)
    return raw.reshape(rows, -1)


def scale_places(name: str) -> tuple[int, ...]:
    """Where a block has its scales in float16; MXFP4 has none."""
    if name == "MXFP4":
        return ()
    return _SCALES_AT.get(name, (0,) if name in _ONE else (0, 2))
