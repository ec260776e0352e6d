"""Typesetting in a process of its own.

It is all Python, some 20 milliseconds a formula: a thread would hold up the window for as long, which waits
for the interpreter as often as it calls into Qt.
"""

from __future__ import annotations

from multiprocessing.connection import Connection

from helix_app.base.process.answering import AnsweringProcess, answer_all
from helix_app.gui.formulas.typeset import Drawing, typeset

START_SECONDS = 30.0  # a computer that does much else may take so long to start a process and import the library
PATIENCE_SECONDS = 5.0  # for a formula


class TypesettingError(Exception):
    """A formula could not be drawn; says why."""


class ChildTypesetter:
    """Draws formulas in a process that is started for the first one. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process = AnsweringProcess(serve, "helix-formulas")
        self._answered = False

    def __call__(self, latex: str, display: bool) -> Drawing:
        """The drawing of a formula.

        Raises:
            TypesettingError: it cannot be drawn, it takes too long, or the process died of it.
            OSError: the system starts no process.
        """
        pipe = self._process.pipe()
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

    def close(self) -> None:
        """End the process; the next formula starts another one."""
        self._process.close()
        self._answered = False


def serve(pipe: Connection) -> None:
    """The process: an answer to every formula, until the pipe ends."""
    answer_all(pipe, _drawn)


def _drawn(asked: tuple[str, bool]) -> Drawing | str:
    latex, display = asked
    try:
        return typeset(latex, display)
    except Exception as error:  # of a library that meets whatever a model writes
        return f"{type(error).__name__}: {error}"
