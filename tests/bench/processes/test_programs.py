"""Programs that a measurement keeps open: they answer, fail in words, and never outlive it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.bench.config import BenchConfig
from helix_app.bench.processes import programs as bench_programs
from helix_app.bench.processes.programs import Program, generate_options

ECHO = """
import json, sys
print("noise")
for line in sys.stdin:
    print("[1]")
    print(json.dumps({"got": json.loads(line)}), flush=True)
"""


def program(tmp_path: Path, code: str, cancel: threading.Event | None = None) -> Program:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return Program([sys.executable, "-c", code], environment, tmp_path / "errors.txt", cancel or threading.Event())


def test_a_reply_is_asked_for_as_the_benchmark_is_set_up() -> None:
    asked = generate_options(BenchConfig(target="t", context=512, seed=7), "Say a=b.", mode="autoregressive")
    assert {"--target=t", "--context=512", "--seed=7", "--prompt=Say a=b.", "--mode=autoregressive"} <= set(asked)
    assert not any(option.startswith("--context") for option in generate_options(BenchConfig(), "x"))


def test_a_program_answers_again_and_again(tmp_path: Path) -> None:
    with program(tmp_path, ECHO) as made:
        for said in ({"a": "é🙂"}, {"b": "x" * 200_000}):
            assert made.ask(said) == {"got": said}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.stderr.write('no such model\\n'); sys.exit(1)", "no such model"),
        ("pass", "exit code 0"),
        ('print(\'{"error": "no display"}\')', "no display"),
        ("print('{broken')", "exit code 0"),
    ],
)
def test_a_program_fails(tmp_path: Path, code: str, reason: str) -> None:
    with program(tmp_path, code) as made:
        with pytest.raises(HelixError) as caught:
            made.ask({})
        with pytest.raises(HelixError):
            made.ask({})
    assert caught.value.code == "bench_program"
    assert caught.value.fields["reason"] == reason


def test_a_program_is_stopped(tmp_path: Path) -> None:
    cancel = threading.Event()
    with program(tmp_path, "import threading; print('{}', flush=True); threading.Event().wait()", cancel) as made:
        assert made.ask({}) == {}
        cancel.set()
        assert made.ask({}) is None


def test_a_program_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_programs, "_END_SECONDS", 0.01)
    with program(tmp_path, "import threading; print('{}', flush=True); threading.Event().wait()") as made:
        assert made.ask({}) == {}


def test_a_program_that_says_nothing_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_programs, "SECONDS", 0.3)
    with (
        program(tmp_path, "import threading; threading.Event().wait()") as made,
        pytest.raises(HelixError, match="bench_program"),
    ):
        made.ask({})
