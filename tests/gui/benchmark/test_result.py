"""One benchmark, and two of them side by side: every figure as it was handed over, and nothing that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from helix_app.bench.config import BASELINE, HELIX
from helix_app.gui.benchmark.history import when
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.benchmark.result import ChangeSheet, Headline, ResultSheet
from helix_app.gui.look.theme import Theme
from helix_app.protocol import bench_views as bench, events
from helix_app.protocol.bench_views import BenchTable
from tests.bench.instruments import made
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person
from tests.gui.fake import record


def test_the_result_is_shown_with_its_own_figures(person: Person, page: BenchmarkPage) -> None:
    view = bench_made.view(3, made.result(arms=(BASELINE, HELIX, "transformers")))
    page.setup.run.click()
    person.hear(bench.BenchEnded("done", view))
    person.listed(view)
    assert page.shown is page.result
    assert [entry.id for entry in page.history.selected()] == [3]
    sheet = page.result
    assert sheet.headline.shown == view.headline
    for table, shown in ((sheet.kinds, view.kinds), (sheet.details, view.details), (sheet.peers, view.peers)):
        assert shown is not None
        assert [tuple(cell.text() for cell in row) for row in table.cells] == list(shown.rows)
        assert table.isVisible()
    assert sheet.ratios.ratios == view.ratios
    assert sheet.positions.bars == view.positions
    assert sheet.rounds.bars == view.rounds
    assert sheet.command.text() == view.command
    assert "12 of" not in sheet.agreement.text()
    assert sheet.agreement.text().count("6 of 6 prompts agree") == 3
    assert not sheet.notes.isVisible()
    assert "Chat 1." in sheet.ratios.accessibleDescription()
    points = [spot.pos().x() for spot in sheet.ratios.marks["higher"].points()]
    assert points == [ratio.value for ratio in view.ratios]
    x, _ = sheet.ratios.spans.getOriginalDataset()
    assert list(x) == [end for ratio in view.ratios for end in (ratio.low, ratio.high)]


def test_a_run_cut_short_shows_only_what_there_is(person: Person, page: BenchmarkPage) -> None:
    person.hear(bench.BenchEnded("cancelled", bench_made.view(1, made.aborted(made.result(), 1))))
    sheet = page.result
    assert page.shown is sheet
    assert sheet.nothing.isVisible()
    for part in (sheet.headline, sheet.kinds, sheet.ratios, sheet.positions, sheet.peers, sheet.agreement):
        assert not part.isVisible()
    assert "1 of 36 replies were measured" in sheet.notes.text()


def test_the_command_can_be_copied(person: Person, page: BenchmarkPage) -> None:
    view = bench_made.view()
    person.hear(bench.BenchEnded("done", view))
    page.result.copy.click()
    assert QGuiApplication.clipboard().text() == view.command


@pytest.mark.parametrize("code", ["html", "md", "csv", "json"])
def test_export(person: Person, page: BenchmarkPage, code: str) -> None:
    person.hear(bench.BenchEnded("done", bench_made.view(5)))
    suggested: list[str] = []
    answers = ["", f"/x/y.{code}", "/x/z"]
    page.ask_path = lambda _, name: (suggested.append(name), answers.pop(0))[1]
    number = ("html", "md", "csv", "json").index(code)
    for _ in range(3):
        page.result.export.menu().actions()[number].trigger()
    assert suggested == [f"benchmark-2026-01-02.{code}"] * 3
    assert person.asked[1:] == [bench.BenchExport(5, code, f"/x/{name}.{code}") for name in ("y", "z")]  # type: ignore[arg-type]
    person.hear(bench.BenchExported("/x/y"))
    assert page.notices.sentences() == ["The benchmark was saved as /x/y."]
    person.hear(bench.BenchFailed(events.Failed("bench_output", fields=(("path", "/x/z"),))))
    assert person.error().startswith("/x/z cannot be written")


@pytest.fixture
def sheet(theme: Theme, qtbot: QtBot) -> ResultSheet:
    """A result by itself."""
    made_ = ResultSheet(theme)
    qtbot.addWidget(made_)
    made_.show()
    return made_


def test_nothing_of_the_run_before_is_left(sheet: ResultSheet) -> None:
    sheet.show_view(bench_made.view(1, made.result(arms=(BASELINE, HELIX, "transformers"))))
    assert sheet.peers.isVisible()
    assert sheet.positions.isVisible()
    bare = replace(bench_made.view(2), peers=None, positions=(), rounds=(), agreement=(), notes=("Look here.",))
    sheet.show_view(bare)
    for part in (sheet.peers, sheet.positions, sheet.rounds, sheet.agreement):
        assert not part.parentWidget().isVisible()  # its heading goes along
    assert sheet.notes.text() == "• Look here."


def test_the_moment_of_a_run_is_written_as_elsewhere(sheet: ResultSheet) -> None:
    view = bench_made.view(2)
    sheet.show_view(view)
    shown = dict(tuple(cell.text() for cell in row) for row in sheet.facts.cells)
    assert view.entry.created in dict(view.facts)["Run"]
    assert shown["Run"] == dict(view.facts)["Run"].replace(view.entry.created, when(view.entry.created))
    assert "T" not in shown["Run"]


def test_nothing_is_exported_before_there_is_a_result(sheet: ResultSheet) -> None:
    asked = record(sheet.export_requested)
    sheet.export.menu().actions()[0].trigger()
    assert asked == []
    view = bench_made.view(7)
    sheet.show_view(view)
    sheet.export.menu().actions()[0].trigger()
    assert asked == [view.entry]


def test_the_headline_names_its_figures(theme: Theme, qtbot: QtBot) -> None:
    headline = Headline(theme)
    qtbot.addWidget(headline)
    headline.show_table(BenchTable(("", "Plain", "Speedup"), (("tok/s", "10.0", "1.42x [1.38, 1.47]"),)))
    labels = headline.findChildren(QLabel)
    names = [label.accessibleName() for label in labels if label.accessibleName()]
    assert names == ["tok/s, Plain: 10.0", "tok/s, Speedup: 1.42x [1.38, 1.47]"]
    assert {"1.42x", "[1.38, 1.47]"} <= {label.text() for label in labels}  # the interval smaller, beside it


def test_two_runs_are_called_a_and_b_and_what_differs_is_told(theme: Theme, qtbot: QtBot) -> None:
    change = bench_made.change(3, 4)
    both = ChangeSheet(theme)
    qtbot.addWidget(both)
    both.show()
    both.show_change(change)
    assert [label.text()[:3] for label in both.names] == ["A: ", "B: "]
    assert all(entry.title in label.text() for entry, label in zip((change.a, change.b), both.names))
    assert both.differences.isVisible()
    both.show_change(replace(change, differences=()))
    assert not both.differences.isVisible()
