"""Products of blocks of 256 columns."""

from __future__ import annotations

import pytest

from helix_app.engine.kernels.packed.dots.blocks256 import DOTS
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import Library
from tests.engine.kernels.packed.instruments.run import check_ends_of_range


@pytest.mark.parametrize("name", DOTS)
def test_the_ends_of_the_range_are_those_of_the_reference(library: Library, name: str) -> None:
    assert FORMATS[name].columns == 256
    check_ends_of_range(library, name)
