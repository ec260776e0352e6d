"""Tiny models, made once, on one thread; and programs without the wait for their imports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import one_thread as one_thread, zoo as zoo
from tests.forked import Warm


@pytest.fixture(scope="package")
def warm() -> Iterator[Warm]:
    """Forks programs of the command line."""
    made = Warm(
        "helix_app.cli.main", "helix_app.cli.generate", "helix_app.cli.benching.bench", "helix_app.engine.engine"
    )
    yield made
    made.close()
