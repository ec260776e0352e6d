"""The list of benchmarks: what it says of each, and how runs are opened, compared and deleted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.history import History, subline, when
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.look.theme import Theme
from helix_app.protocol import bench_views as bench
from tests.bench.instruments import made
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person, known, named
from tests.gui.fake import record

pytestmark = pytest.mark.styled


def test_the_list_says_what_ran(person: Person, page: BenchmarkPage) -> None:
    part = bench_made.view(2, made.aborted(made.result(), 3))
    person.listed(part, bench_made.view(1))
    texts = [
        page.history.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(page.history.list.count())
    ]
    assert "stopped early" in texts[0]
    assert "3 replies" in texts[0]
    assert "complete" in texts[1]
    assert bench_made.view(1).ratios[-1].text in texts[1]
    assert "Jan 2026" in texts[1]


def test_two_selected_runs_are_compared_the_older_one_first(person: Person, page: BenchmarkPage) -> None:
    assert not page.history.compare.isVisible()
    person.listed(bench_made.view(2), bench_made.view(1))
    person.select(0)
    assert not page.history.compare.isEnabled()
    person.select(0, 1)
    page.history.compare.click()
    assert person.asked[-1] == bench.BenchCompare(1, 2)
    change = bench_made.change()
    person.hear(bench.BenchCompared(change))
    sheet = page.change
    assert page.shown is sheet
    rows = [tuple(cell.text() for cell in row) for row in sheet.table.cells]
    assert rows == list(change.table.rows)
    assert rows[0][-1] == "B is slower"
    assert len(sheet.ratios.marks["lower"].points()) == 2
    assert ("cpu", "Some CPU", "Another") in [tuple(c.text() for c in row) for row in sheet.differences.cells]
    person.listed(bench_made.view(2))  # one of them is gone
    assert page.shown is page.setup


@pytest.mark.parametrize("answer", ["Delete", "Keep"])
def test_a_run_is_deleted_after_a_question(person: Person, page: BenchmarkPage, answer: str) -> None:
    view = bench_made.view(4)
    person.hear(bench.BenchEnded("done", view))
    person.listed(view)
    QTest.keyClick(page.history.list, Qt.Key.Key_Delete)
    box = page.findChild(QMessageBox)
    assert box is not None
    assert box.defaultButton().text() == "Keep"
    next(button for button in box.buttons() if button.text() == answer).click()
    assert (person.asked[-1] == bench.BenchDelete(4)) is (answer == "Delete")
    if answer == "Delete":
        person.listed()
        assert page.shown is page.setup
        assert not page.history.delete.isVisible()


def test_the_list_is_used_by_keyboard(person: Person, page: BenchmarkPage) -> None:
    person.listed(bench_made.view(2), bench_made.view(1))
    page.history.list.setFocus()
    QTest.keyClick(page.history.list, Qt.Key.Key_Down)
    QTest.keyClick(page.history.list, Qt.Key.Key_Down)
    opened = [asked.run_id for asked in person.asked if isinstance(asked, bench.BenchOpen)]
    assert opened[-1] == 1


def test_the_list_names_what_differs(person: Person) -> None:
    box = person.page.history.list
    person.hear(bench.BenchListed((known(1), known(2))))
    low = box.sizeHintForRow(0)
    person.hear(bench.BenchListed((known(1), known(2, named=named(draft="self-int4")))))
    words = [box.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert ["draft n-gram" in words[0], "draft self, 4 bits" in words[1]] == [True, True]
    assert box.sizeHintForRow(0) > low


@pytest.fixture
def history(theme: Theme, qtbot: QtBot) -> History:
    """The list by itself, with three runs."""
    made_ = History(theme)
    qtbot.addWidget(made_)
    made_.show_entries((known(3), known(2), known(1)))
    return made_


def test_what_is_selected_stays_so_when_the_list_is_another(history: History) -> None:
    opened = record(history.opened)
    history.select(2)
    history.show_entries((known(4), known(3), known(2)))
    assert [entry.id for entry in history.selected()] == [2]
    assert [entry.id for entry in history.entries()] == [4, 3, 2]
    history.show_entries((known(4),))
    assert history.selected() == []
    assert opened == []  # nobody clicked


def test_only_what_can_be_done_with_the_selection_is_offered(history: History) -> None:
    asked = record(history.delete_requested)
    for ids, can in (((), (False, False)), ((2,), (False, True)), ((1, 3), (True, False)), ((1, 2, 3), (False, False))):
        history.select(*ids)
        assert (history.compare.isEnabled(), history.delete.isEnabled()) == can
    QTest.keyClick(history.list, Qt.Key.Key_Delete)  # of three at once
    assert asked == []


def test_an_empty_list_offers_nothing_but_a_new_one(history: History) -> None:
    history.show_entries(())
    assert all(part.isHidden() for part in (history.hint, history.compare, history.delete))
    history.show_entries((known(1),))
    assert history.hint.isHidden()  # there is no second one to compare it with
    assert not history.compare.isHidden()


def test_a_moment_that_cannot_be_read_is_a_dash() -> None:
    assert when("yesterday") == "–"
    assert subline(known(1, created="yesterday", complete=False)) == "stopped early · –"
