"""How this program starts itself again: Python with a module, or in a frozen program itself with a flag.

``main.py`` gives its command line to ``dispatch`` before anything else, for a frozen program has one entrance only.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

JOB_FLAG = "--helix-job"  # a job of engine/machine/jobs.py
MODULE_FLAG = "--helix-module"  # what `python -m` is elsewhere
COMMAND_LINE = "helix-cli"  # name of the frozen program that has a console
_JOBS = "helix_app.engine.machine.jobs"
_ENTRANCE = "helix_app.__main__"


def frozen() -> bool:
    """Whether this is a frozen program, which has no ``python -m``."""
    return bool(getattr(sys, "frozen", False))


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of Helix as a program of its own."""
    return [sys.executable, MODULE_FLAG if frozen() else "-m", module, *arguments]


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
    if frozen() and Path(argv[0]).stem == COMMAND_LINE:
        return int(importlib.import_module(_ENTRANCE).main())
    return None
