"""The benchmark page on made-up results."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from helix_app.bench import statistics, workloads
from helix_app.bench.config import BASELINE, HELIX, PEERS, BenchConfig
from helix_app.bench.reports.wording import arm_label, kind_label
from helix_app.gui.benchmark import kinds
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench, events
from helix_app.protocol.bench import BenchProgressed, BenchRequest
from tests.bench import made
from tests.gui import fake
from tests.gui.benchmark import bench_made
from tests.gui.benchmark.bench_made import Person, at, looking_at
from tests.gui.driver import Driver


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


# ------------------------------------------------------------------ the set-up


def test_it_is_a_page_of_the_rail_and_lists_the_runs_when_it_is_first_shown(window: MainWindow) -> None:
    person = at(window)
    assert person.asked == [bench.BenchList()]
    window.pages.show_page("chat")
    window.pages.show_page("benchmark")
    assert person.asked == [bench.BenchList()]


def test_the_words_are_those_of_the_command_line() -> None:
    assert [(code, name) for code, name, _ in kinds.kinds()] == [(kind, kind_label(kind)) for kind in workloads.KINDS]
    assert [(code, name) for code, name, _ in kinds.peers()] == [(peer, arm_label(peer)) for peer in PEERS]
    assert [kinds.arm_name(arm) for arm in (BASELINE, HELIX, *PEERS)] == [
        arm_label(arm) for arm in (BASELINE, HELIX, *PEERS)
    ]
    for kind in workloads.KINDS:
        assert len(workloads.built_in([kind])) >= kinds.MOST_PROMPTS
    assert kinds.LEAST_PAIRS == statistics.MIN_PAIRS


def test_run_asks_for_what_is_set_up(person: Person, page: BenchmarkPage) -> None:
    setup = page.setup
    setup.draft.pick("ngram")
    setup.k.pick("fixed:3")
    setup.dtype.pick("float32")
    setup.kinds["story"].setChecked(False)
    setup.prompts.setValue(4)
    setup.repeats.setValue(2)
    setup.max_tokens.setValue(32)
    setup.temperature.setValue(0.7)
    setup.peers["transformers"].setChecked(True)
    assert setup.estimate.text() == (
        "3 kinds × 4 prompts × 2 repeats × 3 configurations = 72 replies of up to 32 tokens"
    )
    setup.run.click()
    wanted = BenchRequest(
        target=fake.SMOL.id,
        draft="ngram",
        k="fixed:3",
        device="auto",
        dtype="float32",
        kinds=("chat", "code", "rewrite"),
        prompts_per_kind=4,
        max_tokens=32,
        repeats=2,
        temperature=0.7,
        peers=("transformers",),
    )
    assert person.asked[-1] == wanted
    BenchConfig(**vars(wanted)).check()
    assert page.running


def test_what_nobody_picked_follows_the_toolbar(window: MainWindow) -> None:
    page = window.benchmark
    window.state.change(draft="ngram", k="fixed:2", device="cpu")
    assert (page.setup.request().draft, page.setup.request().k, page.setup.request().device) == (
        "ngram",
        "fixed:2",
        "cpu",
    )
    page.setup.draft.pick("self-int4")
    window.state.change(draft="auto")
    assert page.setup.request().draft == "self-int4"


def test_nothing_can_be_run_without_a_kind_or_a_model(person: Person, page: BenchmarkPage, state: State) -> None:
    for box in page.setup.kinds.values():
        box.setChecked(False)
    assert not page.setup.run.isEnabled()
    assert page.setup.estimate.text() == "Choose at least one kind of prompts."
    page.setup.kinds["code"].setChecked(True)
    assert page.setup.run.isEnabled()
    state.set_catalog((fake.SMOL,))  # not on this computer
    assert not page.setup.run.isEnabled()
    assert "No model is on this computer" in page.setup.estimate.text()


def test_too_few_for_an_interval_is_said(page: BenchmarkPage) -> None:
    page.setup.repeats.setValue(2)
    assert page.setup.estimate.text().endswith("need 6 prompts × repeats or more.")
    page.setup.prompts.setValue(3)
    assert page.setup.estimate.text().endswith("tokens")


# ------------------------------------------------------------------ running


def test_progress_says_what_how_far_how_fast_how_long(person: Person, page: BenchmarkPage) -> None:
    strip = page.progress
    assert not strip.isVisible()
    page.setup.run.click()
    assert strip.isVisible()
    assert strip.what.text() == "Starting the engine"
    person.hear(BenchProgressed("warm_up", arm="speculative"))
    assert strip.what.text() == "Warming up Helix"
    person.hear(BenchProgressed("measure", "", 12, 48, "autoregressive", "code", 74.2, 61.3))
    assert strip.what.text() == "Measuring: Code, Plain"
    assert strip.figures.text() == "12 of 48 replies · 25 % · 61 tok/s · 74 s left"
    person.hear(BenchProgressed("measure", "", 13, 48, "speculative", "code", None, None))
    assert strip.figures.text() == "13 of 48 replies · 27 %"
    strip.stop.click()
    assert person.asked[-1] == bench.BenchCancel()
    assert strip.what.text() == "Stopping…"
    person.hear(BenchProgressed("measure", "", 14, 48))
    assert strip.what.text() == "Stopping…"
    person.hear(bench.BenchEnded("cancelled"))
    assert not strip.isVisible()
    assert page.notices.sentences() == [
        "The benchmark was stopped before its first reply, so there is nothing to show."
    ]
    assert page.setup.run.isEnabled()


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


# ------------------------------------------------------------------ a result


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
