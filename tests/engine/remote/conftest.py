"""One stand-in server for all tests of remote engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.models.loading import ModelReady
from tests.engine.remote.asking import load
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


@pytest.fixture
def client(stand_in: StandIn) -> RemoteClient:
    """With the stand-in's model."""
    made = RemoteClient(lambda _: "", silent_seconds=30)
    assert isinstance(load(made, stand_in.url), ModelReady)
    return made
