"""Benchmarks for a window: run, kept, compared, exported, with an engine that is told what to say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.errors import HelixError
from helix_app.bench.figures import summary
from helix_app.bench.figures.summary import Summary, summarise
from helix_app.bench.records import BenchResult, parse_json, to_json
from helix_app.bench.reports.csv_report import csv_report
from helix_app.bench.reports.html_report import html_report
from helix_app.bench.reports.markdown_report import markdown_report
from helix_app.bridge import benchmarks
from helix_app.bridge.benchmarks import Benchmarks
from helix_app.protocol.bench import BenchDone, BenchProgressed, BenchRequest
from helix_app.protocol.bench_views import (
    BenchCancel,
    BenchCompare,
    BenchCompared,
    BenchDelete,
    BenchEnded,
    BenchExport,
    BenchExported,
    BenchFailed,
    BenchList,
    BenchListed,
    BenchNews,
    BenchOpen,
    BenchOpened,
    BenchView,
    ExportFormat,
)
from helix_app.protocol.events import Event, Failed
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.protocol.requests import Request
from helix_app.store.benchmarks import BenchmarkStore, StoredRun
from tests.bench.instruments import made

Kind = TypeVar("Kind")
REQUEST = BenchRequest("tiny")
DOCUMENTS: dict[str, str] = {}


def document(result: BenchResult) -> str:
    """With its figures, which are computed once for results that are the same."""
    told = repr(result)
    if told not in DOCUMENTS:
        DOCUMENTS[told] = to_json(result, asdict(summarise(result)))
    return DOCUMENTS[told]


class Engine:
    """The chat's engine: busy or not.

    Attributes:
        reserved: why it is kept idle now.
    """

    def __init__(self) -> None:
        self.busy = False
        self.reserved = ""

    def reserve(self, reason: str) -> bool:
        if self.busy or self.reserved:
            return False
        self.reserved = reason
        return True

    def release(self) -> None:
        self.reserved = ""


class Client:
    """Answers a benchmark with what it is given; the last event waits for ``go`` or a cancel."""

    def __init__(self, *events: Event | Exception, cancelled: Event | None = None) -> None:
        self.events, self.cancelled = events, cancelled
        self.go = threading.Event()
        self.go.set()
        self.begun, self.closed = threading.Event(), threading.Event()

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        assert request == REQUEST
        *first, last = self.events
        yield from first  # type: ignore[misc]
        self.begun.set()
        while not self.go.wait(0.01):
            if cancel.is_set() and self.cancelled is not None:
                yield self.cancelled
                return
            if self.closed.is_set():
                yield Failed("engine_died", "closed")
                return
        if isinstance(last, Exception):
            raise last
        yield last

    def close(self) -> None:
        self.closed.set()


class Desk:
    """A window at the bridge."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.engine, self.store = Engine(), BenchmarkStore(folder / "b.db")
        self.client = Client(BenchDone(document(made.result())))
        self.bridge = Benchmarks(self.engine, self.store, lambda: self.client, stop_ms=500)
        self.news: list[BenchNews] = []
        self.bridge.news.connect(self.news.extend)
        self._qtbot = qtbot

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [news for news in self.news if isinstance(news, kind)]

    def wait_for(self, kind: type[Kind]) -> Kind:
        self._qtbot.waitUntil(lambda: bool(self.of(kind)), timeout=20_000)
        return self.of(kind)[-1]

    def run(self, result: BenchResult | None = None) -> BenchView:
        """A whole run; its news are gone after it."""
        self.client = Client(BenchDone(document(result or made.result())))
        self.bridge.ask(REQUEST)
        ended = self.wait_for(BenchEnded)
        assert ended.view is not None
        self.wait_for(BenchListed)
        self.news.clear()
        return ended.view


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    made_desk = Desk(tmp_path, qtbot)
    yield made_desk
    assert made_desk.bridge.shutdown()
    assert not [thread for thread in made_desk.bridge.threads if thread.isRunning()]


def test_a_run_is_kept_and_told(desk: Desk) -> None:
    step = BenchProgressed("measure", "", 1, 2, "speculative", "chat", 3.0, 40.0)
    desk.client = Client(LoadProgress("import"), step, BenchDone(document(made.result())))
    desk.bridge.ask(REQUEST)
    assert desk.bridge.running
    assert desk.engine.reserved == "bench_running"
    listed = desk.wait_for(BenchListed)
    assert desk.news[:2] == [BenchProgressed("load", "import"), step]
    (ended,) = desk.of(BenchEnded)
    assert (ended.reason, ended.failed) == ("done", None)
    assert ended.view is not None
    assert listed.entries == (ended.view.entry,)
    assert desk.store.document(ended.view.entry.id) == document(made.result())
    (stored,) = desk.store.runs()
    decode = summarise(made.result()).overall.comparisons[0].decode
    assert stored == StoredRun(
        1, made.result().created, "Tiny · float32 · Some CPU", 36, True, decode.value, decode.low, decode.high
    )
    assert desk.client.closed.is_set()  # the process ends with the run
    assert desk.engine.reserved == ""
    assert not desk.bridge.running


