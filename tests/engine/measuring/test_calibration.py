"""What more rows cost is measured beside single ones, remembered, and doubted where it shows to be wrong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from helix_app.engine.machine import measured, quiet
from helix_app.engine.measuring import calibration
from helix_app.engine.measuring.calibration import calibrate
from helix_app.engine.models.runner import ModelRunner
from tests.engine.runs.crowds import Models

COSTS = {1: 0.030, 2: 0.060, 3: 0.090, 5: 0.145, 9: 0.260}  # of a processor without matrix units


class Machine:
    """Passes that take known times by their rows, at a speed that can change."""

    def __init__(self, patch: pytest.MonkeyPatch, costs: dict[int, float] = COSTS) -> None:
        self.now, self.slow, self.busy, self.costs = 0.0, 1.0, 1.0, costs
        self.rows: list[int] = []
        patch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: self.now))
        patch.setattr(quiet, "busyness", lambda best=1.0: (self.busy, min(best, 1.0)))
        patch.setattr(ModelRunner, "try_rows", lambda runner, rows: self._pass(rows))

    def _pass(self, rows: int) -> None:
        self.rows.append(rows)
        self.now += self.costs[rows] * self.slow


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    return Machine(monkeypatch)


def another_program() -> None:
    measured._here.clear()


def expected(runner: ModelRunner) -> dict[int, float | None]:
    return {rows: runner.costs.expect(rows, 0) for rows in COSTS}


def test_all_row_counts_are_known_after_the_first_load(models: Models, machine: Machine) -> None:
    runner = models.session("none").runner
    calibrate(runner)
    known = expected(runner)
    assert known[1] == pytest.approx(0.030)
    for rows in (2, 5):
        assert known[rows] == pytest.approx(COSTS[rows])
    assert 9 not in machine.rows  # five cost nearly five: what nine cost need not be known
    assert known[9] == pytest.approx(COSTS[9], rel=0.1)


@pytest.mark.parametrize(("kind", "passes"), [("float32", [1]), ("packed", [])])
def test_the_next_load_measures_nothing(
    models: Models, machine: Machine, monkeypatch: pytest.MonkeyPatch, kind: str, passes: list[int]
) -> None:
    runner = models.session("none").runner
    monkeypatch.setattr(type(runner.decoder), "format", kind)
    calibrate(runner)
    another_program()
    machine.rows.clear()
    calibrate(runner)
    assert machine.rows == passes  # dense weights run once, to fail while they load if they are to fail
    known = expected(runner)
    assert known[1] == pytest.approx(COSTS[1])
    assert known[5] == pytest.approx(COSTS[5])


def test_a_single_row_that_takes_another_time_in_use_is_timed_at_the_next_load(
    models: Models, machine: Machine
) -> None:
    runner = models.session("none").runner
    calibrate(runner)
    for slow, timed in ((1.5, 1), (2.0, 5)):  # on battery, say: proportions are what they were
        machine.slow = slow
        for _ in range(12):
            runner.costs.add(1, 0, slow * COSTS[1])
        calibration.check_step(runner, runner.costs)
        another_program()
        machine.rows.clear()
        calibrate(runner)
        assert machine.rows == [1] * timed
    known = expected(runner)
    assert known[1] == pytest.approx(2 * COSTS[1])
    assert known[5] == pytest.approx(2 * COSTS[5])


def test_while_the_machine_stays_busy_what_was_found_then_serves(models: Models, machine: Machine) -> None:
    runner = models.session("none").runner
    machine.busy, machine.costs = 3.0, {**COSTS, 5: 0.031, 2: 0.031, 3: 0.031, 9: 0.031}
    calibrate(runner)
    another_program()
    machine.rows.clear()
    calibrate(runner)
    assert machine.rows == [1]
    assert runner.costs.expect(5, 0) == pytest.approx(0.031)
    another_program()
    machine.busy, machine.costs = 1.0, COSTS
    calibrate(runner)
    assert runner.costs.expect(5, 0) == pytest.approx(COSTS[5])


def test_beside_another_program_nothing_is_remembered(models: Models, machine: Machine) -> None:
    runner = models.session("none").runner
    machine.busy, machine.costs = 3.0, {**COSTS, 5: 0.031, 2: 0.031, 3: 0.031, 9: 0.031}
    calibrate(runner)
    assert runner.costs.expect(5, 0) == pytest.approx(0.031)
    another_program()
    machine.busy, machine.costs = 1.0, COSTS
    calibrate(runner)
    assert runner.costs.expect(5, 0) == pytest.approx(COSTS[5])


def test_costs_of_more_rows_follow_single_ones_while_only_those_run(models: Models, machine: Machine) -> None:
    runner = models.session("none").runner
    calibrate(runner)
    for _ in range(60):  # the machine has become slower for good
        runner.costs.add(1, 100, 0.060)
    single, five = runner.costs.expect(1, 100), runner.costs.expect(5, 100)
    assert single == pytest.approx(0.060, rel=0.1)
    assert five is not None
    assert single is not None
    assert five / single == pytest.approx(COSTS[5] / COSTS[1], rel=0.01)


def test_what_in_use_is_another_is_measured_again_at_the_next_load(models: Models, machine: Machine) -> None:
    runner = models.session("none").runner
    calibrate(runner)
    assert not calibration.doubtful(runner, runner.costs, 5, COSTS[5] / COSTS[1])
    assert calibration.doubtful(runner, runner.costs, 5, 1.2)
    another_program()
    machine.rows.clear()
    calibrate(runner)
    assert 5 in machine.rows


def test_a_step_in_use_is_compared_with_the_trial_of_its_format(
    models: Models, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = []
    monkeypatch.setattr(calibration.formats, "forget", forgotten.append)
    monkeypatch.setattr(calibration.formats, "contradicts", lambda config, name, seconds: seconds > 0.040)
    runner = models.session("none").runner
    calibrate(runner)
    for _ in range(9):
        runner.costs.add(1, 0, 0.030)
    calibration.check_step(runner, runner.costs)
    assert forgotten == []
    for _ in range(60):
        runner.costs.add(1, 0, 0.060)
    machine.busy = 3.0
    calibration.check_step(runner, runner.costs)
    assert forgotten == []  # another program may be why
    machine.busy = 1.0
    calibration.check_step(runner, runner.costs)
    assert forgotten == [runner.decoder.config]


def test_real_passes_are_measured(models: Models) -> None:
    runner = models.session("none").runner
    calibrate(runner)
    assert all(seconds is not None and seconds > 0 for seconds in expected(runner).values())
    assert runner.decoder.device == torch.device("cpu")
    runner.pool.check_integrity()
    assert runner.pool.used_blocks == 0
