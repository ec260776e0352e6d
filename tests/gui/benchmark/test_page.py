"""The benchmark page on made-up results: with the rest of the window, and as a whole."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QWidget

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench, events
from helix_app.protocol.bench import BenchRequest
from tests.bench.instruments import made
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person, at
from tests.gui.driver import Driver
from tests.gui.settling import settle

pytestmark = pytest.mark.styled


def test_it_is_a_page_of_the_rail_and_lists_the_runs_when_it_is_first_shown(window: MainWindow) -> None:
    person = at(window)
    assert person.asked == [bench.BenchList()]
    window.pages.show_page("chat")
    window.pages.show_page("benchmark")
    assert person.asked == [bench.BenchList()]


def test_meanwhile_nothing_is_written_or_loaded(window: MainWindow, chat: Driver) -> None:
    page = at(window).page
    page.setup.run.click()
    assert not window.toolbar.target.isEnabled()
    assert not window.actions_.unload.isEnabled()
    assert not page.setup.run.isEnabled()
    window.chat.composer.editor.setPlainText("Hello")
    window.chat.send()
    assert chat.requests == []
    assert window.chat.error.sentence.text().startswith("A benchmark is running")
    window.compare.setup.prompt.editor.setPlainText("Hello")
    window.compare.run()
    assert not window.compare.running
    assert window.compare.error.sentence.text().startswith("A benchmark is running")
    window.on_event(bench.BenchEnded("done", bench_made.view()))
    assert window.toolbar.target.isEnabled()
    assert window.actions_.unload.isEnabled()
    window.chat.send()
    assert len(chat.requests) == 1


def test_refused_while_a_reply_is_written(window: MainWindow, chat: Driver) -> None:
    person = at(window)
    chat.ask("Hello")
    person.page.setup.run.click()
    assert person.error().startswith("A reply is being written in the chat")
    assert not person.page.running
    assert not [asked for asked in person.asked if isinstance(asked, BenchRequest)]
    chat.finish("x")
    person.page.setup.run.click()
    assert person.error() == ""
    assert person.page.running


def test_refused_while_a_model_is_loaded(window: MainWindow) -> None:
    person = at(window)
    window.models.load()
    person.page.setup.run.click()
    assert person.error().startswith("A model is being loaded")


def test_a_failure_is_told_with_its_details(person: Person, page: BenchmarkPage) -> None:
    page.setup.run.click()
    person.hear(bench.BenchEnded("failed", failed=events.Failed("bench_died", "signal 9 (SIGKILL)")))
    assert person.error().startswith("The benchmark stopped unexpectedly")
    assert page.error.detail.text() == "signal 9 (SIGKILL)"
    assert page.shown is page.setup
    assert not page.running
    page.error.close_button.click()
    assert person.error() == ""


def test_who_reads_another_run_is_not_disturbed(person: Person, page: BenchmarkPage) -> None:
    old, new = bench_made.view(1), bench_made.view(2)
    page.setup.run.click()
    person.listed(old)
    person.select(0)
    assert person.asked[-1] == bench.BenchOpen(1)
    person.hear(bench.BenchOpened(old))
    person.hear(bench.BenchEnded("done", new))
    person.listed(new, old)
    assert page.result.view == old
    assert [entry.id for entry in page.history.selected()] == [1]


def test_an_answer_that_comes_too_late_is_not_shown(person: Person, page: BenchmarkPage) -> None:
    person.listed(bench_made.view(2), bench_made.view(1))
    person.select(0)
    page.history.new.click()
    person.hear(bench.BenchOpened(bench_made.view(2)))
    person.hear(bench.BenchCompared(bench_made.change()))
    assert page.shown is page.setup


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
