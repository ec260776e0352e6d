"""Benchmarks for a window: one runs at a time, in a process of its own that ends with it; results go into the list.

The chat's engine stays idle meanwhile. What the list is asked for is done on another thread, so that old runs can be
looked at while a new one is measured.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from helix_app.base import texts
from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.base.language import english
from helix_app.bench.figures.facts import RunFacts, run_facts
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.figures.summary import Summary, summarise, summary_in
from helix_app.bench.records import BenchResult, parse_json
from helix_app.bench.reports import view as views
from helix_app.bench.reports.compare import compare
from helix_app.bench.reports.csv_report import csv_report
from helix_app.bench.reports.html_report import html_report
from helix_app.bench.reports.markdown_report import markdown_report
from helix_app.bridge.worker import thread_for
from helix_app.engine.host.client import RESULTS
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.bench import BenchDone, BenchProgressed, BenchRequest
from helix_app.protocol.bench_views import (
    BenchAsked,
    BenchCancel,
    BenchCompare,
    BenchCompared,
    BenchDelete,
    BenchEnded,
    BenchEntry,
    BenchExport,
    BenchExported,
    BenchFailed,
    BenchList,
    BenchListed,
    BenchNews,
    BenchOpen,
    BenchOpened,
    ExportFormat,
)
from helix_app.protocol.events import EngineClient, Event, Failed
from helix_app.protocol.models.loading import LoadProgress, Unloaded
from helix_app.store.benchmarks import BenchmarkStore, StoredRun

log = logging.getLogger(__name__)

ENGINE = "helix_app.bench.processes.host:BenchEngine"
STOP_MS = 3000  # how long shutdown waits for a round to end before it ends the process
SILENCE_SECONDS = 900.0  # a reply tells nothing until it is over, and loading a peer imports for long
GRACE_SECONDS = 60.0  # after Stop the figures of what was measured are still computed

_WRITERS: dict[ExportFormat, Callable[[BenchResult, Summary], str]] = {
    "csv": lambda result, _summary: csv_report(result),
    "md": markdown_report,
    "html": html_report,
}


class Reservable(Protocol):
    """The chat's engine, which must not work while something is measured."""

    def reserve(self, reason: str) -> bool:
        """Keep it idle; False when it is not."""
        ...

    def release(self) -> None:
        """Let it work again."""
        ...


def bench_client() -> EngineClient:
    """A process that runs one benchmark. Nothing is started yet."""
    return HostClient(
        ENGINE, grace_seconds=GRACE_SECONDS, hang_seconds=SILENCE_SECONDS, hang_seconds_cpu=SILENCE_SECONDS
    )


@dataclass(frozen=True, eq=False)
class _Run:
    request: BenchRequest
    client: EngineClient
    cancel: threading.Event = field(default_factory=threading.Event)


