"""Workers: QObjects that live on a QThread and turn work into events, put into a thread-safe sink."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, Union, runtime_checkable

from PySide6.QtCore import QObject, QThread, Signal, Slot

from helix_app.base.failures import failure
from helix_app.bridge.compare import Comparison
from helix_app.engine.host.client import RESULTS
from helix_app.protocol.events import CompareDone, EngineClient, Event, Failed
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import (
    CompareRequest,
    DevicesRequest,
    GenerateRequest,
    LoadChoice,
    LoadRequest,
    UnloadRequest,
)

log = logging.getLogger(__name__)

Sink = Callable[[Event], None]
Work = Union[GenerateRequest, CompareRequest, LoadChoice, UnloadRequest, DevicesRequest]


@runtime_checkable
class Startable(Protocol):
    """A client that can get ready before the first request."""

    def start(self) -> None:
        """Get ready."""
        ...


@dataclass(frozen=True, eq=False)
class Job:
    """One piece of work for the engine.

    Attributes:
        cancel: set from any thread to end it within a round.
        superseded: set when another load takes its place; that it failed or was stopped then interests nobody.
        others: replies that join this one.
    """

    work: Work
    cancel: threading.Event = field(default_factory=threading.Event)
    superseded: threading.Event = field(default_factory=threading.Event)
    others: Intake = field(default_factory=Intake)

    def stop(self) -> None:
        """End it and whatever joined it within a round."""
        self.cancel.set()
        self.others.cancel()


class EngineWorker(QObject):
    """Runs an engine client, one job at a time.

    Signals:
        done(object, object): a Job is over, and its result (the event that ended it). The result is
            not put into the sink: whoever hears of it must find the engine free.
    """

    done = Signal(object, object)

    def __init__(self, client: EngineClient, resolve: Callable[[LoadChoice], LoadRequest], sink: Sink) -> None:
        super().__init__()
        self._client = client
        self._resolve = resolve
        self._sink = sink
        self._lost = False  # what was told to be loaded last is not any more, and nobody was told

    @Slot()
    def start_engine(self) -> None:
        """Let the client get ready, if it can."""
        if isinstance(self._client, Startable):
            self._client.start()

    @Slot(object)
    def run(self, job: Job) -> None:
        """Do the job. Never raises."""
        result: Event | None = None
        request_id = job.work.request_id if isinstance(job.work, GenerateRequest) else ""
        own_open = bool(request_id)
        try:
            work = job.work
            for event in self._events(job):
                if result is not None:
                    self._sink(result)
                    result = None
                if isinstance(event, (*RESULTS, CompareDone)):
                    own_open = own_open and getattr(event, "request_id", request_id) != request_id
                    if own_open or job.others.unanswered:  # the job goes on without this reply
                        self._sink(event)
                    else:
                        result = event
                elif not isinstance(work, DevicesRequest):  # nobody waits for those: no progress is shown
                    self._sink(event)
        except Exception as error:
            result = failure(error, request_id)
        for joining in job.others.close():  # whoever the client did not answer
            if isinstance(result, Failed):
                self._sink(replace(result, request_id=joining.request.request_id))
        superseded = isinstance(result, (Failed, Unloaded)) and job.superseded.is_set()
        if isinstance(job.work, (LoadChoice, UnloadRequest)):
            self._lost = superseded and not (isinstance(result, Failed) and result.kept)
        if superseded:
            log.info("a superseded job ended with %s", result)
            result = None
        self.done.emit(job, result)

    def _events(self, job: Job) -> Iterator[Event]:
        work = job.work
        if isinstance(work, CompareRequest):
            return self._compare(work, job)
        if isinstance(work, GenerateRequest):
            return self._client.stream(work, job.cancel, job.others)
        return self._load(work, job) if isinstance(work, LoadChoice) else self._client.stream(work, job.cancel)

    def _compare(self, work: CompareRequest, job: Job) -> Iterator[Event]:
        comparison = Comparison(self._client, self._resolve, work, job.cancel, job.superseded)
        yield from comparison.events()
        self._lost = comparison.loaded != work.own

    def _load(self, choice: LoadChoice, job: Job) -> Iterator[Event]:
        try:
            request = self._resolve(choice)
        except Exception as error:
            yield replace(failure(error), kept=not self._lost)  # nobody touched what is loaded
            return
        yield from self._client.stream(request, job.cancel)


@dataclass(frozen=True, eq=False)
class Task:
    """Something that is not for the engine: ``events`` makes them, ``failed`` turns an error into one."""

    events: Callable[[], Iterator[Event]]
    failed: Callable[[Failed], Event] = lambda failed: failed


class TaskWorker(QObject):
    """Runs tasks one after the other.

    Signals:
        done(object): a Task is over.
    """

    done = Signal(object)

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    @Slot(object)
    def run(self, task: Task) -> None:
        """Do the task. Never raises."""
        try:
            for event in task.events():
                self._sink(event)
        except Exception as error:
            self._sink(task.failed(failure(error)))
        self.done.emit(task)


def thread_for(worker: QObject, name: str) -> QThread:
    """A thread, not started yet, that the worker lives on."""
    thread = QThread()
    thread.setObjectName(name)
    worker.moveToThread(thread)
    return thread


class OwnThread(QObject):
    """Asks a worker on a thread of its own, which begins at the first question.

    Attributes:
        thread_: of the worker.
    """

    def __init__(self, worker: QObject, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.thread_ = thread_for(worker, name)
        self._over = False

    def _begin(self) -> bool:
        """Whether anything may still be asked; the thread runs then."""
        if not self._over and not self.thread_.isRunning():
            self.thread_.start()
        return not self._over

    @Slot()
    def shutdown(self) -> None:
        """End the thread after what is being done. May be called twice."""
        self._over = True
        self.thread_.quit()
        self.thread_.wait()
