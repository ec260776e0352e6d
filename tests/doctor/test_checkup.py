"""Facts of this computer and of made-up folders; every corner of it may be broken."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.doctor import checkup, folders
from helix_app.doctor.checkup import Facts, ModelFact
from helix_app.engine.machine.probes import jobs, probe

MODELS = (ModelFact("m", 5, False),)
TORCH: dict[str, Any] = {
    "import_seconds": 1.0,
    "version": "2.4.1",
    "cuda": None,
    "hip": None,
    "capability": "AVX2",
    "threads": 4,
    "adapters": [],
    "problem": "cpu_build",
    "reason": "built without",
    "detail": "",
}
PASSED: dict[str, Any] = {
    "difference": 0.0,
    "tokens_equal": True,
    "drafted": 4,
    "accepted": 3,
    "first_ms": 2.0,
    "second_ms": 1.0,
    "whole": True,
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What jobs answer, by name; an exception is raised."""
    said: dict[str, Any] = {"torch": TORCH, "self-test": PASSED}

    def run(name: str, *args: str, seconds: float, cancel: threading.Event | None = None) -> dict[str, Any]:
        answer = said[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(jobs, "run", run)
    monkeypatch.setattr(probe, "installed", lambda: False)
    monkeypatch.setattr(checkup, "installed", lambda: False)
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.delenv("HELIX_FORCE_CPU", raising=False)
    probe.forget()
    return said


def look(self_test: bool = True) -> tuple[Facts, list[str]]:
    told: list[str] = []
    facts = checkup.gather(MODELS, 7, self_test=self_test, cancel=threading.Event(), on_progress=told.append)
    return facts, told


def test_gather(answers: dict[str, Any]) -> None:
    facts, told = look()
    assert told == ["torch", "directml", "cpu"]
    assert (facts.torch.version, facts.torch.capability, facts.torch.threads) == ("2.4.1", "AVX2", 4)
    assert facts.cuda.trouble.problem == "cpu_build"
    assert facts.directml.trouble.problem == "missing"
    assert facts.python == sys.version_info[:2]
    assert facts.cpu
    assert facts.versions["Python"].startswith("3.")
    assert (facts.models, facts.model_needs) == (MODELS, 7)
    assert [test.device for test in facts.self_tests] == ["cpu"]
    assert facts.self_tests[0].whole
    assert facts.missing == ()


def test_every_usable_adapter_is_tested(answers: dict[str, Any]) -> None:
    card = {"kind": "cuda", "index": 0, "name": "A"}
    answers["torch"] = {**TORCH, "adapters": [card, {**card, "index": 1, "problem": "x"}], "problem": "", "reason": ""}
    assert look()[1] == ["torch", "directml", "cuda:0", "cpu"]
    assert look(self_test=False)[1] == ["torch", "directml"]


def test_torch_that_cannot_be_imported(answers: dict[str, Any]) -> None:
    answers["torch"] = jobs.JobError("raised", "OSError: [WinError 126]", "trace", "OSError")
    facts, told = look()
    assert facts.torch.trouble.problem == "raised"
    assert facts.cuda.trouble.problem == "no_torch"
    assert (facts.self_tests, told) == ((), ["torch", "directml"])
    answers["torch"] = jobs.JobError(
        "raised", "ModuleNotFoundError: No module named 'torch'", "", "ModuleNotFoundError"
    )
    assert look()[0].torch.trouble.problem == "missing"
    answers["torch"] = {"version": "2.4.1"}
    assert look()[0].torch.trouble.problem == "garbled"


@pytest.mark.parametrize("how", ["crashed", "hung", "raised"])
def test_a_self_test_without_an_answer(answers: dict[str, Any], how: Any) -> None:
    answers["self-test"] = jobs.JobError(how, "why")
    (test,) = look()[0].self_tests
    assert (test.trouble.problem, test.trouble.reason, test.whole) == (how, "why", False)


def test_whatever_is_broken_the_rest_is_told(answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError("on purpose")

    for name in (
        "versions",
        "cpu_name",
        "total_memory",
        "free_memory",
        "disk_free",
        "environment",
        "system_cards",
        "helix_folders",
    ):
        monkeypatch.setattr(checkup, name, fail)
    facts, _ = look()
    assert (facts.cpu, facts.memory_total, facts.folders, facts.versions) == ("", None, (), {})
    assert facts.torch.version == "2.4.1"


def test_the_real_torch() -> None:
    torch_facts, cuda = checkup.look_at_torch(threading.Event())
    import torch

    assert torch_facts.version == str(torch.__version__)
    assert torch_facts.capability == torch.backends.cpu.get_cpu_capability()
    assert bool(cuda.adapters) == torch.cuda.is_available()


# ---------------------------------------------------------------------- what Helix keeps


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_FORCE_CPU", "1")
    monkeypatch.setenv("HELIX_SECRET", "/home/somebody/key")
    told = checkup.environment()
    assert told["HELIX_FORCE_CPU"] == "1"
    assert told["HELIX_SECRET"] == "(set)"
    assert "PATH" not in told


def test_sizes_of_folders(tmp_path: Path) -> None:
    assert folders.folder_bytes(tmp_path / "none") == 0
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_bytes(b"12345")
    (tmp_path / "file").write_bytes(b"678")
    assert folders.folder_bytes(tmp_path) == 8
    assert folders.folder_bytes(tmp_path / "file") is None


def test_a_folder_that_will_be_made_counts_by_the_one_above(tmp_path: Path) -> None:
    assert folders.can_write(tmp_path / "not" / "yet")
    (tmp_path / "file").write_bytes(b"")
    assert not folders.can_write(tmp_path / "file" / "below")
    assert not list(tmp_path.glob("tmp*"))
    free = folders.disk_free(tmp_path / "not" / "yet")
    assert free is not None
    assert free > 0


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", int)() == 0, reason="permissions bind nobody here"
)
def test_a_folder_without_permissions(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    try:
        assert folders.folder_bytes(locked) is None
        assert not folders.can_write(locked)
    finally:
        locked.chmod(0o700)


def test_damaged_settings_are_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    assert folders.settings_error(file) == ""
    file.write_text('{"k": ')
    assert folders.settings_error(file).startswith("JSONDecodeError")
    file.write_text("[]")
    assert folders.settings_error(file) == "it holds no settings"
    file.write_bytes(b"\xff\xfe\x00")
    assert folders.settings_error(file).startswith("UnicodeDecodeError")
    assert list(tmp_path.iterdir()) == [file]
    file.write_text("{}")
    assert folders.settings_error(file) == ""


def test_the_last_lines_of_the_crash_log(tmp_path: Path) -> None:
    file = tmp_path / "engine-crash.log"
    assert folders.crash_lines(file) == ()
    file.write_text("".join(f"line {n}\n" for n in range(50)))
    lines = folders.crash_lines(file)
    assert (len(lines), lines[0], lines[-1]) == (20, "line 30", "line 49")
