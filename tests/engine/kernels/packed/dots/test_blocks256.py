"""Products of blocks of 256 columns at the ends of their ranges: no sum of small integers overflows."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.kernels.packed.dots.blocks256 import DOTS
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.reference import Arithmetic
from helix_app.engine.kernels.packed.samples import with_scales
from tests.engine.kernels.packed.run import product

BYTES = (0, 255, 0x80, 0x7F, 0x0F, 0xF0, 0x55)


@pytest.mark.parametrize("name", DOTS)
def test_the_ends_of_the_range_are_those_of_the_reference(library: Library, name: str) -> None:
    form, random = FORMATS[name], np.random.default_rng(4)
    assert form.columns == 256
    raw = np.array(BYTES, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(form.nbytes, 2)
    raw = with_scales(random, name, raw)
    signs = np.ones((4, 2 * form.columns), dtype=np.float32)
    signs[1] *= -1
    signs[2, ::2] *= -1
    signs[3] = random.choice([-1.0, 1.0], signs.shape[1])
    found = product(library, name, raw, signs)
    assert np.array_equal(found, Arithmetic(library.processor.fused).product(name, raw, signs))
