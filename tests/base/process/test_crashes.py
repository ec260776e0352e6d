"""A window that crashed or was killed is known at the next start, once; one that ended properly is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helix_app.base.process import crashes
from helix_app.base.process.crashes import Session, sessions_dir

CODE = """
import sys
from helix_app.base.process.crashes import Session
session = Session()
session.begin()
print("begun", flush=True)
if sys.argv[1] == "crash":
    import faulthandler
    faulthandler._sigsegv()
if sys.argv[1] == "wait":
    sys.stdin.read()
session.end()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return tmp_path


def window(how: str) -> subprocess.Popen[bytes]:
    """A process of its own that began a session and does ``how``."""
    process = subprocess.Popen([sys.executable, "-c", CODE, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"begun"
    return process


def ended(process: subprocess.Popen[bytes]) -> int:
    process.communicate()
    return process.returncode


def begun() -> tuple[crashes.Crash, ...]:
    """What a new window learns."""
    session = Session()
    try:
        return session.begin()
    finally:
        session.end()


def test_a_crash_is_told_with_where_it_was_and_a_living_window_is_left_alone() -> None:
    other = window("wait")
    assert ended(window("crash")) != 0
    (crash,) = begun()
    assert "Segmentation fault" in crash.cause or "access violation" in crash.cause
    assert 'File "<string>"' in crash.trace
    assert crash.began.startswith("Helix ")
    assert begun() == ()
    assert ended(other) == 0
    assert list(sessions_dir().iterdir()) == []


def test_a_killed_window_is_left_alone() -> None:
    process = window("wait")
    process.kill()
    ended(process)
    assert begun() == ()
    assert list(sessions_dir().iterdir()) == []


def test_exceptions_that_windows_handled_are_no_crash_and_the_last_is_told(home: Path) -> None:
    sessions_dir().mkdir(parents=True, exist_ok=True)
    handled = "Windows fatal exception: code 0x8001010d\n\nThread 1:\n" + "  in f\n" * 5000
    left = sessions_dir() / "4194304.txt"
    left.write_text(f"Helix 0.1, started then\n{handled}", encoding="utf-8")
    assert begun() == ()
    left.write_text(f"Helix 0.1, started then\n{handled}Windows fatal exception: access violation\nx", encoding="utf-8")
    (crash,) = begun()
    assert (crash.cause, crash.trace.splitlines()[-1]) == ("access violation", "x")


def test_a_folder_that_cannot_be_made_costs_nothing(home: Path) -> None:
    (home / "logs").write_text("in the way", encoding="utf-8")
    assert begun() == ()
