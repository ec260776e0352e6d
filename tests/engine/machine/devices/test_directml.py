"""Asking torch-directml in a process of its own: every way in which it can answer or fail to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.base.errors import DeviceError
from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices import directml as probe
from helix_app.engine.machine.hardware import Card

GB = 2**30
STAND_INS = Path(__file__).parent.parent / "stand_ins"
SECONDS = 60.0


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """What one test learnt must not answer the next."""
    probe.forget()


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch):
    """Installs the stand-in for torch-directml, behaving as it is told."""

    def behave(how: str) -> None:
        monkeypatch.setenv("PYTHONPATH", str(STAND_INS))  # of the job
        monkeypatch.syspath_prepend(str(STAND_INS))  # of this process, which only looks whether it is there
        monkeypatch.setenv("HELIX_STAND_IN", how)

    yield behave
    probe.forget()


def problem(**options: object) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        probe.directml_adapters(**{"seconds": SECONDS, **options})  # type: ignore[arg-type]
    assert caught.value.fields["device"] == "directml"
    return caught.value


def test_two_adapters_with_their_memory(library, monkeypatch: pytest.MonkeyPatch) -> None:
    library("two")
    cards = (Card("AMD Radeon RX 7800 XT", "amd", 16 * GB), Card("AMD Radeon(TM) Graphics", "amd", GB // 2))
    monkeypatch.setattr(probe, "system_cards", lambda: cards)
    found = probe.directml_adapters(seconds=SECONDS)
    assert [(a.index, a.name, a.memory_bytes, a.discrete, a.software) for a in found] == [
        (0, "AMD Radeon(TM) Graphics", GB // 2, False, False),
        (1, "AMD Radeon RX 7800 XT", 16 * GB, True, False),
        (2, "Microsoft Basic Render Driver", None, False, True),
    ]
    monkeypatch.setattr(jobs, "run", None)  # nobody asks twice
    assert probe.directml_adapters() is found


def test_an_adapter_whose_device_raises_is_listed_with_its_problem(library) -> None:
    library("half")
    integrated, discrete = probe.directml_adapters(seconds=SECONDS)
    assert integrated.usable
    assert not discrete.usable
    assert discrete.problem.startswith("RuntimeError: The GPU device instance has been suspended")


def test_garbage_around_an_answer_is_no_garbage(library) -> None:
    library("noisy")
    assert len(probe.directml_adapters(seconds=SECONDS)) == 2


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "run", None)  # there is nothing to ask
    monkeypatch.setattr(probe, "installed", lambda: False)
    assert problem().fields["problem"] == "missing"


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("absent", "missing", "torch-directml is not installed"),
        ("raises", "raised", "DLL load failed"),
        ("aborts", "crashed", "crashed when it was asked"),
        ("segfaults", "crashed", "crashed when it was asked"),
        ("exits", "crashed", "exit code 3"),
        ("prints", "garbled", "no readable answer"),
        ("zero", "none", "no DirectX 12 device"),
    ],
)
def test_what_goes_wrong_is_said(library, how: str, code: str, words: str) -> None:
    library(how)
    error = problem()
    assert error.fields["problem"] == code
    assert words in error.fields["reason"]


def test_a_crash_is_remembered(library, monkeypatch: pytest.MonkeyPatch) -> None:
    library("exits")
    first = problem()
    monkeypatch.setattr(jobs, "run", None)
    assert problem() is first


def test_a_hang_is_killed_at_the_limit(library) -> None:
    library("hangs")
    error = problem(seconds=0.5)
    assert error.fields["problem"] == "hung"
    assert "within 0.5 s" in error.fields["reason"]


def test_a_cancelled_probe_is_asked_again(library) -> None:
    library("hangs")
    cancel = threading.Event()
    cancel.set()
    assert problem(cancel=cancel).fields["problem"] == "cancelled"
    library("one")
    assert len(probe.directml_adapters(seconds=SECONDS)) == 1


@pytest.mark.parametrize("answer", [{}, {"adapters": [1]}, {"adapters": [{"index": "x", "name": "", "problem": ""}]}])
def test_an_answer_of_another_shape_is_garbage(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]) -> None:
    monkeypatch.setattr(probe, "installed", lambda: True)
    monkeypatch.setattr(jobs, "run", lambda *_args, **_options: answer)
    assert problem().fields["problem"] == "garbled"


def test_every_way_to_fail_has_words() -> None:
    assert set(jobs.How.__args__) <= set(probe.PROBLEMS)  # type: ignore[attr-defined]
