"""How packed blocks are cut is what the formats are."""

from __future__ import annotations

import importlib.util

import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.triton.formats import CUTS, triton_version


@pytest.mark.parametrize("name", CUTS)
def test_groups_fill_blocks_and_a_step_fills_a_tile(name: str) -> None:
    cut = CUTS[name]
    assert FORMATS[name].columns % cut.columns == 0
    assert cut.nbytes * cut.together == 64


def test_a_version_is_named_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bool(triton_version()) == (importlib.util.find_spec("triton") is not None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert triton_version() == ""
