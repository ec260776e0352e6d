"""The dialog that says how smoothly the window runs, and what is wrong with this computer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from helix_app.gui.help import diagnostics
from helix_app.gui.help.diagnostics import (
    DiagnosticsDialog,
    FrameTable,
    frame_figures,
    milliseconds,
    report_of_frames,
    without_home,
)
from helix_app.gui.help.frames import FrameReport
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.loading import Unloaded
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

REPORT = FrameReport(1200, 20.0, 16.04, 17.6, 21.0, 48.0, 0.0025, 340, 2.31, 4.0)


def test_figures() -> None:
    assert frame_figures(None) == ("–",) * 8
    assert frame_figures(REPORT) == ("16 ms", "18 ms", "21 ms", "48 ms", "0.2 %", "2.3 ms", "4.0 ms", "1,200")
    assert milliseconds(None) == "–"


@pytest.fixture
def dialog(window: MainWindow) -> Callable[[], DiagnosticsDialog]:
    """Opens the dialog from the menu."""

    def show() -> DiagnosticsDialog:
        window.actions_.diagnostics.trigger()
        found = window.findChild(DiagnosticsDialog)
        assert found is not None
        return found

    return show


def test_dialog_before_a_reply(dialog: Callable[[], DiagnosticsDialog]) -> None:
    shown = dialog()
    assert shown.isVisible()
    assert "Write a reply" in shown.verdict.text()
    assert {cell.text() for pair in shown.table.cells for cell in pair} == {"–"}
    assert shown.plot.is_empty()


@pytest.mark.parametrize(("p95", "words"), [(17.6, "smoothly"), (33.5, "stutters")])
def test_dialog_says_what_the_meter_says(
    window: MainWindow, dialog: Callable[[], DiagnosticsDialog], p95: float, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = FrameReport(*{**REPORT.as_dict(), "p95": p95}.values())
    meter = window.help.frames
    monkeypatch.setattr(meter, "last", lambda: report)
    monkeypatch.setattr(meter, "recent", lambda count: np.array([16.0, 17.0, 40.0]))
    shown = dialog()
    assert words in shown.verdict.text()
    assert tuple(pair[0].text() for pair in shown.table.cells) == frame_figures(report)
    x, y = shown.plot.curves[0].getData()
    assert list(y) == [16.0, 17.0, 40.0]
    assert list(x) == [1, 2, 3]


def test_dialog_follows_a_reply(chat: Driver, dialog: Callable[[], DiagnosticsDialog], qtbot) -> None:
    shown = dialog()
    request = chat.ask("Hello").request_id
    chat.window.on_events([events.TextDelta(request, "Hello")])
    qtbot.waitUntil(lambda: shown.table.cells[0][0].text() != "–")
    assert not shown.plot.is_empty()
    chat.finish("Hello")


def test_one_dialog_that_can_be_opened_again(window: MainWindow, dialog: Callable[[], DiagnosticsDialog]) -> None:
    first = dialog()
    assert dialog() is first
    first.accept()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    again = dialog()
    assert again is not first
    assert again.isVisible()
    assert len(window.findChildren(DiagnosticsDialog)) == 1


def test_facts(window: MainWindow) -> None:
    facts = dict(window.help.facts())
    assert facts["Window"].startswith("1280 x 800 at 100 %")
    assert "a map of 512 blocks" in facts["Window"] or "live panel" in facts["Window"]
    assert "SmolLM2 135M Instruct" in facts["Model"]
    assert "CPU" in facts["Model"]
    assert facts["Engine"] == "in a process of its own"
    window.live.close()
    assert dict(window.help.facts())["Window"].endswith("live panel closed")
    window.on_event(Unloaded())
    assert dict(window.help.facts())["Model"] == "none is loaded"


def test_facts_count_what_is_shown(window: MainWindow) -> None:
    settle()
    window.on_event(fake.snapshot(fake.pool_cells(4096)))
    settle()
    assert "map of 4,096 blocks" in dict(window.help.facts())["Window"]


def test_checkup(window: MainWindow, dialog: Callable[[], DiagnosticsDialog]) -> None:
    asked = fake.record(window.checkup_requested)
    shown = dialog()
    shown.check.click()
    assert len(asked) == 1
    assert not shown.check.isEnabled()
    assert shown.report.isHidden()
    window.on_event(events.CheckupDone("Versions\n  Helix  1.0", 2))
    assert shown.check.isEnabled()
    settle()
    assert not shown.report.isHidden()
    assert shown.report.height() >= 200
    assert shown.checked.text().startswith("2 things")
    assert "Versions\n  Helix  1.0" in shown.text()
    for findings, words in ((0, "Nothing is wrong."), (1, "One thing")):
        window.on_event(events.CheckupDone("x", findings))
        assert shown.checked.text().startswith(words)


def test_checkup_that_fails(window: MainWindow, dialog: Callable[[], DiagnosticsDialog]) -> None:
    shown = dialog()
    shown.check.click()
    window.on_event(events.CheckupDone(failed=events.Failed("internal", "boom")))
    assert shown.check.isEnabled()
    assert shown.checked.property("tone") == "danger"
    assert shown.checked.text()
    assert shown.report.isHidden()


def test_checkup_after_the_dialog_was_closed(window: MainWindow, dialog: Callable[[], DiagnosticsDialog]) -> None:
    shown = dialog()
    shown.check.click()
    shown.accept()
    window.on_event(events.CheckupDone("x", 0))  # nobody looks any more


def test_copy(window: MainWindow, dialog: Callable[[], DiagnosticsDialog], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.help.frames, "last", lambda: REPORT)
    monkeypatch.setattr(diagnostics.paths, "log_dir", lambda: Path.home() / "helix" / "logs")
    shown = dialog()
    shown.copied.click()
    text = QApplication.clipboard().text()
    assert "95 of 100 frames within: 18 ms | –" in text
    assert "SmolLM2 135M Instruct" in text
    assert "~" in text
    assert str(Path.home() / "helix") not in text


def test_what_is_copied_is_english_in_every_language(
    speaking: Callable[[str], str], make_window: Callable[..., MainWindow], theme: Theme
) -> None:
    names = FrameTable(theme).names
    speaking("de")
    window = make_window()
    window.actions_.diagnostics.trigger()
    shown = window.findChild(DiagnosticsDialog)
    assert shown is not None
    assert "Fenster: " in shown.facts.text()
    lines = shown.text().splitlines()
    assert "Model: none is loaded" in lines
    assert [line for line in lines if line.startswith("  ")] == [f"  {name}: – | –" for name in names]
    assert [name for name, _ in report_of_frames(REPORT, None)] == list(names)
    assert dict(report_of_frames(REPORT, None))["Frames"] == "1,200 | –"


@pytest.mark.parametrize(
    ("home", "path", "text"),
    [("/home/ann", "/home/ann/x", "~/x"), ("/home/ann", "/home/anna/x", "/home/anna/x"), ("/", "/x", "/x")],
)
def test_without_home(home: str, path: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path(home))
    assert without_home(Path(path)).replace("\\", "/") == text
