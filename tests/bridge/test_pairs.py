"""Pairs are looked at in other processes, one question after the other, and a trial has the computer to itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from helix_app.base import typed
from helix_app.bridge.pairs import Pairs
from helix_app.engine.machine import jobs
from helix_app.protocol.pairs import PairAsked, PairExamined, Verdict, VerdictsAsked, VerdictsFound
from tests.gui.models.fit_views import FACTS, FIT


class Controller:
    """Notes who has the engine."""

    def __init__(self) -> None:
        self.free = True
        self.said: list[str] = []

    def reserve(self, reason: str) -> bool:
        self.said.append(reason)
        return self.free

    def release(self) -> None:
        self.said.append("released")


class Job:
    """In place of a process."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: dict[str, Any] | Exception = {}
        self.waits = False

    def __call__(self, name: str, *_args: str, seconds: float, cancel: threading.Event) -> dict[str, Any]:
        self.asked.append(name)
        if self.waits:
            self.waits = False
            cancel.wait(60)
            raise jobs.JobError("cancelled")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def controller() -> Controller:
    return Controller()


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
def pairs(qapp, controller: Controller, job: Job) -> Iterator[Pairs]:
    made = Pairs(controller, job)  # type: ignore[arg-type]
    yield made
    made.shutdown()
    made.shutdown()


def test_verdicts(qtbot, pairs: Pairs, job: Job) -> None:
    job.answer = {"verdicts": typed.plain((Verdict("/b", heavy=True),))}
    with qtbot.waitSignal(pairs.news) as told:
        pairs.ask(VerdictsAsked("/a", ("/b",)))
    assert told.args == [[VerdictsFound("/a", (Verdict("/b", heavy=True),))]]
    job.answer = jobs.JobError("crashed")
    with qtbot.waitSignal(pairs.news) as told:
        pairs.ask(VerdictsAsked("/a", ("/b",)))
    assert told.args == [[VerdictsFound("/a", ())]]


def test_a_trial_keeps_the_engine_idle(qtbot, pairs: Pairs, job: Job, controller: Controller) -> None:
    found = PairExamined(FACTS, FIT)
    job.answer = typed.plain(found)
    with qtbot.waitSignal(pairs.news) as told:
        pairs.ask(PairAsked("/a", "/b", probe=True))
    assert told.args == [[found]]
    assert controller.said == ["pair_running", "released"]
    with qtbot.waitSignal(pairs.news):
        pairs.ask(PairAsked("/a", "/b"))
    assert len(controller.said) == 2


def test_a_busy_engine_refuses_a_trial(qtbot, pairs: Pairs, job: Job, controller: Controller) -> None:
    controller.free = False
    with qtbot.waitSignal(pairs.news) as told:
        pairs.ask(PairAsked("/a", "/b", probe=True))
    assert told.args[0][0].failed.code == "pair_engine_busy"
    assert job.asked == []


def test_a_trial_that_is_stopped_is_not_told(qtbot, pairs: Pairs, job: Job, controller: Controller) -> None:
    job.waits = True
    told: list[object] = []
    pairs.news.connect(told.append)
    pairs.ask(PairAsked("/a", "/b", probe=True))
    pairs.stop()
    qtbot.waitUntil(lambda: controller.said == ["pair_running", "released"])
    assert told == []


@pytest.mark.parametrize("stopped", [True, False])
def test_the_end_of_one_trial_is_not_told_as_the_next_ones(
    qtbot, pairs: Pairs, job: Job, controller: Controller, stopped: bool
) -> None:
    job.waits = True
    found = PairExamined(FACTS, FIT)
    job.answer = typed.plain(found)
    told: list[object] = []
    pairs.news.connect(told.append)
    pairs.ask(PairAsked("/a", "/b", probe=True))
    if stopped:
        pairs.stop()
    controller.free = False  # the first has not ended
    pairs.ask(PairAsked("/a", "/c", probe=True))
    qtbot.waitUntil(lambda: controller.said == ["pair_running", "released"])
    qtbot.waitUntil(lambda: bool(told))
    assert told == [[found]]


def test_a_process_that_dies_is_told(qtbot, pairs: Pairs, job: Job) -> None:
    job.answer = jobs.JobError("crashed", "killed")
    with qtbot.waitSignal(pairs.news) as told:
        pairs.ask(PairAsked("/a", "/b"))
    assert told.args[0][0].failed.code == "pair_unexamined"
