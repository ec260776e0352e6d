"""How packed blocks are cut is what the formats are."""

from __future__ import annotations

import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.triton.formats import CUTS


@pytest.mark.parametrize("name", CUTS)
def test_groups_fill_blocks_and_a_step_fills_a_tile(name: str) -> None:
    cut = CUTS[name]
    assert FORMATS[name].columns % cut.columns == 0
    assert cut.nbytes * cut.together == 64
