"""One engine process: messages both ways, and its end with its parent, on demand and when it does not answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helix_app.engine.host import process
from helix_app.engine.host.child import MAX_GATHERED, Hello, Ready
from helix_app.engine.host.parent import HostClient
from helix_app.engine.host.process import WAITING_MESSAGES, ChildGone, ChildProcess
from helix_app.protocol.events import Finished, TextDelta
from helix_app.protocol.requests import LoadRequest
from tests.engine.host.fake_engines import ask
from tests.engine.host.hosting import FAKE, events_of, text_of, until
from tests.waiting import vanished, wait_for

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def child(home: Path) -> Iterator[ChildProcess]:
    """A process with an engine that follows scripts."""
    made = ChildProcess(FAKE, 0.0)
    yield made
    made.end(0)


def test_a_process_says_hello_and_ends_when_it_is_asked(child: ChildProcess) -> None:
    assert [child.receive(30), child.receive(30)] == [Hello(), Ready()]
    assert child.receive(0.0) is None
    assert child.alive
    child.end(30)
    assert not child.alive
    assert vanished(child.pid)
    assert child.exit_text() == "exit code 0"
    with pytest.raises(ChildGone):
        child.receive(30)


def test_a_process_that_is_given_no_time_is_killed(child: ChildProcess) -> None:
    child.end(0)
    child.end(0)  # it is over
    assert not child.alive
    assert child.exit_text() != "exit code 0"


@pytest.mark.skipif(sys.platform == "win32", reason="no such copy of a pipe's end")
def test_a_process_that_dies_before_it_takes_its_end_of_the_pipe(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows that end stays open in its parent then, so that the pipe never ends."""
    kept: list[int] = []
    context: Any = multiprocessing.get_context("spawn")
    real = context.Pipe

    def pipe() -> Any:
        ours, theirs = real()
        kept.append(os.dup(theirs.fileno()))
        return ours, theirs

    monkeypatch.setattr(context, "Pipe", pipe)
    monkeypatch.setattr(process, "LAST_READ_SECONDS", 0.2)
    monkeypatch.setattr(process, "KILL_SECONDS", 0.5)
    child = ChildProcess(FAKE, 0.0)
    try:
        assert [child.receive(30), child.receive(30)] == [Hello(), Ready()]
        os.kill(child.pid, signal.SIGKILL)
        wait_for(lambda: not child.alive)
        with pytest.raises(ChildGone):
            child.receive(0.1)
    finally:
        for descriptor in kept:
            os.close(descriptor)
        child.end(0)


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
    assert len(rest) < 2 * WAITING_MESSAGES * (MAX_GATHERED + 1)
    assert text_of(rest) in rest[-1].text
