"""The child's side of ``host.py``: reads requests from a pipe, runs the engine, writes events back.

The main thread owns the engine and is the only one that writes to the pipe. A second thread reads,
so that Stop and the end of the parent are seen while the engine works.

    parent -> child   Run, Cancel, Close
    child -> parent   Hello, then Ready or Broken, then for each Run its Items and one Done
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
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Union

from helix_app import logs, paths
from helix_app.engine.client import engine_factory, failure, guarded_stream, request_id_of
from helix_app.events import EngineClient, Event, Failed, Request

log = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 2.0  # from the end of the pipe to the end of the process, at most


@dataclass(frozen=True)
class Run:
    """Do this request; ``number`` is echoed by everything that answers it."""

    number: int
    request: Request


@dataclass(frozen=True)
class Cancel:
    """Set the cancel event of this request."""

    number: int


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
class Item:
    """One event of a request."""

    number: int
    event: Event


@dataclass(frozen=True)
class Done:
    """The engine is through with a request."""

    number: int


ToChild = Union[Run, Cancel, Close]
ToParent = Union[Hello, Ready, Broken, Item, Done]


@dataclass(frozen=True)
class _Job:
    number: int
    request: Request
    cancel: threading.Event = field(default_factory=threading.Event)


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
            elif isinstance(message, Cancel):
                if job is not None and job.number == message.number:
                    job.cancel.set()
            else:
                break
        if job is not None:
            job.cancel.set()
        self.jobs.put(None)
        self.finished.wait(LAST_WORDS_SECONDS)
        os._exit(0)


def child_main(pipe: Connection, target: str, verbose: bool) -> None:
    """Run the engine named by ``target`` until the pipe closes. Never returns."""
    _settle_in(verbose)
    log.debug("process %d serves %s", os.getpid(), target)
    mailbox = _Mailbox(pipe)
    engine: EngineClient | None = None
    try:
        _send(pipe, Hello())
        try:
            engine = engine_factory(target)()
        except Exception as error:
            _send(pipe, Broken(failure(error)))
        else:
            _send(pipe, Ready())
            _serve(pipe, mailbox, engine)
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
            faulthandler.enable(open(paths.log_dir() / "engine-crash.log", "w", encoding="utf-8"))  # noqa: SIM115
        else:
            faulthandler.enable()
    except (OSError, ValueError):
        log.debug("no crash traces", exc_info=True)


def _serve(pipe: Connection, mailbox: _Mailbox, engine: EngineClient) -> None:
    """Answer requests until there are no more. Raises OSError when the parent is gone."""
    while (job := mailbox.jobs.get()) is not None:
        stream = guarded_stream(engine, job.request, job.cancel)
        for event in stream:
            try:
                _send(pipe, Item(job.number, event))
            except OSError:
                raise
            except Exception as error:  # an event that cannot be pickled
                job.cancel.set()
                _send(pipe, Item(job.number, failure(error, request_id_of(job.request))))
                break
        stream.close()
        _send(pipe, Done(job.number))


def _send(pipe: Connection, message: ToParent) -> None:
    pipe.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))
