"""The strip that says what is measured, how far, how fast and how long still."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.benchmark.progress import ProgressStrip
from helix_app.gui.look.theme import Theme
from helix_app.protocol import bench_views as bench
from helix_app.protocol.bench import BenchProgressed
from tests.gui.benchmark.bench_made import Person
from tests.gui.fake import record


@pytest.fixture
def strip(theme: Theme, qtbot: QtBot) -> ProgressStrip:
    """The strip by itself, of a benchmark that has just begun."""
    made = ProgressStrip(theme)
    qtbot.addWidget(made)
    made.begin()
    return made


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


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (BenchProgressed("load", "weights"), "Loading weights"),
        (BenchProgressed("peer", arm="transformers"), "Loading transformers"),
        (BenchProgressed("compare"), "Comparing tokens"),
        (BenchProgressed("measure", done=1, total=4, arm="transformers", kind="list"), "Measuring: List, transformers"),
    ],
)
def test_each_step_has_its_words(strip: ProgressStrip, event: BenchProgressed, words: str) -> None:
    strip.on_progressed(event)
    assert strip.what.text() == words


def test_the_line_moves_to_and_fro_until_it_is_known_how_far_it_is(strip: ProgressStrip) -> None:
    assert strip.line.fraction() is None
    strip.on_progressed(BenchProgressed("measure", "", 12, 48))
    assert strip.line.fraction() == 0.25
    strip.stop.click()
    assert strip.line.fraction() is None


def test_stop_is_asked_once_and_the_next_benchmark_can_be_stopped_again(strip: ProgressStrip) -> None:
    asked = record(strip.stop_requested)
    strip.stop.click()
    strip.stop.click()
    assert len(asked) == 1
    strip.begin()
    assert strip.what.text() == "Starting the engine"
    strip.stop.click()
    assert len(asked) == 2
