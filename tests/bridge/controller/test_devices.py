"""The search for devices: once, when the engine is idle, and never in anybody's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.controller import SessionController
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import DevicesFound, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import DeviceItem, DevicesRequest, LoadChoice, LoadRequest, Request, UnloadRequest
from tests.bridge.fakes import Watcher
from tests.engine.host.fake_engines import ask, finished, model_ready

FOUND = DevicesFound((DeviceItem("cpu", "cpu", "A CPU"),))


class Searching:
    """An engine whose search for devices lasts until it is let go or cancelled; everything else is done at once.

    Attributes:
        seen: the requests, in order.
        go: lets searches end.
        answer: what a search finds.
    """

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.answer: Event = FOUND

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self.seen.append(request)
        if isinstance(request, DevicesRequest):
            yield LoadProgress("start_engine")
            self.begun.release()
            while not self.go.wait(0.005):
                if cancel.is_set():
                    yield DevicesFound(())
                    return
            yield self.answer
        elif isinstance(request, LoadRequest):
            yield model_ready(request.target)
        elif isinstance(request, UnloadRequest):
            yield Unloaded()
        else:
            yield finished(request.request_id, "eos", "text")

    def close(self) -> None:
        self.go.set()

    def kinds(self) -> list[str]:
        return [type(request).__name__.removesuffix("Request") for request in self.seen]


@pytest.fixture
def engine() -> Searching:
    return Searching()


@pytest.fixture
def client(engine: Searching) -> Searching:
    return engine


def begin(controller: SessionController, engine: Searching) -> None:
    """Have a search under way."""
    controller.look_for_devices()
    assert engine.begun.acquire(timeout=20)
    assert not controller.busy


def test_what_is_found_is_told_and_nobody_is_busy(
    controller: SessionController, engine: Searching, watcher: Watcher, qtbot: QtBot
) -> None:
    begin(controller, engine)
    engine.go.set()
    watcher.wait_for(FOUND)
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    qtbot.waitUntil(lambda: not controller.busy)
    assert engine.kinds() == ["Devices", "Load"]
    assert not [event for event in watcher.seen if isinstance(event, LoadProgress)]
    assert watcher.busy == [True, False]


def test_a_load_goes_first_and_the_search_begins_anew(
    controller: SessionController, engine: Searching, watcher: Watcher
) -> None:
    begin(controller, engine)
    controller.load(LoadChoice("m"))
    assert controller.busy
    watcher.wait_for(ModelReady)
    assert engine.begun.acquire(timeout=20)
    engine.go.set()
    watcher.wait_for(FOUND)
    assert engine.kinds() == ["Devices", "Load", "Devices"]
    assert DevicesFound(()) not in watcher.seen


def test_a_reply_goes_first_too(controller: SessionController, engine: Searching, watcher: Watcher) -> None:
    begin(controller, engine)
    controller.generate(ask("say 1"))
    watcher.wait_for(Finished)
    engine.go.set()
    watcher.wait_for(FOUND)
    assert engine.kinds() == ["Devices", "Generate", "Devices"]
    assert not [event for event in watcher.seen if isinstance(event, Failed)]


def test_a_search_waits_for_what_runs(controller: SessionController, engine: Searching, watcher: Watcher) -> None:
    engine.go.set()
    controller.load(LoadChoice("m"))
    controller.look_for_devices()
    watcher.wait_for(FOUND)
    assert engine.kinds() == ["Load", "Devices"]


def test_a_load_that_is_stopped_before_it_began_still_ends(
    controller: SessionController, engine: Searching, watcher: Watcher
) -> None:
    begin(controller, engine)
    controller.load(LoadChoice("m"))
    controller.cancel()
    watcher.wait_for(Unloaded)
    assert "Load" not in engine.kinds()


def test_a_reply_that_is_stopped_before_it_began_still_ends(
    controller: SessionController, engine: Searching, watcher: Watcher
) -> None:
    begin(controller, engine)
    controller.generate(ask("say 1"))
    controller.cancel()
    result = watcher.wait_for(Finished)
    assert isinstance(result, Finished)
    assert result.reason == "cancelled"
    assert "Generate" not in engine.kinds()
    assert not controller.busy


def test_stop_alone_does_not_end_a_search(controller: SessionController, engine: Searching, watcher: Watcher) -> None:
    begin(controller, engine)
    controller.cancel()
    engine.go.set()
    watcher.wait_for(FOUND)
    assert engine.kinds() == ["Devices"]


@pytest.mark.parametrize("answer", [Failed("engine_died"), DevicesFound(())])
def test_a_search_without_an_answer_is_not_told(
    controller: SessionController, engine: Searching, watcher: Watcher, answer: Event
) -> None:
    engine.answer = answer
    begin(controller, engine)
    engine.go.set()
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.load(LoadChoice("n"))
    watcher.wait_for(ModelReady, 2)
    assert answer not in watcher.seen


def test_the_end_does_not_wait_for_a_search(controller: SessionController, engine: Searching) -> None:
    begin(controller, engine)
    assert controller.shutdown()
