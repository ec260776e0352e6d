"""How this program starts itself again: Python with a module, or in a frozen program itself with a flag.

``main.py`` gives its command line to ``dispatch`` before anything else, for a frozen program has one entrance only.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

JOB_FLAG = "--helix-job"  # a job of engine/machine/jobs.py
MODULE_FLAG = "--helix-module"  # what `python -m` is elsewhere
COMMAND_LINE = "helix-cli"  # name of the frozen program that has a console
_ERROR_BOX = 0x10  # MB_ICONERROR, with a button OK
LAUNCHER = "HELIX_LAUNCHER"  # set by packaging/launcher: its command, as a JSON list
NOTES = "helix-windows"  # folder in an environment with a file for each window that runs in it
_JOBS = "helix_app.engine.machine.jobs"
_ENTRANCE = "helix_app.__main__"
HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows; else a console flashes up
_UNREAD = "HELIX_UNREAD"  # set for a window whose standard streams nobody reads, though it has some


def quiet() -> int:
    """Flags of a program that this one starts: it has the console of this one and ends with it, or none at all."""
    if sys.platform == "win32" and ctypes.windll.kernel32.GetConsoleWindow():
        return 0
    return HIDDEN


def frozen() -> bool:
    """Whether this is a frozen program, which has no ``python -m``."""
    return bool(getattr(sys, "frozen", False))


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of Helix as a program of its own."""
    return [sys.executable, MODULE_FLAG if frozen() else "-m", module, *arguments]


def own_command(without: Sequence[str] = ()) -> list[str]:
    """The command that this program was started with, but for some of its arguments."""
    return [sys.executable, *(part for part in sys.orig_argv[1:] if part not in without)]


def start_again(without: Sequence[str] = ()) -> None:
    """Start the program anew, as one that outlives this process."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":  # where it has no console, and what is inherited instead of one takes no text
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        apart |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, _UNREAD: "1"}}
    started = subprocess.Popen(own_command(without), stdin=subprocess.DEVNULL, **apart)
    if LAUNCHER in os.environ:  # which goes by these whether an environment may be changed
        with suppress(OSError):
            (Path(sys.prefix) / NOTES / str(started.pid)).touch()


def guard_streams() -> None:
    """A windowed program has no standard streams, or none that is read, but libraries print."""
    read = not os.environ.pop(_UNREAD, "")  # nor do programs that it starts learn of it
    sys.stdout = (read and sys.stdout) or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = (read and sys.stderr) or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def tell(sentence: str) -> None:
    """Say why there is no window, where a person can see it: in a box where nobody reads standard error."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
    if sys.platform == "win32" and getattr(sys.stderr, "name", "") == os.devnull:  # of ``guard_streams``
        ctypes.windll.user32.MessageBoxW(None, sentence, "Helix", _ERROR_BOX)


def dispatch(argv: Sequence[str]) -> int | None:
    """Do what a command line asks of this program other than the window.

    Args:
        argv: as ``sys.argv``.

    Returns:
        The exit code; None where the window is wanted.
    """
    if argv[1:2] == [JOB_FLAG]:
        importlib.import_module(_JOBS).main(argv[2:])  # ends the process
    if argv[1:2] == [MODULE_FLAG] and len(argv) > 2:
        module = argv[2]
        if module != "helix_app" and not module.startswith("helix_app."):
            return 2  # nothing but parts of Helix
        sys.argv = [module, *argv[3:]]
        runpy.run_module(module, run_name="__main__", alter_sys=False)
        return 0
    if frozen() and Path(argv[0]).stem.casefold() == COMMAND_LINE:  # Windows takes any case
        return int(importlib.import_module(_ENTRANCE).main())
    return None
