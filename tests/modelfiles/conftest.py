"""Tiny models, made once a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.made.tiny import Zoo


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("files-zoo"))


@pytest.fixture(scope="module")
def small(zoo: Zoo) -> Path:
    """A sound GGUF file."""
    return zoo.gguf("llama-small")
