"""A home of its own and a client of a child process, for the tests that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.engine.host.parent import HostClient
from tests.engine.host.forking import fork_children
from tests.engine.host.hosting import FAKE, Client, closed_after


@pytest.fixture(scope="package", autouse=True)
def forked() -> Iterator[None]:
    """Children start at once."""
    with pytest.MonkeyPatch.context() as patch:
        fork_children(patch)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where engine processes keep their logs."""
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def host(home: Path) -> Iterator[Client]:
    """A client whose engine follows scripts in a child process."""
    yield from closed_after(HostClient(FAKE, grace_seconds=0.3, gather_seconds=0))
