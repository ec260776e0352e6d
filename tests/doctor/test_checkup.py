"""Facts of this computer and of made-up folders; every corner of it may be broken."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.doctor import checkup
from helix_app.doctor.checkup import Facts, ModelFact
from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices import directml as probe

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
PACKED: dict[str, Any] = {
    "first": "avx2",
    "others": ["vnni256"],
    "chosen": {
        "Q8_0": {"form": "vnni256", "shares": {"avx2": 1.0, "vnni256": 0.7}},
        "Q4_K": {"form": "avx2", "shares": {}},
    },
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
    said: dict[str, Any] = {"torch": TORCH, "self-test": PASSED, "packed-forms-kept": PACKED}

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


def test_forms_of_packed_products(answers: dict[str, Any]) -> None:
    packed = look()[0].packed
    assert (packed.first, packed.others) == ("avx2", ("vnni256",))
    assert packed.taken == (("Q8_0", "vnni256", 0.7), ("Q4_K", "avx2", 1.0))
    for answer in ({"first": "avx2"}, {**PACKED, "chosen": []}, {**PACKED, "chosen": {"Q8_0": {"form": "avx2"}}}):
        answers["packed-forms-kept"] = answer
        assert look()[0].packed.trouble.problem == "garbled"
    answers["packed-forms-kept"] = jobs.JobError("raised", "NoKernelsError: llvmlite cannot be used")
    trouble = look()[0].packed.trouble
    assert (trouble.problem, trouble.reason) == ("raised", "NoKernelsError: llvmlite cannot be used")


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
