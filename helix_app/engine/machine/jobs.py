"""Small jobs in a process of their own that may crash or hang: a driver is asked there first.

A job is a function that takes texts and returns a JSON object. Its process is this program again: Python with a line
of code, or in a frozen program the program itself with a flag, by which ``base/process/program.py`` comes to ``main``
before anything else is imported.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

from helix_app.base.process.program import JOB_FLAG, frozen
from helix_app.engine.machine.exit_codes import exit_text

JOBS = {
    "directml": "helix_app.engine.machine.devices.directml:list_directml",
    "torch": "helix_app.engine.machine.devices.torch_facts:gather",
    "packed-kernels": "helix_app.engine.kernels.packed.trials.check:run",
    "packed-forms": "helix_app.engine.kernels.packed.trials.forms:run",
    "packed-forms-kept": "helix_app.engine.kernels.packed.trials.forms:kept",
    "packed-products": "helix_app.engine.kernels.triton.trial:run",
    "fused-attention": "helix_app.engine.kernels.fused_trial:run",
    "self-test": "helix_app.doctor.self_test:run",
    "memory": "helix_app.doctor.memory:run",
    "bandwidth": "helix_app.engine.machine.bandwidth:run",
    "pair": "helix_app.doctor.pair:run",
    "verdicts": "helix_app.doctor.pair:run_verdicts",
}
POLL_SECONDS = 0.05  # how late a cancel is noticed
_KILL_SECONDS = 5.0  # that a killed process may take to go
_DETAIL_CHARACTERS = 4000
# not from the folder it is started in, whose files may have the names of libraries
_CODE = f"""import sys
sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]
from {__name__} import main
main(sys.argv[1:])"""

How = Literal["crashed", "hung", "raised", "garbled", "cancelled", "not_started"]


class JobError(Exception):
    """A job that gave no answer.

    Attributes:
        how: ``crashed`` (its process ended), ``hung`` (killed at its limit), ``raised`` (an exception in it),
            ``garbled`` (what it wrote is no answer), ``cancelled`` or ``not_started``.
        said: a few words: the exception, or how the process ended.
        detail: traceback or last lines of standard error.
        kind: name of the exception's type, empty unless it raised.
    """

    def __init__(self, how: How, said: str = "", detail: str = "", kind: str = "") -> None:
        super().__init__(f"{how}: {said}")
        self.how, self.said, self.detail, self.kind = how, said, detail, kind


# ------------------------------------------------------------------- the side that asks


def run(name: str, *args: str, seconds: float, cancel: threading.Event | None = None) -> dict[str, Any]:
    """Run a job and return its answer.

    Args:
        seconds: after which its process is killed.
        cancel: kills it within ``POLL_SECONDS``.

    Raises:
        JobError: there is no answer.
    """
    end = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            _command(name, args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows; else a console flashes up
        )
    except OSError as exc:
        raise JobError("not_started", str(exc)) from exc
    how: How | None = None
    while True:
        try:
            out, err = process.communicate(timeout=POLL_SECONDS if how is None else _KILL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if how is not None:  # it is stuck in the system, or left a child that holds the pipes
                out = err = b""
                break
            if cancel is not None and cancel.is_set():
                how = "cancelled"
            elif time.monotonic() > end:
                how = "hung"
            if how is not None:
                process.kill()
    words = err.decode("utf-8", "replace")[-_DETAIL_CHARACTERS:].strip()
    if how is not None:
        raise JobError(how, f"no answer after {seconds:g} s" if how == "hung" else "", words)
    return _answer(out.decode("utf-8", "replace"), words, process.returncode)


def _command(name: str, args: Sequence[str]) -> list[str]:
    if frozen():
        return [sys.executable, JOB_FLAG, name, *args]
    return [sys.executable, "-c", _CODE, str(Path(__file__).parents[3]), name, *args]


def _answer(text: str, errors: str, code: int) -> dict[str, Any]:
    """The last line that is an answer, whatever libraries printed before or after it."""
    for line in reversed(text.splitlines()):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and isinstance(said.get("answer"), dict):
            return said["answer"]
        if isinstance(said, dict) and isinstance(said.get("error"), str):
            kind, message, trace = (str(said.get(key, "")) for key in ("kind", "error", "trace"))
            raise JobError("raised", f"{kind}: {message}", trace[-_DETAIL_CHARACTERS:], kind)
    if code != 0:
        raise JobError("crashed", exit_text(code), errors)
    raise JobError("garbled", text.strip()[:80], errors)


# ------------------------------------------------------------------- the job's own side


def main(argv: Sequence[str]) -> NoReturn:
    """Do a job: its name and arguments. Writes one line of JSON to standard output and ends the process."""
    _no_crash_dialog()
    if sys.stderr is not None:
        faulthandler.enable()
    try:
        module, _, function = JOBS[argv[0]].partition(":")
        said: dict[str, Any] = {"answer": getattr(importlib.import_module(module), function)(*argv[1:])}
    except Exception as exc:
        said = {"error": str(exc), "kind": type(exc).__name__, "trace": traceback.format_exc()}
    _write(("\n" + json.dumps(said) + "\n").encode())
    os._exit(0)  # skip the teardown of GPU libraries, which likes to crash


def _write(line: bytes) -> None:
    """To the pipe itself: a windowed program has no ``sys.stdout`` even where somebody listens."""
    if sys.stdout is not None:
        sys.stdout.flush()
    while line:
        line = line[os.write(1, line) :]


def _no_crash_dialog() -> None:
    """Windows shows a dialog when a program crashes, and a dialog waits for a click."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX
