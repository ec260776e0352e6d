"""The whole program is killed in the middle of a reply: the last second of it may be lost, and no more."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from helix_app.store.chats.store import ChatStore
from tests.integration.window.chatting_window import QUESTION

SECOND = 1.0
ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(sys.platform == "win32", reason="a process group is killed, which Windows has not"),
]


def kill_after(home: Path, model: str, lines: int) -> list[tuple[str, float]]:
    """Let a window write, kill all of it after so many pieces of text; what it was given, and when."""
    env = {**os.environ, "HELIX_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.integration.window.chatting_window", model]
    given: list[tuple[str, float]] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=ROOT, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        kept = False
        try:
            for line in process.stdout:
                told = json.loads(line)
                kept = kept or "kept" in told
                if "text" in told:
                    given.append((told["text"], told["at"]))
                if kept and len(given) >= lines:
                    break
        finally:
            os.killpg(process.pid, signal.SIGKILL)
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


@pytest.mark.parametrize("moment", range(3))
def test_a_kill_costs_a_second_at_most(default_model: Path, tmp_path: Path, moment: int) -> None:
    check(tmp_path, kill_after(tmp_path, str(default_model), random.Random(moment).randint(5, 60)))


@pytest.mark.soak
@pytest.mark.parametrize("moment", range(3, 20))
def test_a_kill_at_any_moment(default_model: Path, tmp_path: Path, moment: int) -> None:
    check(tmp_path, kill_after(tmp_path, str(default_model), random.Random(moment).randint(1, 150)))
