"""The engine clients: the same events from a child process as from this one, and no failure that spreads."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.engine.host.child import MOST_GATHERED
from helix_app.engine.host.client import LocalClient, guarded_stream
from helix_app.engine.host.parent import HostClient
from helix_app.engine.host.process import WAITING_MESSAGES, exit_text
from helix_app.protocol.events import Event, Failed, Finished, RoundDone, TextDelta
from helix_app.protocol.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import LoadRequest, UnloadRequest
from tests.engine.host.fake_engines import Scripted, ask
from tests.engine.host.hosting import FAKE, Client, closed_after, events_of, text_of, until
from tests.waiting import vanished, wait_for

BROKEN = "tests.engine.host.fake_engines:Broken"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(params=[HostClient, LocalClient], ids=["child", "thread"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    yield from closed_after(request.param(FAKE))


@pytest.fixture
def host() -> Iterator[HostClient]:
    yield from closed_after(HostClient(FAKE, grace_seconds=0.3))


# ------------------------------------------------------------------- both clients


def test_same_events_as_the_engine_itself(client: Client) -> None:
    engine = Scripted()
    for request in (LoadRequest("m"), ask("say 40"), UnloadRequest(), ask("say 1")):
        expected = list(guarded_stream(engine, request, threading.Event()))
        got = events_of(client, request)
        assert [
            e for e in got if not (isinstance(e, LoadProgress) and e.stage in ("start_engine", "import"))
        ] == expected


def test_cancel_ends_a_reply(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    stream = client.stream(ask("forever"), cancel)
    seen = until(stream, TextDelta)
    cancel.set()
    seen += stream
    assert isinstance(seen[-1], Finished)
    assert seen[-1].reason == "cancelled"
    assert seen[-1].text == text_of(seen)


def test_cancel_wakes_a_silent_engine(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    stream = client.stream(ask("wait"), cancel)
    until(stream, TextDelta)
    cancel.set()
    assert [type(event) for event in stream] == [Finished]


def test_second_stream_is_busy(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    first = client.stream(ask("wait"), cancel)
    until(first, TextDelta)
    assert events_of(client, ask("say 1", "r2")) == [Failed("engine_busy", request_id="r2")]
    cancel.set()
    assert isinstance(list(first)[-1], Finished)
    assert isinstance(events_of(client, ask("say 1"))[-1], Finished)


def test_abandoned_stream_frees_the_engine(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = client.stream(ask("forever"), threading.Event())
    until(stream, TextDelta)
    stream.close()  # type: ignore[attr-defined]
    assert text_of(events_of(client, ask("say 2"))) == "m-0 m-1 "


def test_expected_failure_keeps_code_and_fields(client: Client) -> None:
    assert events_of(client, LoadRequest("missing"))[-1] == Failed("model_not_found", "", (("path", "missing"),))


@pytest.mark.parametrize(
    ("deed", "code", "detail"), [("raise", "internal", "on purpose"), ("memory", "out_of_memory", "")]
)
def test_exception_becomes_failed_and_the_engine_goes_on(client: Client, deed: str, code: str, detail: str) -> None:
    events_of(client, LoadRequest("m"))
    failed = events_of(client, ask(deed))[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, failed.request_id) == (code, "r1")
    assert detail in failed.detail
    assert text_of(events_of(client, ask("say 1"))) == "m-0 "


@pytest.mark.parametrize("kind", [HostClient, LocalClient])
def test_engine_that_cannot_be_imported(kind: type[Client], caplog: pytest.LogCaptureFixture) -> None:
    client = kind(BROKEN)
    for _ in range(2):  # also the second time, when the first process is gone
        failed = events_of(client, ask("say 1"))[-1]
        assert isinstance(failed, Failed)
        assert (failed.code, failed.request_id) == ("internal", "r1")
        assert "no such library" in failed.detail
    client.close()


def test_close_twice_and_then_nothing(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    client.close()
    client.close()
    assert events_of(client, ask("say 1")) == [Failed("engine_died", "closed", request_id="r1")]
    client.start()  # does nothing


def test_close_from_another_thread_ends_the_reply(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    seen: list[Event] = []
    begun = threading.Event()

    def read() -> None:
        for event in client.stream(ask("forever"), threading.Event()):
            seen.append(event)
            begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(20)
    client.close()
    reader.join(20)
    assert not reader.is_alive()
    assert isinstance(seen[-1], (Finished, Failed))


# ----------------------------------------------------------------------- the child


def test_importing_the_host_imports_no_torch() -> None:
    code = "import sys, helix_app.engine.host; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_stopped_child_blocks_neither_stop_nor_close(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    pid = host.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    cancel = threading.Event()
    cancel.set()
    huge = ask("say 1 " + "x" * 5_000_000)  # more than a pipe holds
    (stopped,) = host.stream(huge, cancel)
    assert isinstance(stopped, Finished)
    assert (stopped.reason, stopped.text) == ("cancelled", "")


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


PARENT = """
import sys, threading
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import TextDelta
from helix_app.protocol.requests import LoadRequest
from tests.engine.host.fake_engines import ask

if __name__ == "__main__":
    client = HostClient("tests.engine.host.fake_engines:Scripted")
    list(client.stream(LoadRequest("m"), threading.Event()))
    if sys.argv[1] == "idle":
        print(client.pid, flush=True)
        threading.Event().wait()
    for event in client.stream(ask(sys.argv[1]), threading.Event()):
        if isinstance(event, TextDelta):
            print(client.pid, flush=True)
"""


@pytest.mark.parametrize("doing", ["idle", "forever", "hang"])
def test_child_ends_with_its_parent(doing: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    root = Path(__file__).parents[3]
    parent = subprocess.Popen(
        [sys.executable, str(script), doing],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not vanished(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: vanished(child))


def test_interpreter_ends_without_close(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.replace("threading.Event().wait()", "sys.exit(5)"), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, str(script), "idle"], capture_output=True, env=env, check=False, timeout=60)
    assert done.returncode == 5
    assert done.stderr == b""
    wait_for(lambda: vanished(int(done.stdout)))


def test_exit_text() -> None:
    assert exit_text(None) == "did not end"
    assert exit_text(1) == "exit code 1"
    assert exit_text(-999) == "signal 999"


def test_log_level_reaches_the_child(host: HostClient, home: Path) -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        events_of(host, LoadRequest("m"))
    finally:
        root.setLevel(before)
    assert f"serves {FAKE}" in (home / "logs" / "engine.log").read_text(encoding="utf-8")


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


def test_an_engine_ahead_of_its_reader_waits(host: HostClient) -> None:
    """So Stop has little before it. Unbounded, the same reply is ahead by whatever time gives it."""
    events_of(host, LoadRequest("m"))
    cancel = threading.Event()
    stream = host.stream(ask("forever"), cancel)
    until(stream, TextDelta)
    child = host._child
    assert child is not None
    wait_for(child._inbox.full)
    cancel.set()
    rest = list(stream)
    assert isinstance(rest[-1], Finished)
    assert len(rest) < 2 * WAITING_MESSAGES * (MOST_GATHERED + 1)
    assert text_of(rest) in rest[-1].text
