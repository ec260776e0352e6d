"""The engine in a child process: how it starts, what it remembers, and when it is ended."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Failed, Finished, TextDelta
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import LoadRequest, UnloadRequest
from tests.engine.host.fake_engines import ask
from tests.engine.host.hosting import events_of, text_of, until

pytestmark = pytest.mark.usefixtures("home")


def test_starting_shows_life_and_prewarming_hides_it(host: HostClient) -> None:
    assert host.pid is None
    stages = [event.stage for event in events_of(host, LoadRequest("m")) if isinstance(event, LoadProgress)]
    assert stages == ["start_engine", "import", "weights"]
    host.start()  # runs already
    pid = host.pid
    assert events_of(host, ask("say 1"))[-1].text == "m-0 "  # type: ignore[union-attr]
    assert host.pid == pid


def test_cancel_while_starting() -> None:
    host = HostClient("tests.engine.host.fake_engines:Stuck", close_seconds=0.1)
    cancel = threading.Event()
    for request, result in ((ask("say 1"), Finished), (LoadRequest("m"), Unloaded)):
        cancel.clear()
        stream = host.stream(request, cancel)
        until(stream, LoadProgress)
        cancel.set()
        assert isinstance(list(stream)[-1], result)
    host.close()
    assert not multiprocessing.active_children()


def test_start_that_takes_too_long() -> None:
    host = HostClient("tests.engine.host.fake_engines:Stuck", start_seconds=0.2)
    assert events_of(host, ask("say 1"))[-1] == Failed("engine_died", "did not start", request_id="r1")
    host.close()


def test_death_while_starting() -> None:
    host = HostClient("tests.engine.host.fake_engines:DeadOnArrival")
    assert events_of(host, ask("say 1"))[-1] == Failed("engine_died", "exit code 9", request_id="r1")
    host.close()


def test_unloaded_model_is_not_loaded_again(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    assert events_of(host, UnloadRequest()) == [Unloaded()]
    events_of(host, ask("exit"))
    assert events_of(host, ask("say 1"))[-1] == Failed("no_model_loaded", request_id="r1")


def test_unload_starts_no_process(host: HostClient) -> None:
    assert events_of(host, UnloadRequest()) == [Unloaded()]
    assert host.pid is None


def test_hang_is_killed_after_stop(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    cancel = threading.Event()
    stream = host.stream(ask("hang"), cancel)
    until(stream, TextDelta)
    cancel.set()
    (stopped,) = stream
    assert isinstance(stopped, Finished)
    assert (stopped.reason, stopped.text) == ("cancelled", "m-0 ")
    assert host.pid is None
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "
