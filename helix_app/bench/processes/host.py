"""The benchmark behind the interface of the engine, so that ``engine/host/`` can run it in a process of its own.

Named ``helix_app.bench.processes.host:BenchEngine``. The window's benchmark page is served by this; the code and the
numbers are those of the command line.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict

from helix_app.base.failures import failure
from helix_app.bench.config import BenchConfig, BenchProgress
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchResult, to_json
from helix_app.bench.runner import run_benchmark
from helix_app.engine.host.client import cancelled_result
from helix_app.protocol.bench import BenchDone, BenchProgressed, BenchRequest
from helix_app.protocol.events import Event, Failed
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import Request


class BenchEngine:
    """Runs benchmarks, and nothing else."""

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """Progress, then BenchDone, or Failed. Setting ``cancel`` keeps what was measured. No reply can join it."""
        if not isinstance(request, BenchRequest):
            yield cancelled_result(request)
            return
        told: queue.SimpleQueue[BenchProgress | BenchResult | Exception] = queue.SimpleQueue()
        stop = threading.Event()  # this stream was abandoned, or the person pressed Stop

        def run() -> None:
            try:
                told.put(run_benchmark(config_of(request), told.put, stop))
            except Exception as error:
                told.put(error)

        worker = threading.Thread(target=run, name="helix-bench", daemon=True)
        worker.start()
        try:
            yield from _events(told, cancel, stop)
        finally:
            stop.set()
            worker.join()

    def close(self) -> None:
        """Nothing is kept between runs."""


def config_of(request: BenchRequest) -> BenchConfig:
    """The benchmark that a request asks for; its context is a setting of all models, and no demand on this one."""
    return BenchConfig(**asdict(request), context_required=False)


def _events(
    told: queue.SimpleQueue[BenchProgress | BenchResult | Exception], cancel: threading.Event, stop: threading.Event
) -> Iterator[Event]:
    while True:
        try:
            item = told.get(timeout=0.05)
        except queue.Empty:
            if cancel.is_set():
                stop.set()
            continue
        if isinstance(item, BenchProgress):
            yield BenchProgressed(
                item.stage,
                item.detail,
                item.done,
                item.total,
                item.arm,
                item.kind,
                item.seconds_left,
                item.decode_tokens_per_second,
            )
        elif isinstance(item, BenchResult):
            yield BenchDone(to_json(item, asdict(summarise(item))))
            return
        else:
            failed = failure(item)
            # stopped before the first reply: there is nothing to tell
            yield Unloaded() if isinstance(failed, Failed) and stop.is_set() else failed
            return
