"""The whole program is killed in the middle of a reply: the last second of it may be lost, and no more."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from helix_app.store.chats.store import ChatStore
from tests.forked import CLOSED, Warm
from tests.integration.window.chatting_window import QUESTION

SECOND = 1.0
ROOT = Path(__file__).parents[3]
PROGRAM = "tests.integration.window.chatting_window"

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(sys.platform == "win32", reason="a process group is killed, which Windows has not"),
]


def environment_of(home: Path) -> dict[str, str]:
    return {**os.environ, "HELIX_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}


def kill_after(home: Path, model: str, lines: int) -> list[tuple[str, float]]:
    """Let a window write, kill all of it after so many pieces of text; what it was given, and when."""
    command = [sys.executable, "-m", PROGRAM, model]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment_of(home),
        cwd=ROOT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            return told_until(process.stdout, lines)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def kill_forked_after(warm: Warm, home: Path, model: str, lines: int) -> list[tuple[str, float]]:
    """The same with the engine in the window's own process, which is forked."""
    ours, theirs = os.pipe()
    with open(ours, encoding="utf-8") as output:
        pid = warm.start(PROGRAM, [model, "thread"], [CLOSED, theirs, CLOSED], environment_of(home))
        os.close(theirs)
        try:
            return told_until(output, lines)
        finally:
            os.killpg(pid, signal.SIGKILL)
            assert warm.wait() == -signal.SIGKILL


def told_until(output: Iterable[str], lines: int) -> list[tuple[str, float]]:
    """So many pieces of text, and when they came; some of it is to be kept by then."""
    given: list[tuple[str, float]] = []
    kept = False
    for line in output:
        told = json.loads(line)
        kept = kept or "kept" in told
        if "text" in told:
            given.append((told["text"], told["at"]))
        if kept and len(given) >= lines:
            break
    return given


def check(home: Path, given: list[tuple[str, float]]) -> None:
    """The file is whole, and all is there but the last second."""
    (file,) = home.rglob("chats.db")
    with sqlite3.connect(file) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    store = ChatStore(file)
    try:
        (entry,) = store.entries()
        chat = store.chat(entry.id)
    finally:
        store.close()
    assert chat is not None
    question, reply = chat.messages
    assert question.text == QUESTION
    assert reply.state == "interrupted"
    last = given[-1][1]
    surely = [text for text, at in given if at <= last - SECOND]
    assert reply.text.startswith(surely[-1] if surely else "")
    assert given[-1][0].startswith(reply.text) or reply.text.startswith(given[-1][0])


def test_a_kill_costs_a_second_at_most(default_model: Path, home: Path) -> None:
    check(home, kill_after(home, str(default_model), random.Random(0).randint(5, 60)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt does not run in a forked process")
@pytest.mark.parametrize("moment", [1, 2])
def test_at_another_moment(warm_window: Warm, default_model: Path, home: Path, moment: int) -> None:
    check(home, kill_forked_after(warm_window, home, str(default_model), random.Random(moment).randint(5, 60)))


@pytest.mark.soak
@pytest.mark.parametrize("moment", range(3, 20))
def test_a_kill_at_any_moment(default_model: Path, home: Path, moment: int) -> None:
    check(home, kill_after(home, str(default_model), random.Random(moment).randint(1, 150)))
