"""Folders of a person whose window runs the real model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def home(helix_home: Path, tmp_path: Path) -> Path:
    """A person's folders, with what this run has converted and measured already."""
    if sys.platform != "win32":  # where links take a right of their own
        cache = helix_home / "cache"
        cache.mkdir(exist_ok=True)
        (tmp_path / "cache").symlink_to(cache, target_is_directory=True)
    return tmp_path
