"""Questions about this computer are answered beside the window, each once at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.redacted import LEFT_OUT
from helix_app.bridge import inquiries
from helix_app.bridge.inquiries import Inquiries, look_for_update, make_report, measure, redact
from helix_app.engine.machine import jobs
from helix_app.protocol.inquiries import (
    Answer,
    MachineAsked,
    MachineMeasured,
    RedactAsked,
    Redacted,
    ReportAsked,
    ReportMade,
    UpdateAsked,
    UpdateKnown,
)


class Finder:
    """Answers when it may; counts, and knows its threads."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.threads: set[int] = set()
        self.may = threading.Event()
        self.fails = False

    def __call__(self, asked: object, cancel: threading.Event) -> Answer:
        self.asked.append(asked)
        self.threads.add(threading.get_ident())
        self.may.wait(30)
        if self.fails:
            raise ZeroDivisionError("no answer")
        return ReportMade("told")


@pytest.fixture
def finder() -> Finder:
    return Finder()


@pytest.fixture
def asking(qapp: object, finder: Finder) -> Iterator[Inquiries]:
    made = Inquiries({ReportAsked: finder, UpdateAsked: finder})
    yield made
    finder.may.set()
    made.shutdown()


def test_the_same_is_asked_once_at_a_time(qtbot: QtBot, asking: Inquiries, finder: Finder) -> None:
    with qtbot.waitSignal(asking.news) as told:
        asking.ask(ReportAsked())
        asking.ask(ReportAsked())
        finder.may.set()
    assert told.args == [[ReportMade("told")]]
    assert len(finder.asked) == 1
    assert threading.get_ident() not in finder.threads
    with qtbot.waitSignal(asking.news):
        asking.ask(ReportAsked())


def test_a_finder_that_fails_is_logged_and_may_be_asked_again(
    qtbot: QtBot, asking: Inquiries, finder: Finder, caplog: pytest.LogCaptureFixture
) -> None:
    finder.fails = True
    finder.may.set()
    asking.start()
    qtbot.waitUntil(lambda: "not found out: UpdateAsked()" in caplog.text)
    finder.fails = False
    with qtbot.waitSignal(asking.news):
        qtbot.waitUntil(lambda: not asking._asked)
        asking.look_for_updates()


def test_nothing_is_told_or_asked_after_the_end(
    qtbot: QtBot, asking: Inquiries, finder: Finder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inquiries, "_STOP_SECONDS", 0.0)
    news: list[object] = []
    asking.news.connect(news.append)
    asking.ask(ReportAsked())
    asking.shutdown()
    asking.ask(UpdateAsked())
    finder.may.set()
    qtbot.waitUntil(lambda: not asking._asked)
    assert (news, finder.asked) == ([], [ReportAsked()])
    assert "left behind: ReportAsked" in caplog.text


def test_the_end_waits_for_processes_that_were_started(qapp: object) -> None:
    """Each is killed where it is waited for, which nobody does once the program is gone."""
    begun, ended = threading.Event(), threading.Event()

    def find(_asked: object, cancel: threading.Event) -> Answer:
        begun.set()
        cancel.wait(30)
        ended.set()
        return ReportMade("too late")

    asking = Inquiries({ReportAsked: find})
    asking.ask(ReportAsked())
    assert begun.wait(30)
    asking.shutdown()
    assert ended.is_set()
    asking.shutdown()


def test_a_report_loses_what_was_written_in_conversations() -> None:
    lines = (str(Path.home() / "x.log"), "refused: why does he play the tuba all night?", "torch 2.4.1")
    asked = RedactAsked(3, lines, ("Why? And why does he play the tuba all night?",))
    assert redact(asked, threading.Event()) == Redacted(3, f"~{os.sep}x.log\n{LEFT_OUT}\ntorch 2.4.1\n")


def test_this_computer_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "run", lambda name, device, **_: {"slowest": 1e9, "fastest": 2e9})
    found = measure(MachineAsked(), threading.Event())
    assert isinstance(found, MachineMeasured)
    assert (found.device, found.slowest, found.fastest) == ("cpu", 1e9, 2e9)
    assert found.processor
    assert found.cores >= 1


def test_memory_that_cannot_be_measured_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> dict[str, float]:
        raise jobs.JobError("crashed", "signal 11")

    monkeypatch.setattr(jobs, "run", crash)
    found = measure(MachineAsked("cuda:0"), threading.Event())
    assert (found.device, found.slowest, found.fastest) == ("cuda:0", None, None)


def test_a_report_that_fails_is_one_still(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Event) -> str:
        raise OSError("no")

    monkeypatch.setattr("helix_app.doctor.fault_report.fault_report", fail)
    assert make_report(ReportAsked(), threading.Event()) == ReportMade(inquiries._REPORT_FAILED)


def test_updates_that_nobody_wants_load_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "helix_app.hub.updates", None)
    assert look_for_update(UpdateAsked(), threading.Event()) == UpdateKnown("off")
