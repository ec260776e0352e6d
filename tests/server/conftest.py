"""Servers over a fake engine; nothing here loads a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.fakes import FakeClient, Running, fake_server


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[FakeClient, Running]]:
    client, running = fake_server()
    yield client, running
    client.gate.set()
    running.close()
    assert client.closed


@pytest.fixture
def fake(pair: tuple[FakeClient, Running]) -> FakeClient:
    """The engine behind ``server``."""
    return pair[0]


@pytest.fixture
def server(pair: tuple[FakeClient, Running]) -> Running:
    """A server that is shared by the tests of a module."""
    return pair[1]
