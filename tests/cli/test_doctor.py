"""``doctor`` on the command line: exit codes, the program itself, and what was measured wiped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.cli import main as cli
from helix_app.doctor import report as doctor
from helix_app.doctor.checkup import Facts
from helix_app.engine.machine import measured_file
from tests.doctor.test_findings import FINE, torch_trouble
from tests.doctor.test_report import FULL


@pytest.mark.parametrize(
    ("facts", "code"),
    [(FULL, 0), (replace(FULL, models=()), 0), (replace(FINE, torch=torch_trouble("raised")), 1)],
)
@pytest.mark.parametrize("flags", [[], ["--json"], ["--no-self-test"]])
def test_exit_codes(
    facts: Facts, code: int, flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bool] = []

    def gather(models: object, needs: int, *, self_test: bool, **_: object) -> Facts:
        assert needs > 10**9
        asked.append(self_test)
        return facts

    monkeypatch.setattr(doctor, "gather", gather)
    assert cli.main(["doctor", *flags]) == code
    assert asked == ["--no-self-test" not in flags]
    out = capsys.readouterr().out
    assert ("--json" in flags) == out.startswith("{")
    assert ("cannot run" in out or '"can_run": false' in out) == bool(code)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_gives_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def gather(*_: object, **__: object) -> Facts:
        os.kill(os.getpid(), signal.SIGINT)
        return replace(FINE, torch=torch_trouble("raised"))

    monkeypatch.setattr(doctor, "gather", gather)
    assert cli.main(["doctor"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Stopped." in err


# -------------------------------------------------------------------- the program itself


def run_doctor(home: Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {key: value for key, value in os.environ.items() if not key.startswith("HELIX_") and key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "helix_app", "doctor", *flags],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
        env={**base, "HELIX_HOME": str(home), **environment},
        timeout=200,
        check=False,
    )


def test_the_program(tmp_path: Path) -> None:
    (tmp_path / "logs/cli.log").mkdir(parents=True)  # a log that cannot be opened
    (tmp_path / "logs/engine-crash.log").write_text("Fatal Python error: Aborted\n")
    done = run_doctor(tmp_path, HELIX_FORCE_CPU="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cpu  passed" in done.stdout
    assert "Fatal Python error: Aborted" in done.stdout
    assert "HELIX_FORCE_CPU is set, so no graphics card is used." in done.stdout
    assert "No model is on this computer yet." in done.stdout
    assert "Testing cpu…" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_everything_is_broken_at_once(tmp_path: Path) -> None:
    """Torch fails on import, the settings are garbage and a file stands where a folder should be."""
    libraries = tmp_path / "libraries"
    (libraries / "torch").mkdir(parents=True)
    (libraries / "torch/__init__.py").write_text("raise OSError('[WinError 126] c10.dll or one of its dependencies')")
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "config/settings.json").write_text("{{{")
    (home / "logs").write_text("a file")
    done = run_doctor(home, "--json", PYTHONPATH=str(libraries))
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    codes = {found["code"] for found in report["findings"]}
    broken = "torch_broken_windows" if sys.platform == "win32" else "torch_broken"
    assert {broken, "settings_damaged", "folder_read_only", "no_model"} <= codes
    assert (done.returncode, report["can_run"]) == (1, False)
    assert report["torch"]["trouble"]["reason"].startswith("OSError: [WinError 126]")
    assert (home / "config/settings.json").read_text() == "{{{"


def test_what_is_kept_can_be_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "examine", lambda *_, **__: (FINE, ()))
    measured_file.keep("x | here", 1.0, 1.0)
    measured_file.keep("y | here", 1.0, 1.0)
    assert cli.main(["doctor", "--forget-measured"]) == 0
    assert "2 measurements were wiped" in capsys.readouterr().err
    assert measured_file.kept() == ()
    assert cli.main(["doctor", "--forget-measured"]) == 0
    assert "Nothing was kept" in capsys.readouterr().err
