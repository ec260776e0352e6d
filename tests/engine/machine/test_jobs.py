"""Jobs that answer, raise, crash, hang and babble; and the program that starts them when it is frozen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.process.program import JOB_FLAG
from helix_app.engine.machine import jobs

ROOT = Path(__file__).parents[3]


def test_an_answer_among_other_lines() -> None:
    said = jobs._answer('hello\n{"answer": 1}\n{"answer": {"a": 1}}\n[2]\nbye\n', "", 0)
    assert said == {"a": 1}


def test_no_answer_is_a_crash_when_the_process_failed_and_garbage_otherwise() -> None:
    with pytest.raises(jobs.JobError) as crashed:
        jobs._answer("something", "words", 3)
    assert (crashed.value.how, crashed.value.said, crashed.value.detail) == ("crashed", "exit code 3", "words")
    with pytest.raises(jobs.JobError) as garbled:
        jobs._answer("something", "", 0)
    assert (garbled.value.how, garbled.value.said) == ("garbled", "something")


def test_a_program_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(jobs.JobError) as caught:
        jobs.run("directml", seconds=5)
    assert caught.value.how == "not_started"


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert jobs._command("self-test", ("cpu",)) == [sys.executable, JOB_FLAG, "self-test", "cpu"]


def test_main_does_a_job_before_it_imports_anything_else(tmp_path: Path) -> None:
    """What the frozen program does, with a module that tells what was imported when the job began."""
    (tmp_path / "torch_directml.py").write_text(
        "import sys\n"
        "def device_count():\n"
        "    imported = {name.partition('.')[0] for name in sys.modules}\n"
        "    raise RuntimeError(' '.join(sorted(imported & {'torch', 'PySide6', 'numpy'})))\n"
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), JOB_FLAG, "directml"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        timeout=60,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["kind"], said["error"]) == ("RuntimeError", "")


def test_a_job_finds_helix_wherever_it_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not by the folder it runs in, where files may have the names of libraries."""
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(jobs.JobError) as caught:
        jobs.run("no such job", seconds=30)
    assert (caught.value.how, caught.value.said) == ("raised", "KeyError: 'no such job'")


def test_a_cancel_ends_a_job_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    popen = subprocess.Popen

    def start(*args: Any, **options: Any) -> Any:
        started.append(popen([sys.executable, "-c", "import time; time.sleep(600)"], **options))
        return started[-1]

    monkeypatch.setattr(jobs.subprocess, "Popen", start)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(jobs.JobError) as caught:
        jobs.run("directml", seconds=600, cancel=cancel)
    assert caught.value.how == "cancelled"
    assert started[0].returncode not in (None, 0)
