"""Uncaught errors are shown once, from whatever thread."""

from __future__ import annotations

import sys
import threading

import pytest

from helix_app.base.process.logs import log_file
from helix_app.bridge.faults import FaultReporter
from helix_app.protocol.events import Event, Failed


def fail(text: str) -> None:
    raise ZeroDivisionError(text)


def report(reporter: FaultReporter, text: str) -> None:
    try:
        fail(text)
    except ZeroDivisionError as error:
        reporter.report(type(error), error, error.__traceback__)


def test_same_lines_are_shown_once(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[Event] = []
    reporter = FaultReporter(shown.append)
    for text in ("one", "two"):
        report(reporter, text)
    (failed,) = shown
    assert isinstance(failed, Failed)
    assert failed.code == "internal"
    assert "ZeroDivisionError: one" in failed.detail
    assert dict(failed.fields)["log"] == str(log_file())
    assert caplog.text.count("Traceback") == 1
    assert "again: ZeroDivisionError: two" in caplog.text
    try:
        fail("elsewhere")
    except ZeroDivisionError as error:
        reporter.report(type(error), error, error.__traceback__)
    assert len(shown) == 2


def test_threads_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    shown: list[Event] = []
    FaultReporter(shown.append).install()
    thread = threading.Thread(target=fail, args=("in a thread",))
    thread.start()
    thread.join()
    assert [event.code for event in shown if isinstance(event, Failed)] == ["internal"]


def test_ctrl_c_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[Event] = []
    FaultReporter(shown.append).report(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == []
