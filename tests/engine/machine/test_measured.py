"""What was measured is remembered, and only where it still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.engine.machine import measured, measured_file, quiet


class Measure:
    """Counts how often it is asked."""

    def __init__(self, value: object = 1.5) -> None:
        self.value, self.calls = value, 0

    def __call__(self) -> object:
        self.calls += 1
        return self.value


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return tmp_path


def another_program() -> None:
    """What this process knows is gone; the file stays."""
    measured._here.clear()


def test_once_for_this_machine() -> None:
    measure = Measure({"plain": 2.0})
    for _ in range(3):
        assert measured.remembered("x", measure) == {"plain": 2.0}
        another_program()
    assert measure.calls == 1
    assert measured.remembered("y", Measure(7)) == 7


def test_what_is_not_clear_is_measured_by_the_next_program() -> None:
    measure = Measure()
    for _ in range(3):
        measured.remembered("x", measure, lambda value: False)
    assert measure.calls == 1
    another_program()
    measured.remembered("x", measure, lambda value: False)
    assert measure.calls == 2


def test_another_machine_or_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Measure()
    measured.remembered("x", measure)
    with monkeypatch.context() as patch:
        patch.setattr(measured, "_machine", lambda: "another processor")
        measured.remembered("x", measure)
        assert measure.calls == 2
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        measured.remembered("x", measure)
        assert measure.calls == 3
    finally:
        torch.set_num_threads(threads)
    measured.remembered("x", measure)
    assert measure.calls == 3


def test_forget() -> None:
    measure = Measure()
    measured.remembered("x", measure)
    measured.forget()
    measured.forget()
    measured.remembered("x", measure)
    assert measure.calls == 2


class Machine:
    """How busy the machine says it is."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.busy = 1.0
        patch.setattr(quiet, "busyness", lambda best=1.0: (self.busy, min(best, 1.0)))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_what_was_measured_beside_other_programs_is_not_kept(machine: Machine) -> None:
    machine.busy = 3.0
    assert measured.remembered("x", Measure("float32")) == "float32"
    assert measured.remembered("x", Measure("other")) == "float32"  # the layers of one load agree
    assert [entry for entry in measured_file.kept() if entry.what == "x"] == []
    machine.busy = 1.1
    another_program()
    assert measured.remembered("x", Measure("bfloat16")) == "bfloat16"
    another_program()
    assert measured.remembered("x", Measure("float32")) == "bfloat16"
    (entry,) = [entry for entry in measured_file.kept() if entry.what == "x"]
    assert (entry.what, entry.value, entry.busy) == ("x", "bfloat16", 1.1)


@pytest.mark.parametrize("before", [True, False])
def test_a_program_that_comes_or_goes_while_measuring_counts(machine: Machine, before: bool) -> None:
    machine.busy = 3.0 if before else 1.0

    def measure() -> float:
        machine.busy = 1.0 if before else 3.0
        return 2.0

    measured.remembered("x", measure)
    assert [entry for entry in measured_file.kept() if entry.what == "x"] == []


def test_the_next_load_measures_again_what_was_disturbed(machine: Machine) -> None:
    measured.remembered("quiet", Measure(1))
    machine.busy = 3.0
    measured.remembered("busy", Measure(1))
    machine.busy = 1.0
    measured.again()
    assert measured.remembered("quiet", Measure(2)) == 1
    assert measured.remembered("busy", Measure(2)) == 2


def test_what_turned_out_wrong_is_measured_again() -> None:
    measured.remembered("x", Measure(1))
    measured.remembered("y", Measure(1))
    measured.drop("x")
    measured.drop("never measured")
    assert measured.remembered("x", Measure(2)) == 2
    assert measured.remembered("y", Measure(2)) == 1


def test_asking_what_is_known_measures_nothing() -> None:
    assert measured.known("x") is None
    measured.remembered("x", Measure(7))
    assert measured.known("x") == 7
    another_program()
    assert measured.known("x") == 7
