"""Typesetting in a process of its own.

It is all Python, some 20 milliseconds a formula: a thread would hold up the window for as long, which waits
for the interpreter as often as it calls into Qt.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from helix_app.gui.formulas.typeset import Drawing, typeset

START_SECONDS = 30.0  # a computer that does much else may take so long to start a process and import the library
PATIENCE_SECONDS = 5.0  # for a formula
END_SECONDS = 2.0


class TypesettingError(Exception):
    """A formula could not be drawn; says why."""


class ChildTypesetter:
    """Draws formulas in a process that is started for the first one. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._answered = False

    def __call__(self, latex: str, display: bool) -> Drawing:
        """The drawing of a formula.

        Raises:
            TypesettingError: it cannot be drawn, it takes too long, or the process died of it.
            OSError: the system starts no process.
        """
        pipe = self._started()
        try:
            pipe.send((latex, display))
            if not pipe.poll(PATIENCE_SECONDS if self._answered else START_SECONDS):
                raise TypesettingError("it takes too long")
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise TypesettingError("the process that drew it ended") from error
        except TypesettingError:
            self.close()
            raise
        self._answered = True
        if not isinstance(answer, Drawing):
            raise TypesettingError(str(answer))
        return answer

    def _started(self) -> Connection:
        if self._pipe is not None:
            return self._pipe
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), name="helix-formulas", daemon=True)
        try:
            self._process.start()
        except BaseException:
            self._process = None
            ours.close()
            raise
        finally:
            theirs.close()  # so that its end is the end of the pipe
        self._pipe, self._answered = ours, False
        return ours

    def close(self) -> None:
        """End the process; the next formula starts another one."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join(END_SECONDS)
            self._process = None


def serve(pipe: Connection) -> None:
    """The process: an answer to every formula, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the window, which then ends this
    if hasattr(os, "nice"):
        os.nice(5)  # the window and the engine come first
    while True:
        try:
            latex, display = pipe.recv()
        except (EOFError, OSError):
            return
        answer: Drawing | str
        try:
            answer = typeset(latex, display)
        except Exception as error:  # of a library that meets whatever a model writes
            answer = f"{type(error).__name__}: {error}"
        pipe.send(answer)
