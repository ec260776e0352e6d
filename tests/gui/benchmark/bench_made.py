"""Made-up benchmarks as the bridge hands them to the window, and a person at the benchmark page."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QApplication

from helix_app.bench.figures.facts import run_facts
from helix_app.bench.figures.summary import Summary, summarise
from helix_app.bench.records import BenchResult, to_json
from helix_app.bench.reports import view as views
from helix_app.bench.reports.compare import compare
from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.state import State
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import bench_views as bench
from helix_app.protocol.bench_views import BenchChange, BenchEntry, BenchView
from tests.bench.instruments import made
from tests.gui import fake

_SUMMARIES: dict[str, Summary] = {}


def summary_of(result: BenchResult) -> Summary:
    """Its figures, which are computed once for results that are the same; no language is in them."""
    told = repr(result)
    if told not in _SUMMARIES:
        _SUMMARIES[told] = summarise(result)
    return _SUMMARIES[told]


def entry(result: BenchResult, run_id: int) -> BenchEntry:
    """Its line in the list."""
    speedup = views.overall_speedup(summary_of(result))
    return views.entry(run_id, result.created, views.run_title(result), len(result.runs), result.complete, speedup)


def view(run_id: int = 1, result: BenchResult | None = None) -> BenchView:
    """A run to show."""
    if result is None:
        return replace(usual(), entry=replace(usual().entry, id=run_id))
    return views.view(result, summary_of(result), entry(result, run_id))


def listed(run_id: int, **named: str) -> BenchEntry:
    """A line of the list as the bridge tells it, but for what is named."""
    facts = run_facts(to_json(made.result()))
    words = tuple({**dict(facts.named), **named}.items())
    return replace(view(run_id).entry, named=words, target=facts.target, dtype=facts.dtype, plain=facts.plain)


NAMED = (("model", "m"), ("format", "bfloat16"), ("draft", "ngram"), ("k", "auto"), ("kinds", "chat, code"))


def named(**values: str) -> tuple[tuple[str, str], ...]:
    """What may tell a run from others."""
    return tuple({**dict(NAMED), **values}.items())


def known(run_id: int = 1, **values: object) -> BenchEntry:
    """A line of the list of which all is known, with other ``values``."""
    base = replace(view(run_id).entry, named=NAMED, target="m", dtype="auto", plain=40.0)
    return replace(base, **values)  # type: ignore[arg-type]


@lru_cache
def usual() -> BenchView:
    """Helix half as fast again in two kinds of prompts."""
    return view(0, made.result())


@lru_cache
def change(a: int = 1, b: int = 2) -> BenchChange:
    """Two runs; the second is slower and from another machine."""
    first, second = made.result(), made.result(speed=made.noisy(1.1, seed=1), machine={"cpu": "Another"})
    return views.change(compare(first, second), entry(first, a), entry(second, b))


class Person:
    """At a benchmark page.

    Attributes:
        asked: what the page asked for.
    """

    def __init__(self, page: BenchmarkPage) -> None:
        self.page = page
        self.asked: list[bench.BenchAsked] = []
        page.asked.connect(self.asked.append)

    def hear(self, event: object) -> None:
        """What the bridge tells."""
        self.page.handlers()[type(event)](event)

    def listed(self, *views: bench.BenchView) -> None:
        self.hear(bench.BenchListed(tuple(view.entry for view in views)))

    def select(self, *rows: int) -> None:
        """Click a row, and others with Ctrl."""
        box = self.page.history.list
        for i, row in enumerate(rows):
            flag = QItemSelectionModel.SelectionFlag.Select if i else QItemSelectionModel.SelectionFlag.ClearAndSelect
            box.setCurrentRow(row, flag)

    def error(self) -> str:
        return self.page.error.sentence.text() if self.page.error.isVisible() else ""


def looking_at(page: BenchmarkPage, state: State) -> Person:
    """Someone who looks at a page that stands alone, with one model on this computer."""
    state.set_catalog((fake.here(fake.SMOL), fake.BIG))
    someone = Person(page)
    page.resize(960, 640)
    page.show()
    QApplication.processEvents()
    return someone


def at(window: MainWindow) -> Person:
    """Someone at the page of a window."""
    someone = Person(window.benchmark)
    window.pages.show_page("benchmark")
    QApplication.processEvents()
    return someone
