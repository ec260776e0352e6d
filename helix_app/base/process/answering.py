"""A process that answers over a pipe, for work that would hold up a thread of the window or of a server."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from helix_app.base.process import throttling

_END_SECONDS = 5.0


class AnsweringProcess:
    """Started when it is first needed, and again after ``close``. Used by one thread at a time."""

    def __init__(self, serve: Callable[[Connection], None], name: str) -> None:
        """``serve`` runs in the process, with ``answer_all``; a function of a module, so that it can be found there."""
        self._serve, self._name = serve, name
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def pipe(self) -> Connection:
        """To the process, which runs then. Raises OSError where the system starts none."""
        if self._pipe is not None:
            return self._pipe
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=self._serve, args=(theirs,), name=self._name, daemon=True)
        try:
            self._process.start()
        except BaseException:
            self._process = None
            ours.close()
            raise
        finally:
            theirs.close()  # so that its end is the end of the pipe
        self._pipe = ours
        return ours

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join(_END_SECONDS)
            self._process = None


def answer_all(pipe: Connection, answer: Callable[[Any], object]) -> None:
    """In the process: an answer to whatever is sent, until the pipe ends. ``answer`` never raises."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then ends this
    throttling.give_way()
    while True:
        try:
            asked = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(answer(asked))
