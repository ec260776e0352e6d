"""What the tests of n-gram tables share."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from tests.engine.drafts.ngrams.test_ngram_table import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a table may be made; its folder is not there yet."""
    return tmp_path / "some folder" / "model.table"


@pytest.fixture
def table(path: Path) -> NgramTable:
    """A new table that learns."""
    return made(path)
