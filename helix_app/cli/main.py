"""``python -m helix_app``: the command line. Results go to standard output, everything else to standard error.

Exit codes: 0 done, 2 wrong usage or input, 1 a failure that is explained, or stopped with Ctrl-C.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from helix_app import __version__
from helix_app.base import texts
from helix_app.base.errors import HelixError, InputError
from helix_app.base.message_texts.filling import shortened
from helix_app.base.messages import error_text
from helix_app.base.process import logs, paths
from helix_app.cli.common import put, say

log = logging.getLogger(__name__)
_COMMANDS = {  # and the modules that they are
    "generate": "generate",
    "serve": "serve",
    "bench": "benching.bench",
    "models": "library.models",
    "doctor": "doctor",
}
_CONSOLES, _ESCAPE_CODES = (-11, -12), 4  # of Windows: output and errors; ENABLE_VIRTUAL_TERMINAL_PROCESSING
_LATER = ("train-draft",)  # subcommands of later versions


class _Parser(argparse.ArgumentParser):
    """argparse with its error on one line, and the next step."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {shortened(message)}\nTry: {self.prog} --help\n")


def build_parser(commands_of: Iterable[str] = _COMMANDS) -> argparse.ArgumentParser:
    """The parser of these subcommands."""
    parser = _Parser(prog="python -m helix_app", description="Chat with language models on your own machine.")
    parser.add_argument("--version", action="version", version=f"Helix {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log details to standard error")
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in commands_of:
        _module(name).add_parser(commands)
    return parser


def _module(command: str) -> Any:
    return importlib.import_module(f"helix_app.cli.{_COMMANDS[command]}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. However it ends, it ends in a sentence and never in a traceback."""
    args_in = list(sys.argv[1:] if argv is None else argv)
    _utf8_output()
    _live_lines()
    logs.setup(to_file=False)  # until it is known where a file is to be
    try:
        code = _run(args_in)
        if sys.stdout is not None:
            put("")  # what is left of it must arrive
        return code
    except BrokenPipeError:  # the reader of our output went away
        return 1
    except KeyboardInterrupt:
        say(error_text("interrupted"))
        return 1
    except Exception as exc:
        return _explain(exc)


def _run(args_in: list[str]) -> int:
    asked = next((arg for arg in args_in if not arg.startswith("-")), "")
    if asked in _LATER:
        raise InputError("option_unavailable", option=asked, choices=", ".join(_COMMANDS))
    try:
        # one command does not wait for what the others import
        args = build_parser((asked,) if asked in _COMMANDS else _COMMANDS).parse_args(args_in)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 2
    paths.check()
    logs.setup(verbose=args.verbose, name="cli")
    run: Callable[[argparse.Namespace], int] = _module(args.command).run
    return run(args)


def _explain(exc: Exception) -> int:
    """Say what a command ended with; what nobody expected goes to the log file. Returns the exit code."""
    if not isinstance(exc, HelixError):
        log.error("the command ended unexpectedly", exc_info=exc)
        exc = _as_error(exc)
    say(error_text(exc.code, exc.fields))
    return exc.exit_code


def _as_error(exc: Exception) -> HelixError:
    if isinstance(exc, MemoryError):
        return HelixError("out_of_memory")
    if isinstance(exc, OSError) and exc.filename is not None:
        return HelixError("file_failed", path=exc.filename, reason=texts.why(exc))
    log_file = logs.log_file()
    return HelixError("internal", log=log_file) if log_file.is_file() else HelixError("internal_unlogged")


def _utf8_output() -> None:
    """Text of any language must reach a pipe or a Windows console without an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def _live_lines() -> None:
    """Let an older console of Windows take the codes that lines which change are written with."""
    if sys.platform == "win32":
        kernel, mode = ctypes.WinDLL("kernel32"), ctypes.c_uint32()
        kernel.GetStdHandle.restype = ctypes.c_void_p
        for stream in _CONSOLES:
            handle = ctypes.c_void_p(kernel.GetStdHandle(stream))
            if kernel.GetConsoleMode(handle, ctypes.byref(mode)):  # else it is a file or a pipe
                kernel.SetConsoleMode(handle, mode.value | _ESCAPE_CODES)


if __name__ == "__main__":
    raise SystemExit(main())