class _Shelf:
    """The stored runs, and those that could not be stored. Used from both threads."""

    def __init__(self, store: BenchmarkStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._loose: dict[int, tuple[StoredRun, str]] = {}
        self._loose_ids = itertools.count(-1, -1)  # each used once: a list may still show one that was deleted
        self._facts: dict[int, RunFacts] = {}  # read once: a stored run does not change
        self._summaries: dict[int, Summary] = {}  # computed once, too

    def keep(self, document: str) -> BenchEnded:
        """Store a result. Where that fails it stays in memory, and why is said."""
        result = parse_json(document, "")
        summary = summary_in(document, result)
        speedup = views.overall_speedup(summary)
        run = StoredRun(
            0,
            result.created,
            views.run_title(result),
            len(result.runs),
            result.complete,
            speedup.value,
            speedup.low,
            speedup.high,
        )
        failed = None
        try:
            run = replace(run, id=self._store.add(run, document))
        except HelixError as error:
            failed = error.as_event()
            with self._lock:
                run = replace(run, id=next(self._loose_ids))
                self._loose[run.id] = (run, document)
        self._facts[run.id] = run_facts(document)
        self._summaries[run.id] = summary
        return BenchEnded("done", views.view(result, summary, self.entry(run)), failed)

    def entry(self, run: StoredRun) -> BenchEntry:
        """Its line in the list; one whose document cannot be read has no facts."""
        if run.id not in self._facts:
            self._facts[run.id] = RunFacts()
            with suppress(HelixError):
                self._facts[run.id] = run_facts(self._document(run.id))
        facts = self._facts[run.id]
        speedup = Estimate(run.speedup, run.low, run.high)
        entry = views.entry(run.id, run.created, run.title, run.replies, run.complete, speedup)
        return replace(entry, named=facts.named, target=facts.target, dtype=facts.dtype, plain=facts.plain)

    def _document(self, run_id: int) -> str:
        return self._loose[run_id][1] if run_id in self._loose else self._store.document(run_id)

    def summary(self, run_id: int, result: BenchResult) -> Summary:
        """The figures of a run."""
        if run_id not in self._summaries:
            self._summaries[run_id] = summarise(result)
        return self._summaries[run_id]

    def runs(self) -> tuple[StoredRun, ...]:
        """All runs, the latest first. Raises HelixError."""
        with self._lock:
            loose = [run for run, _ in self._loose.values()]
        return (*reversed(loose), *self._store.runs())

    def run(self, run_id: int) -> tuple[BenchEntry, BenchResult, str]:
        """A run and its document. Raises HelixError."""
        found = next((run for run in self.runs() if run.id == run_id), None)
        if found is None:
            raise HelixError("store_gone")
        document = self._document(run_id)
        return self.entry(found), parse_json(document, f"{found.title}, {found.created}"), document

    def delete(self, run_id: int) -> None:
        """Forget a run. Raises HelixError."""
        with self._lock:
            loose = self._loose.pop(run_id, None)
        self._facts.pop(run_id, None)
        self._summaries.pop(run_id, None)
        if loose is None:
            self._store.delete(run_id)


class _Runner(QObject):
    """Signals: progressed(_Run, BenchProgressed), done(_Run, BenchEnded)."""

    progressed = Signal(object, object)
    done = Signal(object, object)

    def __init__(self, shelf: _Shelf) -> None:
        super().__init__()
        self._shelf = shelf

    @Slot(object)
    def run(self, run: _Run) -> None:
        """Measure and store. Never raises."""
        try:
            ended = self._ended(self._result(run))
        except Exception as error:
            ended = BenchEnded("failed", failed=failure(error))
        finally:
            run.client.close()
        self.done.emit(run, replace(ended, reason="cancelled") if ended.view and run.cancel.is_set() else ended)

    def _result(self, run: _Run) -> Event | None:
        result: Event | None = None
        for event in run.client.stream(run.request, run.cancel):
            if isinstance(event, RESULTS):
                result = event
            elif isinstance(event, LoadProgress):
                self.progressed.emit(run, BenchProgressed("load", event.stage))
            elif isinstance(event, BenchProgressed):
                self.progressed.emit(run, event)
        return result

    def _ended(self, result: Event | None) -> BenchEnded:
        if isinstance(result, BenchDone):
            return self._shelf.keep(result.document)
        if isinstance(result, Unloaded):
            return BenchEnded("cancelled")
        failed = result if isinstance(result, Failed) else Failed("bench_died")
        return BenchEnded("failed", failed=replace(failed, code="bench_died") if _died(failed) else failed)


class _Clerk(QObject):
    """Signals: told(list of BenchNews)."""

    told = Signal(list)

    @Slot(object)
    def do(self, work: Callable[[], list[BenchNews]]) -> None:
        """Do it and tell what came of it. Never raises."""
        try:
            news = work()
        except Exception as error:
            news = [BenchFailed(failure(error))]
        self.told.emit(news)


class Benchmarks(QObject):
    """Runs, keeps, compares and exports benchmarks for one window.

    Attributes:
        threads: of the run, and of the list.

    Signals:
        news(list): BenchNews, in order.
    """

    news = Signal(list)
    _run_asked = Signal(object)
    _work_asked = Signal(object)

    def __init__(
        self,
        engine: Reservable,
        store: BenchmarkStore | None = None,
        make_client: Callable[[], EngineClient] = bench_client,
        *,
        stop_ms: int = STOP_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._make_client = make_client
        self._stop_ms = stop_ms
        self._shelf = _Shelf(store or BenchmarkStore())
        self._run: _Run | None = None
        self._stopped: bool | None = None
        self._runner, self._clerk = _Runner(self._shelf), _Clerk()
        self.threads = (
            thread_for(self._runner, "helix-benchmark"),
            thread_for(self._clerk, "helix-benchmark-list"),
        )
        self._run_asked.connect(self._runner.run)
        self._work_asked.connect(self._clerk.do)
        self._runner.progressed.connect(self._on_progressed)
        self._runner.done.connect(self._on_done)
        self._clerk.told.connect(self.news)

    @property
    def running(self) -> bool:
        """Whether a benchmark runs."""
        return self._run is not None

    @Slot(object)
    def ask(self, asked: BenchAsked) -> None:
        """Do what a window asks for; ``news`` tells what came of it."""
        if self._stopped is not None:
            return
        if isinstance(asked, BenchRequest):
            self.run(asked)
        elif isinstance(asked, BenchCancel):
            self.cancel()
        else:
            self._start(1)
            self._work_asked.emit(lambda: self._answer(asked))

    def run(self, request: BenchRequest) -> None:
        """Run a benchmark; refused while the engine of the chat has work."""
        if self._run is not None:
            log.warning("a benchmark runs already")
            return
        if not self._engine.reserve("bench_running"):
            self.news.emit([BenchEnded("failed", failed=Failed("bench_engine_busy"))])
            return
        self._run = _Run(request, self._make_client())
        self._start(0)
        self._run_asked.emit(self._run)

    def cancel(self) -> None:
        """Stop after the round that is being written; what was measured is kept."""
        if self._run is not None:
            self._run.cancel.set()

    @Slot()
    def shutdown(self) -> bool:
        """Stop, keeping what was measured if that is told in time. False when a thread would not end.

        May be called twice.
        """
        if self._stopped is not None:
            return self._stopped
        self._stopped = False
        self.cancel()
        for thread in self.threads:
            thread.quit()
        self.threads[0].wait(self._stop_ms)
        if self._run is not None:
            self._run.client.close()
        stuck = [thread.objectName() for thread in self.threads if not thread.wait(self._stop_ms)]
        if stuck:
            log.error("still running after shutdown: %s", ", ".join(stuck))
        QCoreApplication.sendPostedEvents(self)  # the end of the run that was stopped
        self._stopped = not stuck
        return self._stopped

    # ------------------------------------------------------------------ on the list's thread

    def _answer(self, asked: BenchAsked) -> list[BenchNews]:
        if isinstance(asked, BenchList):
            return [self._listed()]
        if isinstance(asked, BenchOpen):
            entry, result, _ = self._shelf.run(asked.run_id)
            return [BenchOpened(views.view(result, self._shelf.summary(asked.run_id, result), entry))]
        if isinstance(asked, BenchCompare):
            (a, before, _), (b, after, _) = self._shelf.run(asked.a), self._shelf.run(asked.b)
            return [BenchCompared(views.change(compare(before, after), a, b))]
        if isinstance(asked, BenchExport):
            _, result, document = self._shelf.run(asked.run_id)
            if asked.format != "json":
                with english():  # for whoever is given the file
                    document = _WRITERS[asked.format](result, self._shelf.summary(asked.run_id, result))
            try:
                Path(asked.path).write_text(document, encoding="utf-8", newline="")
            except OSError as error:
                reason = texts.why(error)
                raise HelixError("bench_output", path=asked.path, reason=reason, detail=str(error)) from error
            return [BenchExported(asked.path)]
        if isinstance(asked, BenchDelete):
            self._shelf.delete(asked.run_id)
            return [self._listed()]
        raise TypeError(f"unknown: {asked!r}")

    def _listed(self) -> BenchListed:
        return BenchListed(tuple(self._shelf.entry(run) for run in self._shelf.runs()))

    # ------------------------------------------------------------------ details

    def _start(self, index: int) -> None:
        if not self.threads[index].isRunning():
            self.threads[index].start()

    @Slot(object, object)
    def _on_progressed(self, run: _Run, progressed: BenchProgressed) -> None:
        if run is self._run:
            self.news.emit([progressed])

    @Slot(object, object)
    def _on_done(self, run: _Run, ended: BenchEnded) -> None:
        if run is not self._run:
            return
        self._run = None
        self._engine.release()
        self.news.emit([ended])
        if ended.view is not None:
            self.ask(BenchList())


def _died(failed: Failed) -> bool:
    return failed.code == "engine_died"
