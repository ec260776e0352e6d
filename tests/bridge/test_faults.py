"""Uncaught errors are told once, from whatever thread, and that a window before crashed, once."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from helix_app.base.process.crashes import sessions_dir
from helix_app.bridge.faults import FaultReporter, watching
from helix_app.protocol.faults import Fault


def fail(text: str) -> None:
    raise ZeroDivisionError(text)


def report(reporter: FaultReporter, text: str) -> None:
    try:
        fail(text)
    except ZeroDivisionError as error:
        reporter.report(type(error), error, error.__traceback__)


@pytest.fixture
def told() -> list[Fault]:
    return []


@pytest.fixture
def reporter(qapp: object, told: list[Fault]) -> FaultReporter:
    made = FaultReporter()
    made.happened.connect(told.append)
    return made


def test_same_lines_are_told_once(reporter: FaultReporter, told: list[Fault], caplog: pytest.LogCaptureFixture) -> None:
    for text in ("one", "two\nwith more\n  lines\nValueError: of another kind"):
        report(reporter, text)
    (fault,) = told
    assert fault.origin == "window"
    assert "ZeroDivisionError: one" in fault.trace
    assert caplog.text.count("Traceback") == 1
    assert "again: ZeroDivisionError" in caplog.text
    try:
        fail("elsewhere")
    except ZeroDivisionError as error:
        reporter.report(type(error), error, error.__traceback__)
    assert len(told) == 2


def test_ctrl_c_is_no_fault(reporter: FaultReporter, told: list[Fault], capsys: pytest.CaptureFixture[str]) -> None:
    reporter.report(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert told == []


class Window(QObject):
    """Hears of faults as the window does."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Fault] = []
        self.threads: list[int] = []

    def tell(self, fault: Fault) -> None:
        self.heard.append(fault)
        self.threads.append(threading.get_ident())


def test_threads_are_heard_on_the_windows_own(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    before, window = sys.excepthook, Window()
    with watching(window, window.tell, asks_before=False):
        thread = threading.Thread(target=fail, args=("in a thread",))
        thread.start()
        thread.join()
        assert window.heard == []  # not on that thread, nor within the handler that failed
        qtbot.waitUntil(lambda: bool(window.heard))
    assert window.threads == [threading.get_ident()]
    assert sys.excepthook is before
    assert not sessions_dir().exists()


def test_a_crash_before_is_told_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    sessions_dir().mkdir(parents=True)
    text = 'Helix 0.1, started then\nno boot\nFatal Python error: Segmentation fault\n\n  File "x.py", line 1 in f\n'
    (sessions_dir() / "4194304.txt").write_text(text, encoding="utf-8")
    window = Window()
    for _ in range(2):
        with watching(window, window.tell, asks_before=True):
            qtbot.waitUntil(lambda: bool(window.heard))
    (fault,) = window.heard
    assert (fault.origin, fault.cause) == ("before", "Segmentation fault")
    assert "line 1 in f" in fault.trace


def test_what_goes_wrong_while_an_object_is_cleared_away_is_logged(
    qapp: object, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clumsy:
        def __del__(self) -> None:
            fail("too late")

    window = Window()
    with watching(window, window.tell, asks_before=False):
        Clumsy()
    assert "too late" in caplog.text
    assert window.heard == []
