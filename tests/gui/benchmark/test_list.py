"""The list of benchmarks, two of them side by side, and how the page looks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.benchmark.plots import ticks
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench
from tests.bench import made
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person, at, looking_at
from tests.gui.views import settle


@pytest.fixture
def person(theme: Theme, qtbot: QtBot, state: State) -> Person:
    """Someone who looks at the page alone."""
    page = BenchmarkPage(theme, state)
    qtbot.addWidget(page)
    return looking_at(page, state)


@pytest.fixture
def page(person: Person) -> BenchmarkPage:
    """That page."""
    return person.page


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


def test_an_answer_that_comes_too_late_is_not_shown(person: Person, page: BenchmarkPage) -> None:
    person.listed(bench_made.view(2), bench_made.view(1))
    person.select(0)
    page.history.new.click()
    person.hear(bench.BenchOpened(bench_made.view(2)))
    person.hear(bench.BenchCompared(bench_made.change()))
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


# ------------------------------------------------------------------ looks


@pytest.mark.parametrize(("low", "high"), [(0.97, 1.6), (0.5, 8.1), (0.2, 0.9), (0.999, 1.001), (1.0, 90.0)])
def test_the_axis_names_one_and_a_few_others(low: float, high: float) -> None:
    found = ticks(low, high)
    assert len(found) <= 8
    assert all(low - 1e-9 <= at <= high + 1e-9 for at, _ in found)
    assert len({text for _, text in found}) == len(found)
    if low <= 1 <= high:
        assert any(text in ("1.0x", "1.00x") for _, text in found)


def test_every_control_has_a_name(person: Person, page: BenchmarkPage) -> None:
    person.hear(bench.BenchEnded("done", bench_made.view()))
    for control in page.findChildren(QAbstractButton):
        if control.isVisible():
            assert control.accessibleName() or control.text(), control
    assert page.history.list.accessibleName()


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)])
def test_nothing_is_cut_off(window: MainWindow, size: tuple[int, int]) -> None:
    person = at(window)
    page = person.page
    window.resize(*size)
    settle()
    for part in (page.setup, page.result, page.change):
        if part is page.result:
            unsure = bench_made.view(1, made.result(speed=made.noisy(1.0)))
            assert "no significant difference" in unsure.ratios[0].text
            person.hear(bench.BenchEnded("done", unsure))
        elif part is page.change:
            person.listed(bench_made.view(2), bench_made.view(1))
            person.select(0, 1)
            page.history.compare.click()
            person.hear(bench.BenchCompared(bench_made.change()))
        settle()
        inner: QWidget = part.widget()
        assert inner.width() <= part.viewport().width()
        assert inner.minimumSizeHint().width() <= part.viewport().width()
