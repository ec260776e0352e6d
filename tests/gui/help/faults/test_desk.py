"""A fault that nobody expected: one dialog a kind, never many, and a report that holds nothing private."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helix_app.gui.help.faults.desk import MOST_DIALOGS
from helix_app.gui.help.faults.dialog import FaultDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import CompareDone, Failed
from helix_app.protocol.faults import Fault
from helix_app.protocol.inquiries import RedactAsked, Redacted, ReportAsked, ReportMade
from helix_app.protocol.models.hub import DownloadFailed
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.run import Run
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.help.faults.fault_views import answer
from tests.gui.settling import load, settle

SECRET = "Why does my neighbour Hans play the tuba?"
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/home/ann/helix_app/gui/page.py", line {line}, in on_event\n'
    "    self.show(event)\n"
    "ValueError: my neighbour Hans\n"
)


def fault(line: int = 1) -> Fault:
    return Fault("window", f"ValueError|page.py:{line}", TRACE.format(line=line))


@pytest.fixture
def window(window: MainWindow) -> MainWindow:
    """One whose reports are redacted at once."""
    answer(window)
    return window


def dialogs(window: MainWindow) -> list[FaultDialog]:
    return [dialog for dialog in window.findChildren(FaultDialog) if dialog.isVisible()]


def shown(window: MainWindow) -> FaultDialog:
    (dialog,) = dialogs(window)
    return dialog


def test_a_kind_is_told_once_and_others_join_the_open_dialog(window: MainWindow) -> None:
    asked = record(window.help.asked)
    faults = window.help.faults
    faults.tell(fault())
    faults.tell(fault())
    faults.tell(fault(2))
    faults.tell(fault(3))
    dialog = shown(window)
    assert "failed in the window" in dialog.sentence.text()
    assert "conversations are kept" in dialog.safe.text()
    assert dialog.more.text().startswith("2 other faults came after it")
    assert 'File "page.py", line 3' in dialog.report.toPlainText()
    assert [question for question in asked if not isinstance(question, RedactAsked)] == [ReportAsked()]
    dialog.goes_on.click()
    settle()
    faults.tell(fault(2))
    assert dialogs(window) == []
    assert faults.dialog is None


def test_never_a_storm_of_dialogs(window: MainWindow) -> None:
    opened = 0
    for line in range(20):
        window.help.faults.tell(fault(line))
        for dialog in dialogs(window):
            opened += 1
            dialog.accept()
            settle()
    assert opened == MOST_DIALOGS


def test_the_engines_internal_failures_are_told_and_expected_ones_are_not(window: MainWindow) -> None:
    window.on_event(Failed("out_of_memory", TRACE.format(line=1)))
    window.on_event(CompareDone("c", "failed", failed=Failed("bench_running")))
    assert dialogs(window) == []
    window.on_event(Failed("internal", TRACE.format(line=1), request_id="r"))
    assert "failed in the engine" in shown(window).sentence.text()
    window.on_event(DownloadFailed("m", "internal", TRACE.format(line=1)))
    assert shown(window).more.isHidden()  # the same one
    window.on_event(CompareDone("c", "failed", failed=Failed("internal", TRACE.format(line=9))))
    assert not shown(window).more.isHidden()


def test_copy_waits_for_what_is_looked_for_and_takes_nothing_private(window: MainWindow) -> None:
    chat = Driver(window)
    chat.ask(SECRET)
    chat.finish("He loves it, and so does his cat Mimi of Cologne.")
    window.help.faults.tell(fault())
    dialog = shown(window)
    QGuiApplication.clipboard().setText("before")
    dialog.copied.click()
    assert QGuiApplication.clipboard().text() == "before"
    facts = f"Versions\n  torch 2.4.1\nrefused: {SECRET}\nsaid: his cat Mimi of Cologne."
    window.on_event(ReportMade(facts))
    text = QGuiApplication.clipboard().text()
    assert text == dialog.report.toPlainText()
    assert text.startswith("Helix 0.")
    for part in ("PySide6-Essentials", "torch 2.4.1", 'File "page.py", line 1, in on_event', "SmolLM2 135M Instruct"):
        assert part in text
    for private in ("Hans", "Mimi", "/home/ann"):
        assert private not in text
    assert dialog.copied.text() == "Copied"


def test_the_report_is_redacted_elsewhere_and_shown_only_then(make_window: Callable[..., MainWindow]) -> None:
    """Long conversations take a second."""
    window = make_window()
    chat = Driver(window)
    load(window)
    chat.ask(SECRET)
    chat.finish("He loves it.")
    asked = record(window.help.asked)
    window.help.faults.tell(fault())
    window.help.faults.tell(fault(2))
    first, second = (question for question in asked if isinstance(question, RedactAsked))
    assert {SECRET, "He loves it."} <= set(second.texts)
    report = shown(window).report
    window.on_event(Redacted(first.number, "without the second fault"))
    assert report.toPlainText() == ""
    window.on_event(Redacted(second.number, "both"))
    assert report.toPlainText() == "both"
    shown(window).copied.click()
    assert shown(window).copied.text() != "Copied"
    window.on_event(ReportMade("torch 2.4.1"))
    third = asked[-1]
    assert isinstance(third, RedactAsked)
    assert third.lines[-1] == "torch 2.4.1"
    window.on_event(Redacted(third.number, "all"))
    assert (report.toPlainText(), shown(window).copied.text()) == ("all", "Copied")


def test_the_last_run_can_be_saved(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    window.help.faults.tell(fault())
    assert not shown(window).save.isEnabled()
    shown(window).accept()
    settle()
    chat = Driver(window)
    chat.ask(SECRET)
    chat.finish("so it is")
    window.help.faults.tell(fault(2))
    saved: list[tuple[str, Run]] = []
    window.desk.save_requested.connect(lambda path, run: saved.append((path, run)))
    monkeypatch.setattr("helix_app.gui.inspect.desk.ask_save", lambda *_: ("/x/last.helixrun", ""))
    assert "with its prompt" in shown(window).told.text()
    shown(window).save.click()
    ((path, run),) = saved
    assert path == "/x/last.helixrun"
    request = run.items[0].event
    assert isinstance(request, GenerateRequest)
    assert request.messages[-1].content == SECRET


def test_the_log_folder_opens_and_quit_ends(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    ended: list[bool] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    monkeypatch.setattr(QApplication, "quit", lambda: ended.append(True))
    closing = record(window.closing)
    window.help.faults.tell(fault())
    shown(window).logs.click()
    assert opened[0].endswith("logs")
    shown(window).quits.click()
    assert len(closing) == len(ended) == 1


def test_a_crash_before_is_told_without_a_way_to_quit(window: MainWindow) -> None:
    trace = 'Current thread (most recent call first):\n  File "/home/ann/x.py", line 3 in f\n'
    window.help.faults.tell(Fault("before", "Helix 0.1.0, started then", trace, "Segmentation fault"))
    dialog = shown(window)
    assert "crashed the last time (Segmentation fault)" in dialog.sentence.text()
    assert dialog.quits.isHidden()
    assert "Helix 0.1.0, started then" in dialog.report.toPlainText()
    assert 'File "x.py", line 3 in f' in dialog.report.toPlainText()


def test_copy_waits_only_so_long(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helix_app.gui.help.faults.desk.WAIT_MS", 0)
    QGuiApplication.clipboard().setText("before")
    window.help.faults.tell(fault())
    shown(window).copied.click()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text().startswith("Helix 0."))
