"""Workers turn work into events, one job at a time; what ends a job is told with its end, and no error escapes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication

from helix_app.base.errors import InputError
from helix_app.bridge.worker import EngineWorker, Job, Task, TaskWorker, Work, thread_for
from helix_app.protocol.events import CompareArm, CompareStarted, Event, Failed, Finished, Forgotten, Notice, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import DevicesFound, LoadProgress, Unloaded
from helix_app.protocol.requests import ArmChoice, DevicesRequest, LoadChoice, LoadRequest, Request, UnloadRequest
from tests.bridge.compare import comparing
from tests.bridge.compare.comparing import resolve
from tests.engine.host.fake_engines import ask, finished, model_ready

READY = model_ready("m")


class Client:
    """Gives these events, then raises this; remembers what it was asked."""

    def __init__(self, *events: Event, error: Exception | None = None) -> None:
        self.events, self.error = events, error
        self.asked: list[Request] = []

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self.asked.append(request)
        yield from self.events
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        pass


class Waking(Client):
    """A client that gets ready."""

    started = 0

    def start(self) -> None:
        self.started += 1


@pytest.fixture(autouse=True)
def application(qapp: QApplication) -> None:
    """Signals need one."""


def done(client: Client | comparing.Engine, work: Work | Job) -> tuple[list[Event], Event | None]:
    """What a job puts into the sink, and the result that its end is told with."""
    sink: list[Event] = []
    ended: list[tuple[Job, Event | None]] = []
    worker = EngineWorker(client, resolve, sink.append)
    worker.done.connect(lambda job, result: ended.append((job, result)))
    job = work if isinstance(work, Job) else Job(work)
    worker.run(job)
    ((told, result),) = ended
    assert told is job
    return sink, result


def test_what_ends_a_job_is_told_with_its_end_alone() -> None:
    reply = (TextDelta("r1", "a"), TextDelta("r1", "b"), finished("r1", "eos", "ab"))
    assert done(Client(*reply), ask("x")) == (list(reply[:2]), reply[2])
    assert done(Client(Unloaded()), UnloadRequest()) == ([], Unloaded())


def test_a_model_that_is_brought_back_is_told_before_the_failure() -> None:
    failed = Failed("out_of_memory", kept=True)
    sink, result = done(Client(LoadProgress("weights"), READY, failed), LoadChoice("m"))
    assert sink == [LoadProgress("weights"), READY]
    assert result is failed


def test_a_choice_is_resolved_and_what_cannot_be_is_a_failure() -> None:
    client = Client(READY)
    assert done(client, LoadChoice("m", draft="ngram")) == ([], READY)
    assert client.asked == [LoadRequest("m", draft="ngram")]
    client = Client(READY)
    sink, result = done(client, LoadChoice("m", draft="unknown"))
    assert (sink, result, client.asked) == ([], Failed("model_unknown", fields=(("name", "unknown"),)), [])


def test_no_error_escapes() -> None:
    sink, result = done(Client(TextDelta("r7", "a"), error=ZeroDivisionError("on purpose")), ask("x", "r7"))
    assert sink == [TextDelta("r7", "a")]
    assert isinstance(result, Failed)
    assert (result.code, result.request_id) == ("internal", "r7")
    assert "on purpose" in result.detail
    assert done(Client(), ask("x")) == ([], None)  # a client that says nothing


@pytest.mark.parametrize(
    ("result", "told"),
    [(Failed("internal"), None), (Unloaded(), None), (READY, READY), (finished("r", "eos", ""),) * 2],
)
def test_that_a_job_was_overtaken_leaves_only_what_it_achieved(result: Event, told: Event | None) -> None:
    job = Job(LoadChoice("m"))
    job.superseded.set()
    assert done(Client(result), job) == ([], told)


def test_nobody_sees_devices_being_looked_for() -> None:
    client = Client(LoadProgress("devices"), Notice("forced_cpu"), DevicesFound(()))
    assert done(client, DevicesRequest()) == ([], DevicesFound(()))


def test_a_comparison_is_one_job() -> None:
    sink, result = done(comparing.Engine(), comparing.request())
    assert result == comparing.QUIET
    assert isinstance(sink[0], CompareStarted)
    replies = [e.event for e in sink if isinstance(e, CompareArm) and isinstance(e.event, Finished)]
    assert len(replies) == 2


def test_a_client_gets_ready_where_it_can() -> None:
    waking = Waking()
    EngineWorker(waking, resolve, print).start_engine()
    assert waking.started == 1
    EngineWorker(Client(), resolve, print).start_engine()


# ------------------------------------------------------------------------------ tasks


def test_tasks_are_told_and_their_errors_become_events() -> None:
    sink: list[Event] = []
    ended: list[Task] = []
    worker = TaskWorker(sink.append)
    worker.done.connect(ended.append)

    def broken() -> Iterator[Event]:
        yield Notice("forced_cpu")
        raise MemoryError("too big")

    tasks = (
        Task(lambda: iter((Forgotten(2),))),
        Task(broken),
        Task(broken, lambda failed: Forgotten(0, replace(failed, detail=""))),
    )
    for task in tasks:
        worker.run(task)
    assert ended == list(tasks)
    failed = Failed("out_of_memory", "too big")
    assert sink == [
        Forgotten(2),
        Notice("forced_cpu"),
        failed,
        Notice("forced_cpu"),
        Forgotten(0, replace(failed, detail="")),
    ]


def test_a_worker_lives_on_a_thread_of_its_name_that_waits_to_be_started() -> None:
    worker = TaskWorker(print)
    thread = thread_for(worker, "helix-some")
    assert worker.thread() is thread
    assert (thread.objectName(), thread.isRunning()) == ("helix-some", False)


def test_a_name_that_nobody_knows_leaves_what_is_loaded_where_it_is() -> None:
    def unknown(_: LoadChoice) -> LoadRequest:
        raise InputError("model_unknown", name="x", known="y")

    client, ended = Client(READY), []
    worker = EngineWorker(client, unknown, lambda _: None)
    worker.done.connect(lambda _, result: ended.append(result))
    worker.run(Job(LoadChoice("x")))
    assert client.asked == []
    assert (ended[0].code, ended[0].kept) == ("model_unknown", True)


def _unknown_after(client: Client | comparing.Engine, job: Job) -> bool:
    """Whether a choice that nobody knows, after this job, leaves what the window takes for loaded where it is."""
    ended: list[Event] = []
    worker = EngineWorker(client, resolve, lambda _: None)
    worker.done.connect(lambda _, result: ended.append(result))
    worker.run(job)
    worker.run(Job(LoadChoice("m", draft="unknown")))
    assert isinstance(ended[-1], Failed)
    return ended[-1].kept


@pytest.mark.parametrize(
    ("result", "overtaken", "kept"),
    [
        (Unloaded(), True, False),
        (Unloaded(), False, True),
        (Failed("internal"), True, False),
        (Failed("load_cancelled", kept=True), True, True),
        (READY, True, True),
    ],
)
def test_a_model_that_an_overtaken_load_took_away_is_not_where_it_was(
    result: Event, overtaken: bool, kept: bool
) -> None:
    job = Job(LoadChoice("m"))
    if overtaken:
        job.superseded.set()
    assert _unknown_after(Client(result), job) is kept


@pytest.mark.parametrize(("second", "kept"), [(ArmChoice(dtype="float32"), False), (comparing.PLAIN, True)])
def test_nor_is_one_in_whose_place_a_comparison_loaded_another(second: ArmChoice, kept: bool) -> None:
    job = Job(comparing.request(comparing.SPEC, second))
    job.superseded.set()
    assert _unknown_after(comparing.Engine(), job) is kept
