"""A server beside this computer's engine: each request goes where its model is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from helix_app.engine.remote.client import RemoteClient
from helix_app.engine.remote.switch import SwitchClient
from helix_app.protocol.events import Event, Failed, Finished, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import DevicesFound, ModelReady, Unloaded
from helix_app.protocol.requests import (
    ChatMessage,
    DevicesRequest,
    GenerateRequest,
    LoadRequest,
    UnloadRequest,
)
from tests.engine.conftest import one_thread as one_thread, zoo as zoo
from tests.engine.remote.stand_in import StandIn


def request() -> GenerateRequest:
    return GenerateRequest("r", (ChatMessage("user", "hello"),))


class Local:
    """An engine that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.closed = False
        self.fails = False

    def stream(self, asked: object, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self.asked.append(asked)
        if isinstance(asked, LoadRequest):
            yield (
                Failed("model_corrupt")
                if self.fails
                else ModelReady("L", "none", "", "cpu", "", "", 1, 16, 1, 0, 1, 1, 0.0)
            )
        elif isinstance(asked, GenerateRequest):
            yield TextDelta(asked.request_id, "local")
        else:
            yield DevicesFound(()) if isinstance(asked, DevicesRequest) else Unloaded()

    def close(self) -> None:
        self.closed = True


def test_each_request_goes_to_the_engine_whose_model_answers(stand_in: StandIn) -> None:
    local = Local()
    switch = SwitchClient(local, RemoteClient(lambda _: ""))

    def last(asked: Any) -> Event:
        return list(switch.stream(asked, threading.Event()))[-1]

    there = LoadRequest(f"{stand_in.url}#m")
    assert isinstance(last(LoadRequest("here")), ModelReady)
    stand_in.models_status = 500
    told = last(there)
    assert isinstance(told, Failed)
    assert told.kept
    assert last(request()) == TextDelta("r", "local")
    stand_in.models_status = 200
    assert isinstance(last(there), ModelReady)
    assert isinstance(local.asked[-1], UnloadRequest)
    assert isinstance(last(request()), Finished)
    assert isinstance(last(DevicesRequest()), DevicesFound)
    local.fails = True
    told = last(LoadRequest("broken"))
    assert isinstance(told, Failed)
    assert told.kept
    assert isinstance(last(request()), Finished)
    local.fails = False
    last(LoadRequest("here"))
    assert last(request()) == TextDelta("r", "local")
    switch.close()
    assert local.closed


def test_a_servers_model_that_is_not_waited_for_leaves_what_answers(stand_in: StandIn) -> None:
    switch = SwitchClient(Local(), RemoteClient(lambda _: ""))
    there, stopped = LoadRequest(f"{stand_in.url}#m"), threading.Event()
    stopped.set()
    assert list(switch.stream(there, stopped))[-1] == Unloaded()  # nothing answered
    for loaded, answer in ((LoadRequest("here"), TextDelta), (there, Finished)):
        assert isinstance(list(switch.stream(loaded, threading.Event()))[-1], ModelReady)
        assert list(switch.stream(there, stopped))[-1] == Failed("load_cancelled", kept=True)
        assert isinstance(list(switch.stream(request(), threading.Event()))[-1], answer)
    switch.close()
