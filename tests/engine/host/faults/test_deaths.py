"""Processes that die or hang: the reply goes on in another one, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Failed, Finished, Notice, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadRequest, UnloadRequest
from tests.engine.host.fake_engines import ask
from tests.engine.host.hosting import FAKE, events_of, notices, ready, text_of, until
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("deed", "detail"),
    [("exit", "exit code 3"), ("kill", "exit code 15" if sys.platform == "win32" else "signal 9 (SIGKILL)")],
)
def test_death_again_and_again_in_a_reply(host: HostClient, deed: str, detail: str) -> None:
    events_of(host, LoadRequest("m"))
    events = events_of(host, ask(deed))
    assert text_of(events) == "m-0 "  # once, whoever wrote it
    assert events[-1] == Failed("engine_died", detail, request_id="r1")
    assert notices(events) == ["engine_restarted", "engine_restarted"]
    assert host.pid is None
    again = events_of(host, ask("say 2"))
    assert notices(again) == ["engine_restarted"]
    kinds = [type(event) for event in again]
    assert kinds.index(Notice) < kinds.index(ModelReady) < kinds.index(TextDelta)
    assert text_of(again) == "m-0 m-1 "
    assert notices(events_of(host, ask("say 1"))) == []


def test_a_reply_outlives_its_engine(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="cuda"))
    events = events_of(host, ask("falter 1"))
    assert text_of(events) == "m-0 m-1 m-2 "
    assert isinstance(events[-1], Finished)
    assert events[-1].text == "m-0 m-1 m-2 "
    assert notices(events) == ["engine_restarted"]
    assert ready(events).device == "cuda"
    assert [event.index for event in events if isinstance(event, RoundDone)] == [0, 1, 2]
    assert sum(isinstance(event, PrefillDone) for event in events) == 1


def test_the_second_death_moves_the_reply_to_the_cpu(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="cuda", draft="some model"))
    events = events_of(host, ask("falter 2"))
    assert text_of(events) == "m-0 m-1 m-2 "
    assert notices(events) == ["engine_restarted", "engine_restarted_on_cpu"]
    notice = [event for event in events if isinstance(event, Notice)][-1]
    assert notice.fields == (("device", "CUDA"),)
    assert (ready(events).device, ready(events).draft) == ("cpu", "ngram")
    assert notices(events_of(host, ask("say 1"))) == []  # and stays there


def test_the_next_reply_that_dies_on_the_same_gpu_moves_to_the_cpu(host: HostClient, home: Path) -> None:
    events_of(host, LoadRequest("m", device="cuda"))
    events_of(host, ask("falter 1"))
    events = events_of(host, ask("falter 2"))
    assert notices(events) == ["engine_restarted_on_cpu"]
    assert ready(events).device == "cpu"
    events_of(host, LoadRequest("m", device="cuda"))  # asked for again, it gets its chance again
    assert notices(events_of(host, ask("falter 3"))) == ["engine_restarted"]


def test_a_hang_counts_as_death() -> None:
    host = HostClient(FAKE, gather_seconds=0, hang_seconds=0.5, hang_seconds_cpu=0.5)
    events_of(host, LoadRequest("m"))
    events = events_of(host, ask("hang"))
    assert text_of(events) == "m-0 "
    assert isinstance(events[-1], Failed)
    assert events[-1].detail.startswith("did not answer for")
    assert notices(events) == ["engine_restarted", "engine_restarted"]
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "
    host.close()


def test_stop_while_another_engine_loads(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    cancel = threading.Event()
    stream = host.stream(ask("falter 1"), cancel)
    seen = until(stream, Notice)
    cancel.set()
    seen += stream
    assert isinstance(seen[-1], Finished)
    assert (seen[-1].reason, seen[-1].text, seen[-1].token_ids) == ("cancelled", "m-0 ", (0,))
    assert seen[-1].metrics.tokens_generated == 1
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_a_device_that_ends_the_engine_while_loading_is_given_up(host: HostClient) -> None:
    events = events_of(host, LoadRequest("dies on a GPU", device="directml"))
    assert notices(events) == ["fallback_cpu"]
    assert ready(events).device == "cpu"
    assert text_of(events_of(host, ask("say 1"))) == "dies on a GPU-0 "


def test_a_device_that_keeps_memory_gets_a_new_process(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    first = host.pid
    events_of(host, LoadRequest("m", device="directml"))
    assert host.pid == first  # what the CPU used is free already
    events_of(host, LoadRequest("m", device="directml"))
    second = host.pid
    assert second != first
    assert isinstance(events_of(host, UnloadRequest())[-1], Unloaded)
    assert host.pid != second
    assert events_of(host, ask("say 1"))[-1] == Failed("no_model_loaded", request_id="r1")


def test_death_while_idle_costs_nothing_but_the_reload(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    pid = host.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: host.pid is None)
    events = events_of(host, ask("say 1"))
    assert notices(events) == ["engine_restarted"]
    assert text_of(events) == "m-0 "


def test_death_while_loading_keeps_the_model_before(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    assert events_of(host, LoadRequest("dies"))[-1] == Failed("engine_died", "exit code 7")
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_the_model_before_is_back_at_once_in_another_engine(host: HostClient) -> None:
    events_of(host, LoadRequest("m", target_name="Model M"))
    events = events_of(host, LoadRequest("dies"))
    assert [event.detail for event in events if isinstance(event, LoadProgress) and event.stage == "bring_back"] == [
        "Model M"
    ]
    assert ready(events).target_name == "m"
    last = events[-1]
    assert isinstance(last, Failed)
    assert last.kept
    assert notices(events_of(host, ask("say 1"))) == []  # nothing is left to be loaded


def test_a_wrong_pick_costs_no_process_that_keeps_its_device(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="directml"))
    pid = host.pid
    last = events_of(host, LoadRequest("missing", device="directml"))[-1]
    assert isinstance(last, Failed)
    assert (last.kept, last.code) == (True, "model_not_found")
    assert host.pid == pid
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_a_load_that_fails_in_a_new_process_brings_the_model_before_back(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="directml"))
    pid = host.pid
    events = events_of(host, LoadRequest("fails late", device="directml"))
    last = events[-1]
    assert isinstance(last, Failed)
    assert (last.kept, last.code) == (True, "out_of_memory")
    assert host.pid != pid
    assert (ready(events).target_name, ready(events).device) == ("m", "directml")
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_stop_during_a_look_keeps_the_model_and_its_process(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="directml"))
    pid, cancel = host.pid, threading.Event()
    cancel.set()
    assert list(host.stream(LoadRequest("n", device="directml"), cancel)) == [Failed("load_cancelled", kept=True)]
    assert host.pid == pid
    events = events_of(host, ask("say 1"))
    assert (text_of(events), notices(events)) == ("m-0 ", [])


def test_a_look_that_costs_its_process_does_not_cost_the_load(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="directml"))
    events = events_of(host, LoadRequest("dies at a look", device="directml"))
    assert (ready(events).target_name, ready(events).device) == ("dies at a look", "directml")
    assert text_of(events_of(host, ask("say 1"))) == "dies at a look-0 "


def test_a_load_that_fails_after_its_look_cost_the_process_brings_the_model_before_back(host: HostClient) -> None:
    events_of(host, LoadRequest("m", device="directml"))
    events = events_of(host, LoadRequest("dies", device="directml"))
    assert events[-1] == Failed("engine_died", "exit code 7", kept=True)
    assert (ready(events).target_name, ready(events).device) == ("m", "directml")
    events = events_of(host, ask("say 1"))
    assert (text_of(events), notices(events)) == ("m-0 ", [])  # nothing is left to be loaded


def test_a_load_that_is_stopped_while_another_process_starts_leaves_nothing(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    assert host.pid is not None
    os.kill(host.pid, signal.SIGTERM)
    wait_for(lambda: host.pid is None)
    cancel = threading.Event()
    cancel.set()
    assert list(host.stream(LoadRequest("n"), cancel))[-1] == Unloaded()
    assert events_of(host, ask("say 1"))[-1] == Failed("no_model_loaded", request_id="r1")
