"""A small benchmark from the window, with the real model: its numbers are those of the command line."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import build
from helix_app.base.settings import Settings
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import parse_json
from helix_app.bench.reports import tables
from helix_app.bench.reports.text_report import text_report
from helix_app.store.benchmarks import BenchmarkStore

SECONDS = 120_000  # a bound for waiting in milliseconds, never the time that anything takes

pytestmark = pytest.mark.model


def test_a_benchmark_from_the_window(forked_children: None, default_model: Path, qtbot: QtBot) -> None:
    settings = Settings(target=str(default_model), draft="ngram", context_length=512, engine_process="thread")
    app = build(settings)
    window, page = app.window, app.window.benchmark
    qtbot.addWidget(window)
    app.start()
    qtbot.waitUntil(lambda: window.state.ready is not None, timeout=SECONDS)

    window.pages.show_page("benchmark")
    setup = page.setup
    qtbot.waitUntil(lambda: setup.target.value == str(default_model), timeout=SECONDS)
    for code, box in setup.kinds.items():
        box.setChecked(code == "rewrite")
    setup.prompts.setValue(1)
    setup.repeats.setValue(1)
    setup.max_tokens.setValue(8)
    setup.run.click()
    assert page.error.sentence.text() == ""

    # the chat waits, whichever way it is asked
    window.chat.composer.editor.setPlainText("Hello")
    window.chat.send()
    assert window.chat.error.sentence.text().startswith("A benchmark is running")
    assert not app.controller.reserve("test")

    qtbot.waitUntil(lambda: not page.running, timeout=SECONDS)
    qtbot.waitUntil(lambda: bool(page.history.entries()), timeout=SECONDS)
    assert page.shown is page.result, page.error.sentence.text()
    left = {child.name for child in multiprocessing.active_children()}
    assert left <= {"helix-prompts"}, "its process ended with the run"

    # what is shown is what is stored, in the words of the command line
    store = BenchmarkStore()
    run = store.runs()[0]
    result = parse_json(store.document(run.id), "x")
    summary, sheet = summarise(result), page.result
    assert result.complete
    assert len(result.runs) == 2
    assert result.settings["device"] == "auto"
    report = text_report(result, summary)
    headline = tables.headline_table(summary)
    assert headline is not None
    assert sheet.headline.shown is not None
    assert sheet.headline.shown.rows == headline.rows
    kinds = [tuple(cell.text() for cell in row) for row in sheet.kinds.cells]
    assert kinds == list(tables.kinds_table(summary).rows)
    for row in kinds:
        assert any(all(cell in line for cell in row) for line in report.splitlines())
    assert report.rstrip().endswith(f"{sheet.command.text()}")
    assert [ratio.value for ratio in sheet.ratios.ratios] == [found.value for _, found in tables.speedups(summary)]
    decode = summary.overall.comparisons[0].decode
    assert (run.speedup, run.low, run.high) == (decode.value, decode.low, decode.high)
    assert page.history.entries()[0].speedup == sheet.ratios.ratios[-1].text.split(",")[0]

    # and the chat may go on
    assert window.toolbar.target.isEnabled()
    window.state.change(max_tokens=4)
    window.chat.send()
    assert window.chat.generating
    qtbot.waitUntil(lambda: not window.chat.generating, timeout=SECONDS)
    window.close()
    assert not [thread for thread in app.benchmarks.threads if thread.isRunning()]
