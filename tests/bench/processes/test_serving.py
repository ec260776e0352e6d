"""The server that a measurement starts: one that cannot start is told with its own reason; figures are read from it."""

from __future__ import annotations

import threading

import pytest

from helix_app.base.errors import HelixError
from helix_app.bench.config import BenchConfig
from helix_app.bench.processes import serving
from tests.server.fakes import fake_server


def test_a_server_that_cannot_start() -> None:
    with (
        pytest.raises(HelixError, match="no-such-model"),
        serving.served(BenchConfig(target="no-such-model"), 1, threading.Event()),
    ):
        pass


def test_a_server_shares_the_console_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []

    def popen(command: object, *, creationflags: int, **_: object) -> None:
        started.append(creationflags)
        raise OSError

    monkeypatch.setattr(serving, "quiet", lambda: 17)
    monkeypatch.setattr(serving.subprocess, "Popen", popen)
    with pytest.raises(OSError), serving.served(BenchConfig(target="x"), 1, threading.Event()):
        pass
    assert started == [17]


def test_figures_and_an_idle_server() -> None:
    _, running = fake_server()
    try:
        assert serving.figure(running.url, "helix_ready") == 1
        assert serving.figure(running.url, "helix_nothing") is None
        load = serving.read_streams(running.url, [[{"prompt": "say 2"}]], threading.Event())
        assert load.tokens == [2]
        assert load.speed > 0
        assert len(load.first) == 1
        assert serving.wait_until_idle(running.url, threading.Event())
    finally:
        running.close()
