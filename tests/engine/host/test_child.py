"""The engine's process: rounds leave it gathered and nothing waits for long; what cannot travel, its log, Ctrl-C."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helix_app.engine.host import child
from helix_app.engine.host.child import MAX_GATHERED, MOST_CRASH_BYTES, Done, Items, _Outbox
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Failed, Finished, RoundDone, TextDelta
from helix_app.protocol.requests import LoadRequest
from tests.engine.host.fake_engines import ask, round_done
from tests.engine.host.hosting import FAKE, events_of, text_of


class Pipe:
    """A writing end that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.some = threading.Event()

    def send_bytes(self, data: bytes) -> None:
        self.sent.append(pickle.loads(data))
        self.some.set()


def test_rounds_wait_for_each_other_and_nothing_else_waits() -> None:
    pipe = Pipe()
    outbox = _Outbox(pipe, gather_seconds=3600)  # type: ignore[arg-type]
    outbox.send(Done(0))  # from now on for an hour
    for n in range(3):
        outbox.put(1, TextDelta("r", str(n)))
    assert len(pipe.sent) == 1
    end = Failed("internal", request_id="r")
    outbox.put(1, end)
    outbox.send(Done(1))
    first, items, last = pipe.sent
    assert isinstance(items, Items)
    assert [pickle.loads(event) for event in items.events] == [*(TextDelta("r", str(n)) for n in range(3)), end]
    assert (first, last) == (Done(0), Done(1))


def test_a_round_that_comes_alone_is_sent_soon() -> None:
    pipe = Pipe()
    outbox = _Outbox(pipe, gather_seconds=0.001)  # type: ignore[arg-type]
    outbox.put(1, TextDelta("r", "x"))
    assert pipe.some.wait(10)
    assert pipe.sent == [Items(1, (pickle.dumps(TextDelta("r", "x"), protocol=pickle.HIGHEST_PROTOCOL),))]


def test_a_round_goes_with_its_text_and_by_the_thread_that_brings_it() -> None:
    pipe = Pipe()
    outbox = _Outbox(pipe, gather_seconds=3600)  # type: ignore[arg-type]
    outbox.put(1, round_done("r", 0))
    assert not pipe.sent
    outbox.put(1, TextDelta("r", "x"))  # nothing was sent in the last hour
    assert [len(items.events) for items in pipe.sent if isinstance(items, Items)] == [2]
    outbox.put(1, TextDelta("r", "y"))
    assert len(pipe.sent) == 1


@pytest.mark.parametrize("texts", [0, 1, 2])
def test_what_waits_is_sent_when_nothing_else_comes(texts: int) -> None:
    pipe = Pipe()
    outbox = _Outbox(pipe, gather_seconds=0.01)  # type: ignore[arg-type]
    for n in range(texts):
        outbox.put(1, TextDelta("r", str(n)))
    outbox.put(1, round_done("r", 0))
    arrived = 0
    while arrived < texts + 1:
        assert pipe.some.wait(10)
        pipe.some.clear()
        arrived = sum(len(items.events) for items in pipe.sent if isinstance(items, Items))


def test_a_message_holds_only_so_many() -> None:
    pipe = Pipe()
    outbox = _Outbox(pipe, gather_seconds=3600)  # type: ignore[arg-type]
    outbox.send(Done(0))
    for n in range(3 * MAX_GATHERED):
        outbox.put(1, TextDelta("r", str(n)))
    assert [len(items.events) for items in pipe.sent if isinstance(items, Items)] == 3 * [MAX_GATHERED]


# ------------------------------------------------------------------- a process of its own


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("gather", [0.0, 0.001, 0.06])
def test_events_come_in_order_however_they_are_gathered(gather: float) -> None:
    host = HostClient(FAKE, gather_seconds=gather)
    try:
        events_of(host, LoadRequest("m"))
        told = events_of(host, ask("say 40"))
        assert text_of(told) == "".join(f"m-{n} " for n in range(40))
        assert isinstance(told[-1], Finished)
        assert [event.index for event in told if isinstance(event, RoundDone)] == list(range(40))
    finally:
        host.close()


def test_event_that_cannot_travel(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    failed = events_of(host, ask("unpicklable"))[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "internal"
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_unexpected_errors_are_in_the_childs_log(host: HostClient, home: Path) -> None:
    events_of(host, LoadRequest("m"))
    events_of(host, ask("raise"))
    assert "ZeroDivisionError" in (home / "logs" / "engine.log").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX signals")
def test_ctrl_c_does_not_reach_the_child(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    assert host.pid is not None
    os.kill(host.pid, signal.SIGINT)
    assert text_of(events_of(host, ask("say 1"))) == "m-0 "


def test_the_trace_of_a_crash_outlives_the_process_after_it(home: Path) -> None:
    file = home / "logs" / "engine-crash.log"
    file.parent.mkdir()
    file.write_text("Fatal Python error: Aborted\n", encoding="utf-8")
    code = "import sys; sys.stderr = None; from helix_app.engine.host import child; child._settle_in(False)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(child.__file__).parents[3])
    assert file.read_text(encoding="utf-8") == "Fatal Python error: Aborted\n"


@pytest.mark.parametrize(("before", "kept"), [(MOST_CRASH_BYTES, True), (MOST_CRASH_BYTES + 1, False)])
def test_traces_of_crashes_are_bounded(home: Path, before: int, kept: bool) -> None:
    file = home / "logs" / "engine-crash.log"
    file.parent.mkdir()
    file.write_bytes(b"x" * before)
    with child._crash_log() as log:
        log.write("new")
    assert file.stat().st_size == before * kept + len("new")


def test_log_level_reaches_the_child(host: HostClient, home: Path) -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        events_of(host, LoadRequest("m"))
    finally:
        root.setLevel(before)
    assert f"serves {FAKE}" in (home / "logs" / "engine.log").read_text(encoding="utf-8")
