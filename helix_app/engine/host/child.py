"""The child's side of ``parent.py``: reads requests from a pipe, runs the engine, writes events back.

The main thread owns the engine. A second thread reads, so that Stop and the end of the parent are seen while the
engine works. What a reply's rounds tell is sent gathered: on a computer whose cores the engine uses all, to wake the
parent for every event cost four tokens in a hundred. A third thread sends what waits when the engine is silent.

    parent -> child   Run, Join, Cancel, Close
    child -> parent   Hello, then Ready or Broken, then for each Run Items of its events and one Done
"""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import IO, Union

from helix_app.base.failures import failure
from helix_app.base.process import logs, paths
from helix_app.engine.host.client import DEFAULT_ENGINE, engine_factory, guarded_stream, request_id_of
from helix_app.engine.machine import torch_import
from helix_app.protocol.events import CacheSnapshot, EngineClient, Event, Failed, RoundDone, TextDelta
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.requests import GenerateRequest, Request

log = logging.getLogger(__name__)

GATHERED = (RoundDone, TextDelta, CacheSnapshot)  # these wait for each other; anything else is sent at once
MAX_GATHERED = 256  # events; the parent holds few messages of them at a time, so that Stop has little before it
LATE_SECONDS = 0.04  # so long after its time what waits is sent even though nothing else came
LAST_WORDS_SECONDS = 2.0  # from the end of the pipe to the end of the process, at most
MOST_CRASH_BYTES = 1 << 20  # of traces of crashes; then the file is begun anew


@dataclass(frozen=True)
class Run:
    """Do this request; ``number`` is echoed by everything that answers it."""

    number: int
    request: Request


@dataclass(frozen=True)
class Join:
    """Write this reply beside those of the request ``number``; nothing happens when that is over."""

    number: int
    request: GenerateRequest


@dataclass(frozen=True)
class Cancel:
    """Set the cancel event of a request; of one reply of it alone if an id is given."""

    number: int
    request_id: str = ""


@dataclass(frozen=True)
class Close:
    """Cancel what runs, free the engine and end."""


@dataclass(frozen=True)
class Hello:
    """The process runs; the engine is about to be imported."""


@dataclass(frozen=True)
class Ready:
    """The engine waits for requests."""


@dataclass(frozen=True)
class Broken:
    """The engine cannot be imported or made; the process ends."""

    failed: Failed


@dataclass(frozen=True)
class Items:
    """Events of a request in order, each pickled."""

    number: int
    events: tuple[bytes, ...]


@dataclass(frozen=True)
class Done:
    """The engine is through with a request."""

    number: int


ToChild = Union[Run, Join, Cancel, Close]
ToParent = Union[Hello, Ready, Broken, Items, Done]


@dataclass(frozen=True)
class _Job:
    """A request and the replies that joined it, with the events that end them."""

    number: int
    request: Request
    cancel: threading.Event = field(default_factory=threading.Event)
    others: Intake = field(default_factory=Intake)

    def stop(self, request_id: str = "") -> None:
        """End one reply, or all there is."""
        if request_id in ("", request_id_of(self.request)):
            self.cancel.set()
        self.others.cancel(request_id)


class _Mailbox:
    """The reading end. After Close or the end of the pipe it cancels what runs and, should the main
    thread not come to an end in time, ends the process itself.

    Attributes:
        jobs: requests in order; None when there will be no more.
        finished: set by the main thread once the engine is closed.
    """

    def __init__(self, pipe: Connection) -> None:
        self.jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.finished = threading.Event()
        self._pipe = pipe
        threading.Thread(target=self._read, name="helix-mailbox", daemon=True).start()

    def _read(self) -> None:
        job: _Job | None = None
        while True:
            try:
                message: ToChild = self._pipe.recv()
            except (EOFError, OSError):
                break
            except Exception:
                log.exception("unreadable message from the parent")
                break
            if isinstance(message, Run):
                job = _Job(message.number, message.request)
                self.jobs.put(job)
            elif isinstance(message, (Join, Cancel)):
                if job is None or job.number != message.number:
                    continue
                if isinstance(message, Join):
                    job.others.put(Joining(message.request))
                else:
                    job.stop(message.request_id)
            else:
                break
        if job is not None:
            job.stop()
        self.jobs.put(None)
        self.finished.wait(LAST_WORDS_SECONDS)
        os._exit(0)