def test_refused_while_the_engine_works(desk: Desk) -> None:
    desk.engine.busy = True
    desk.bridge.ask(REQUEST)
    assert desk.news == [BenchEnded("failed", failed=Failed("bench_engine_busy"))]
    assert not desk.bridge.running


def test_one_at_a_time(desk: Desk) -> None:
    desk.client.go.clear()
    desk.bridge.ask(REQUEST)
    desk.bridge.ask(REQUEST)
    desk.client.go.set()
    desk.wait_for(BenchListed)
    assert len(desk.of(BenchEnded)) == 1
    assert len(desk.store.runs()) == 1


def test_stopping_keeps_what_was_measured(desk: Desk) -> None:
    part = made.aborted(made.result(), 4)
    desk.client = Client(BenchDone("never"), cancelled=BenchDone(document(part)))
    desk.client.go.clear()
    desk.bridge.ask(REQUEST)
    desk.bridge.ask(BenchCancel())
    ended = desk.wait_for(BenchEnded)
    assert ended.reason == "cancelled"
    assert ended.view is not None
    assert (ended.view.entry.replies, ended.view.entry.complete) == (4, False)
    assert len(desk.store.runs()) == 1


def test_stopping_before_the_first_reply_keeps_nothing(desk: Desk) -> None:
    desk.client = Client(BenchDone("never"), cancelled=Unloaded())
    desk.client.go.clear()
    desk.bridge.ask(REQUEST)
    desk.bridge.ask(BenchCancel())
    assert desk.wait_for(BenchEnded) == BenchEnded("cancelled")
    assert desk.store.runs() == ()
    assert desk.engine.reserved == ""


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Failed("engine_died", "signal 9 (SIGKILL)"), "bench_died"),
        (Failed("model_not_downloaded", "", (("name", "x"),)), "model_not_downloaded"),
        (ZeroDivisionError("on purpose"), "internal"),
        (BenchDone("no json"), "bench_file"),
    ],
)
def test_a_failure_is_told_and_the_list_is_untouched(desk: Desk, event: Event | Exception, code: str) -> None:
    kept = desk.run()
    desk.client = Client(event)
    desk.bridge.ask(REQUEST)
    ended = desk.wait_for(BenchEnded)
    assert (ended.reason, ended.view) == ("failed", None)
    assert ended.failed is not None
    assert ended.failed.code == code
    assert [run.id for run in desk.store.runs()] == [kept.entry.id]
    assert desk.engine.reserved == ""
    assert desk.client.closed.is_set()
    desk.news.clear()
    desk.run()  # another one may follow


