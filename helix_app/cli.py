"""``python -m helix_app``: the command line. Results go to standard output, everything else to standard error.

Exit codes: 0 done, 2 wrong usage or input, 1 a failure that is explained.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from helix_app import __version__, cli_bench, cli_doctor, cli_generate, cli_models, logs
from helix_app.messages import error_text

_LATER = ("serve", "train-draft")  # subcommands of later versions


class _Parser(argparse.ArgumentParser):
    """argparse with its error on one line, and the next step."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    parser = _Parser(prog="python -m helix_app", description="Chat with language models on your own machine.")
    parser.add_argument("--version", action="version", version=f"Helix {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log details to standard error")
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cli_generate.add_parser(commands)
    cli_bench.add_parser(commands)
    cli_models.add_parser(commands)
    cli_doctor.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    args_in = list(sys.argv[1:] if argv is None else argv)
    _utf8_output()
    asked = next((arg for arg in args_in if not arg.startswith("-")), "")
    if asked in _LATER:
        fields = {"option": asked, "choices": "generate, bench, models, doctor"}
        sys.stderr.write(error_text("option_unavailable", fields) + "\n")
        return 2
    try:
        args = build_parser().parse_args(args_in)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 2
    logs.setup(verbose=args.verbose, name="cli")
    try:
        if args.command == "models":
            return cli_models.run(args)
        if args.command == "doctor":
            return cli_doctor.run(args)
        return cli_bench.run(args) if args.command == "bench" else cli_generate.run(args)
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 1


def _utf8_output() -> None:
    """Text of any language must reach a pipe or a Windows console without an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    raise SystemExit(main())
