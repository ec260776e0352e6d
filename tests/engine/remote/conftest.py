"""One stand-in server for all tests of remote engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.remote.stand_in import StandIn


@pytest.fixture(scope="session")
def _one_stand_in() -> Iterator[StandIn]:
    made = StandIn()
    yield made
    made.close()


@pytest.fixture
def stand_in(_one_stand_in: StandIn) -> Iterator[StandIn]:
    """As at the beginning."""
    _one_stand_in.reset()
    yield _one_stand_in
    _one_stand_in.gate.set()
