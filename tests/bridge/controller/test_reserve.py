"""The engine is kept idle while something is measured beside it."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.controller import SessionController
from helix_app.engine.host.client import LocalClient
from helix_app.protocol.events import CompareDone, Failed, Finished, TextDelta
from helix_app.protocol.models.loading import DevicesFound, ModelReady, Unloaded
from helix_app.protocol.requests import ArmChoice, CompareRequest, LoadChoice, LoadRequest
from tests.bridge.controller.test_devices import Searching
from tests.bridge.fakes import FAKE, FakeHub, Watcher
from tests.engine.host.fake_engines import ask

COMPARE = CompareRequest("c1", LoadChoice("m"), (ArmChoice(), ArmChoice("autoregressive")), ())


@pytest.fixture
def client() -> LocalClient:
    return LocalClient(FAKE)


def test_nothing_is_written_meanwhile(controller: SessionController, watcher: Watcher) -> None:
    assert controller.reserve("bench_running")
    assert not controller.reserve("bench_running")
    controller.generate(ask("say 1", "r1"))
    assert watcher.wait_for(Failed) == Failed("bench_running", request_id="r1")
    controller.compare(COMPARE)
    assert watcher.wait_for(CompareDone) == CompareDone("c1", "failed", failed=Failed("bench_running"))
    assert not controller.busy
    controller.release()
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("say 1", "r2"))
    watcher.wait_for(Finished)


def test_it_cannot_be_had_while_it_works(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    assert not controller.reserve("bench_running")
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    assert not controller.reserve("bench_running")
    controller.cancel()
    watcher.wait_for(Finished)
    assert controller.reserve("bench_running")


def test_a_load_waits_for_the_release(controller: SessionController, watcher: Watcher) -> None:
    assert controller.reserve("bench_running")
    controller.load(LoadChoice("m"))
    assert controller.busy
    assert not [event for event in watcher.seen if isinstance(event, ModelReady)]
    controller.release()
    watcher.wait_for(ModelReady)


def test_a_load_that_waits_can_be_stopped(controller: SessionController, watcher: Watcher) -> None:
    assert controller.reserve("bench_running")
    controller.load(LoadChoice("m"))
    controller.cancel()
    watcher.wait_for(Unloaded)
    controller.release()
    watcher.wait_for(Unloaded, 2)
    assert not [event for event in watcher.seen if isinstance(event, ModelReady)]


def test_a_search_for_devices_gives_way_and_comes_back(qtbot: QtBot) -> None:
    engine = Searching()
    controller = SessionController(engine, FakeHub().hub(), stop_ms=5000)
    watcher = Watcher(controller, qtbot)
    controller.start()
    try:
        controller.look_for_devices()
        assert engine.begun.acquire(timeout=20)
        assert controller.reserve("bench_running")
        controller.release()
        qtbot.waitUntil(lambda: engine.begun.acquire(blocking=False), timeout=20_000)
        engine.go.set()
        watcher.wait_for(DevicesFound)
    finally:
        assert controller.shutdown()


def test_a_load_does_not_begin_when_that_search_ends(qtbot: QtBot) -> None:
    engine = Searching()
    controller = SessionController(engine, FakeHub().hub(), stop_ms=5000)
    watcher = Watcher(controller, qtbot)
    controller.start()
    try:
        controller.look_for_devices()
        assert engine.begun.acquire(timeout=20)
        engine.go.set()  # the search ends, but that is not heard of yet
        assert controller.reserve("bench_running")
        controller.load(LoadChoice("m"))
        watcher.wait_for(DevicesFound)
        controller.cancel()  # only a load that has not begun is over at once
        assert isinstance(watcher.seen[-1], Unloaded)
        assert not [request for request in engine.seen if isinstance(request, LoadRequest)]
    finally:
        assert controller.shutdown()