class _Outbox:
    """The writing end. Thread-safe; raises OSError when the parent is gone."""

    def __init__(self, pipe: Connection, gather_seconds: float) -> None:
        self._pipe, self._gather_seconds = pipe, gather_seconds
        self._sending = threading.Lock()  # guards the pipe, and what is taken to be sent
        self._some = threading.Condition()  # guards what follows
        self._waiting: list[bytes] = []
        self._number = 0
        self._since = 0.0  # when the first of those that wait came
        self._sent_at = float("-inf")
        self._watched = False  # whether the thread will look at what waits
        threading.Thread(target=self._work, name="helix-outbox", daemon=True).start()

    def put(self, number: int, event: Event) -> None:
        """Send an event of a request, soon. Raises whatever pickling raises.

        The caller's own thread sends what waits when its time has come: a thread of its own for that would take a core
        from the engine twice for each time.
        """
        pickled = pickle.dumps(event, protocol=pickle.HIGHEST_PROTOCOL)
        with self._some:
            now = time.monotonic()
            if not self._waiting:
                self._since = now
            self._number = number
            self._waiting.append(pickled)
            early = now < self._sent_at + self._gather_seconds or isinstance(event, RoundDone)  # its text follows
            early = early and len(self._waiting) < MAX_GATHERED
            if early and self._gather_seconds and isinstance(event, GATHERED):
                if not self._watched:
                    self._watched = True
                    self._some.notify()
                return
        self.flush()

    def send(self, message: ToParent) -> None:
        """Send a message now, behind what waits."""
        self.flush()
        with self._sending:
            self._write(message)

    def flush(self) -> None:
        """Send what waits."""
        with self._sending:
            with self._some:
                taken, self._waiting = tuple(self._waiting), []
                number, self._sent_at = self._number, time.monotonic()
            if taken:
                self._write(Items(number, taken))

    def _work(self) -> None:
        try:
            while True:
                with self._some:
                    while not self._waiting:
                        self._watched = False
                        self._some.wait()
                    left = self._since + self._gather_seconds + LATE_SECONDS - time.monotonic()
                if left > 0:
                    time.sleep(left)
                else:
                    self.flush()
        except OSError:
            log.debug("the parent is gone")  # the main thread and the mailbox learn it by themselves

    def _write(self, message: ToParent) -> None:
        self._pipe.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def child_main(pipe: Connection, target: str, verbose: bool, gather_seconds: float) -> None:
    """Run the engine named by ``target`` until the pipe closes. Never returns."""
    _settle_in(verbose)
    log.debug("process %d serves %s", os.getpid(), target)
    mailbox, outbox = _Mailbox(pipe), _Outbox(pipe, gather_seconds)
    engine: EngineClient | None = None
    try:
        outbox.send(Hello())
        try:
            if target == DEFAULT_ENGINE:
                torch_import.prepare()
            engine = engine_factory(target)()
            torch_import.settle()
        except Exception as error:
            outbox.send(Broken(failure(error)))
        else:
            outbox.send(Ready())
            _serve(outbox, mailbox, engine)
    except OSError:
        log.info("the parent is gone")
    if engine is not None:
        try:
            engine.close()
        except Exception:
            log.exception("the engine did not close cleanly")
    logging.shutdown()
    mailbox.finished.set()
    os._exit(0)  # skip the teardown of GPU libraries, which likes to crash


def _settle_in(verbose: bool) -> None:
    """Make the process a quiet guest: no Ctrl-C, streams that exist, a log file of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the parent too, which decides
    windowed = sys.stderr is None
    logs.setup(verbose=verbose, name="engine")
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        if windowed:
            faulthandler.enable(_crash_log())
        else:
            faulthandler.enable()
    except (OSError, ValueError):
        log.debug("no crash traces", exc_info=True)


def _crash_log() -> IO[str]:
    """Where a crash writes its trace, behind those of processes before: the next one starts before anyone can look.

    Raises:
        OSError: it cannot be written.
    """
    path = paths.log_dir() / "engine-crash.log"
    full = path.is_file() and path.stat().st_size > MOST_CRASH_BYTES
    return open(path, "w" if full else "a", encoding="utf-8")


def _serve(outbox: _Outbox, mailbox: _Mailbox, engine: EngineClient) -> None:
    """Answer requests until there are no more. Raises OSError when the parent is gone."""
    while (job := mailbox.jobs.get()) is not None:
        stream = guarded_stream(engine, job.request, job.cancel, job.others)
        for event in stream:
            try:
                outbox.put(job.number, event)
            except OSError:
                raise
            except Exception as error:  # an event that cannot be pickled
                job.stop()
                outbox.put(job.number, failure(error, request_id_of(job.request)))
                break
        stream.close()
        outbox.send(Done(job.number))