def test_a_result_that_cannot_be_stored_is_shown_and_can_be_saved(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(run: StoredRun, document: str) -> int:
        raise HelixError("store_write", path="b.db")

    monkeypatch.setattr(desk.store, "add", full)
    desk.bridge.ask(REQUEST)
    listed = desk.wait_for(BenchListed)
    (ended,) = desk.of(BenchEnded)
    assert ended.failed is not None
    assert ended.failed.code == "store_write"
    assert ended.view is not None
    assert ended.view.entry.id < 0
    assert listed.entries == (ended.view.entry,)
    target = tmp_path / "kept.json"
    desk.bridge.ask(BenchExport(ended.view.entry.id, "json", str(target)))
    desk.wait_for(BenchExported)
    assert target.read_text(encoding="utf-8") == document(made.result())
    desk.news.clear()
    desk.bridge.ask(BenchDelete(ended.view.entry.id))
    assert desk.wait_for(BenchListed).entries == ()


def test_a_result_that_is_only_in_memory_outlives_the_deletion_of_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(run: StoredRun, document: str) -> int:
        raise HelixError("store_write", path="b.db")

    monkeypatch.setattr(desk.store, "add", full)
    first, second = desk.run(), desk.run(made.result(("story",)))
    desk.bridge.ask(BenchDelete(first.entry.id))
    assert desk.wait_for(BenchListed).entries == (second.entry,)
    desk.news.clear()
    third = desk.run(made.result(("code",)))
    assert len({first.entry.id, second.entry.id, third.entry.id}) == 3
    desk.bridge.ask(BenchList())
    assert desk.wait_for(BenchListed).entries == (third.entry, second.entry)
    for view in (second, third):
        desk.news.clear()
        desk.bridge.ask(BenchOpen(view.entry.id))
        assert desk.wait_for(BenchOpened).view == view


def test_an_old_run_is_shown_as_it_was(desk: Desk) -> None:
    first, second = desk.run(), desk.run(made.result(("story",)))
    desk.bridge.ask(BenchOpen(first.entry.id))
    assert desk.wait_for(BenchOpened).view == first
    desk.bridge.ask(BenchList())
    assert desk.wait_for(BenchListed).entries == (second.entry, first.entry)


def test_two_runs_are_compared(desk: Desk) -> None:
    a = desk.run(made.result(speed=made.noisy(1.5)))
    b = desk.run(made.result(speed=made.noisy(1.1, seed=1)))
    desk.bridge.ask(BenchCompare(a.entry.id, b.entry.id))
    change = desk.wait_for(BenchCompared).change
    assert (change.a, change.b) == (a.entry, b.entry)
    assert [row[-1] for row in change.table.rows] == ["B is slower", "B is slower"]


def test_runs_without_a_common_prompt_are_not_compared(desk: Desk) -> None:
    a, b = desk.run(), desk.run(made.result(("story",)))
    desk.bridge.ask(BenchCompare(a.entry.id, b.entry.id))
    failed = desk.wait_for(BenchFailed).failed
    assert failed.code == "bench_not_comparable"
    assert "Tiny" in dict(failed.fields)["a"]


@pytest.mark.parametrize(
    ("code", "report"),
    [
        ("csv", lambda result, _: csv_report(result)),
        ("json", lambda result, _: document(result)),
        ("md", markdown_report),
        ("html", html_report),
    ],
)
def test_exports_are_the_reports_of_the_command_line(
    desk: Desk, tmp_path: Path, code: ExportFormat, report: Callable[..., str]
) -> None:
    view = desk.run()
    target = tmp_path / f"é.{code}"
    desk.bridge.ask(BenchExport(view.entry.id, code, str(target)))
    assert desk.wait_for(BenchExported) == BenchExported(str(target))
    result = parse_json(desk.store.document(view.entry.id), "x")
    assert target.read_bytes().decode("utf-8") == report(result, summarise(result))


def test_figures_are_computed_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever measured them, and for a run of another day when it is first looked at."""
    computed = []

    def counted(result: BenchResult) -> Summary:
        computed.append(result)
        return summarise(result)

    for module in (benchmarks, summary):
        monkeypatch.setattr(module, "summarise", counted)
    view = desk.run()
    desk.bridge.ask(BenchOpen(view.entry.id))
    assert desk.wait_for(BenchOpened).view == view
    assert computed == []
    older = desk.store.add(StoredRun(0, "2026-01-01", "older", 24, True, 1.5, None, None), document(made.result()))
    for number in (1, 2):
        desk.news.clear()
        desk.bridge.ask(BenchOpen(older))
        assert desk.wait_for(BenchOpened).view.ratios == view.ratios
        desk.bridge.ask(BenchExport(older, "html", str(tmp_path / f"{number}.html")))
        desk.wait_for(BenchExported)
        assert len(computed) == 1


def test_what_goes_wrong_with_the_list_is_told(desk: Desk, tmp_path: Path) -> None:
    view = desk.run()
    desk.bridge.ask(BenchExport(view.entry.id, "csv", str(tmp_path / "none" / "x.csv")))
    assert desk.wait_for(BenchFailed).failed.code == "bench_output"
    desk.news.clear()
    desk.bridge.ask(BenchDelete(view.entry.id))
    assert desk.wait_for(BenchListed).entries == ()
    desk.bridge.ask(BenchOpen(view.entry.id))
    assert desk.wait_for(BenchFailed).failed.code == "store_gone"


def test_closing_the_window_keeps_what_was_measured(desk: Desk) -> None:
    part = made.aborted(made.result(), 4)
    desk.client = Client(BenchDone("never"), cancelled=BenchDone(document(part)))
    desk.client.go.clear()
    desk.bridge.ask(REQUEST)
    assert desk.client.begun.wait(20)
    assert desk.bridge.shutdown()
    assert [run.replies for run in desk.store.runs()] == [4]
    assert desk.engine.reserved == ""
    desk.bridge.ask(BenchList())  # nothing begins any more
    assert not any(thread.isRunning() for thread in desk.bridge.threads)


def test_closing_ends_a_process_that_does_not_stop(desk: Desk) -> None:
    desk.client = Client(BenchDone("never"))  # deaf to cancel
    desk.client.go.clear()
    desk.bridge.ask(REQUEST)
    assert desk.client.begun.wait(20)
    assert desk.bridge.shutdown()
    assert desk.client.closed.is_set()
