"""How busy the machine is shows in a fixed product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch

from helix_app.engine.machine import quiet

BUSYNESS = quiet._busyness  # what every other test does without


class Clock:
    """Products that take a known time each."""

    def __init__(self, patch: pytest.MonkeyPatch, seconds: Iterator[float]) -> None:
        self._now, self._seconds = 0.0, seconds
        patch.setattr(quiet, "time", SimpleNamespace(perf_counter=lambda: self._now))

    def product(self) -> torch.Tensor:
        self._now += next(self._seconds)
        return torch.ones(1)


def of(runs: Callable[[int], float]) -> Iterator[float]:
    """The time of each product, the first ones that only warm up left out."""
    yield from (9.0 for _ in range(quiet._WARM))
    yield from (runs(i) for i in range(quiet._RUNS))


@pytest.mark.parametrize(
    ("runs", "busy"),
    [
        (lambda i: 1.0, False),
        (lambda i: 1.2 if i % 3 else 1.0, False),
        (lambda i: 60.0 if i == 7 else 1.0, False),  # a single hiccup
        (lambda i: 2.0 if i % 3 else 1.0, True),  # a core that is shared
        (lambda i: 100.0 if i % 100 == 0 else 1.0, True),  # turns of a scheduler
    ],
)
def test_what_others_take_is_seen(monkeypatch: pytest.MonkeyPatch, runs: Callable[[int], float], busy: bool) -> None:
    found, fastest = BUSYNESS(Clock(monkeypatch, of(runs)).product, float("inf"))
    assert (found >= quiet.BUSY) is busy
    assert fastest == pytest.approx(1.0)


@pytest.mark.parametrize(("now", "busy"), [(1.5, False), (1.9, False), (2.1, True)])
def test_an_evenly_slow_machine_is_busy_where_it_lacks_half_of_its_speed(
    monkeypatch: pytest.MonkeyPatch, now: float, busy: bool
) -> None:
    found, fastest = BUSYNESS(Clock(monkeypatch, of(lambda i: now)).product, 1.0)
    assert (found >= quiet.BUSY) is busy
    assert fastest == 1.0


def test_a_real_product_takes_time() -> None:
    with torch.inference_mode():
        found, fastest = BUSYNESS(quiet._product(), float("inf"))
    assert found >= 1.0
    assert 0 < fastest < 1


def test_a_variable_says_that_the_machine_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []
    monkeypatch.setattr(quiet, "_busyness", lambda product, best: (calls.append(best), (3.0, 0.5))[1])
    monkeypatch.setenv(quiet.SWITCH, "1")
    assert quiet.busyness(0.25) == (1.0, 0.25)
    monkeypatch.setenv(quiet.SWITCH, "0")
    assert quiet.busyness(0.25) == (3.0, 0.5)
    assert calls == [0.25]
