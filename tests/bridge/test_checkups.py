"""Looking for what is wrong with the computer, beside the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from helix_app.base.errors import HelixError
from helix_app.bridge.checkups import Checkups
from helix_app.protocol.events import CheckupDone


class Examiner:
    """Answers when it may, or when it is cancelled."""

    def __init__(self) -> None:
        self.calls = 0
        self.threads: list[int] = []
        self.may = threading.Event()
        self.cancelled = threading.Event()
        self.error: Exception | None = None

    def __call__(self, cancel: threading.Event) -> CheckupDone:
        self.calls += 1
        self.threads.append(threading.get_ident())
        while not self.may.wait(0.01):
            if cancel.is_set():
                self.cancelled.set()
                return CheckupDone("given up")
        if self.error is not None:
            raise self.error
        return CheckupDone(f"report {self.calls}", 1)


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


@pytest.fixture
def checkups(qapp, examiner: Examiner) -> Iterator[Checkups]:
    made = Checkups(examiner)
    yield made
    made.shutdown()


def test_looks_on_a_thread_of_its_own(qtbot, checkups: Checkups, examiner: Examiner) -> None:
    examiner.may.set()
    for number in (1, 2):
        with qtbot.waitSignal(checkups.news) as told:
            checkups.ask()
        assert told.args == [[CheckupDone(f"report {number}", 1)]]
    assert threading.get_ident() not in examiner.threads


def test_asked_twice_looks_once(qtbot, checkups: Checkups, examiner: Examiner) -> None:
    with qtbot.waitSignal(checkups.news):
        checkups.ask()
        checkups.ask()
        examiner.may.set()
    assert examiner.calls == 1


def test_an_error_is_told(qtbot, checkups: Checkups, examiner: Examiner) -> None:
    examiner.may.set()
    examiner.error = HelixError("out_of_memory")
    with qtbot.waitSignal(checkups.news) as told:
        checkups.ask()
    (event,) = told.args[0]
    assert event.failed is not None
    assert event.failed.code == "out_of_memory"
    examiner.error = None
    with qtbot.waitSignal(checkups.news) as told:
        checkups.ask()
    assert told.args[0][0].failed is None


def test_the_end_gives_up(qtbot, checkups: Checkups, examiner: Examiner) -> None:
    news: list[list[CheckupDone]] = []
    checkups.news.connect(news.append)
    checkups.ask()
    qtbot.waitUntil(lambda: examiner.calls == 1)
    checkups.shutdown()
    assert examiner.cancelled.is_set()
    assert checkups.thread_.isFinished()
    checkups.ask()
    qtbot.wait(1)
    assert news == []
    assert examiner.calls == 1
