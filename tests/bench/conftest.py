"""Tiny models, made once, on one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.engine.tiny import Zoo


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """Tiny random models by name."""
    return Zoo(tmp_path_factory.mktemp("bench-zoo"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
