"""A controller over an engine in a child process, and over one in this process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.controller import SessionController
from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.parent import HostClient
from tests.bridge.fakes import FAKE, Client, FakeHub, Watcher
from tests.engine.host.forking import fork_children


@pytest.fixture(scope="package", autouse=True)
def forked() -> Iterator[None]:
    """Children have their imports at once."""
    with pytest.MonkeyPatch.context() as patch:
        fork_children(patch)
        yield


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub()


@pytest.fixture(params=[HostClient, LocalClient], ids=["child", "thread"])
def client(request: pytest.FixtureRequest) -> Client:
    return request.param(FAKE)


@pytest.fixture
def controller(client: Client, hub: FakeHub, qtbot: QtBot) -> Iterator[SessionController]:
    controller = SessionController(client, hub.hub(), stop_ms=5000)
    controller.start()
    yield controller
    assert controller.shutdown()
    assert controller.shutdown()
    assert not multiprocessing.active_children()
    assert not [thread for thread in controller.threads if thread.isRunning()]


@pytest.fixture
def watcher(controller: SessionController, qtbot: QtBot) -> Watcher:
    return Watcher(controller, qtbot)
