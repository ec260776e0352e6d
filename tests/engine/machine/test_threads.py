"""The number of threads is the one that decodes fastest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helix_app.engine.machine import threads


class Machine:
    """Threads that take a given time a step, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float], usual: int) -> None:
        self.count, self.now, self.steps, self._seconds = usual, 0.0, 0, seconds
        monkeypatch.setattr(threads.torch, "set_num_threads", self.set)
        monkeypatch.setattr(threads.torch, "get_num_threads", lambda: self.count)
        monkeypatch.setattr(threads, "_lent", [])
        monkeypatch.setattr(threads, "_chosen", {})
        monkeypatch.setattr(threads.time, "perf_counter", lambda: self.now)

    def set(self, count: int) -> None:
        self.count = count

    def step(self) -> None:
        self.steps += 1
        self.now += self._seconds[self.count]


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({8: 1.0, 6: 0.9, 4: 0.8}, 4),
        ({8: 1.0, 6: 0.8, 4: 0.9}, 6),
        ({8: 1.0, 6: 0.98, 4: 1.1}, 8),  # hardly better is not worth a change
        ({8: 0.5, 6: 0.8, 4: 0.9}, 8),
    ],
)
def test_the_fastest_number_stays(monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float], chosen: int) -> None:
    machine = Machine(monkeypatch, seconds, 8)
    assert threads.choose_threads(machine.step, 8) == chosen == machine.count


def test_one_slow_moment_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {8: 1.0, 6: 2.0, 4: 2.0}, 8)
    slow: Iterator[float] = iter([9.0])

    def step() -> None:
        machine.step()
        machine.now += next(slow, 0.0)

    assert threads.choose_threads(step, 8) == 8


def test_few_threads_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {}, 2)
    assert threads.choose_threads(machine.step, 2) == 2
    assert machine.steps == 0


def test_another_pool_gets_the_usual_number_whatever_was_chosen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dense model was loaded first: what suited it says nothing of packed weights."""
    machine = Machine(monkeypatch, {8: 1.0, 6: 0.9, 4: 0.8}, 8)
    assert threads.choose_threads(machine.step, 8) == 4
    assert threads.leave_to_another_pool() == threads.leave_to_another_pool() == 8
    assert (machine.count, threads.in_use()) == (1, 8)
    threads.take_back()
    assert machine.count == 1
    threads.take_back()
    assert machine.count == threads.in_use() == 8


def test_another_pool_gets_what_a_person_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {8: 1.0, 6: 0.9, 4: 0.8}, 8)
    threads.choose_threads(machine.step, 8)
    machine.set(2)
    assert threads.leave_to_another_pool() == 2
    threads.take_back()
    assert machine.count == 2
