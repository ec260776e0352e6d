"""What the subcommands share: options for models, streams in whatever state, Ctrl-C, the choice about learning."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from helix_app.base import messages, settings, texts
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import DEFAULT_CONTEXT

CONTEXT_HELP = f"the model's own, {DEFAULT_CONTEXT:,} at most, unless given"
_MAX_BYTES = 1 << 28  # of an input; far beyond what any context takes


def add_models(parser: argparse.ArgumentParser, target: str) -> None:
    """The options that name the models; ``target`` is the default."""
    parser.add_argument("--target", default=target, metavar="ID|PATH", help="target model (default: %(default)s)")
    parser.add_argument(
        "--draft",
        default="auto",
        metavar="DRAFT",
        help="auto, none, ngram, mtp, self-int4, self-int8, or a draft model or head",
    )


def say(text: str) -> None:
    """A line on standard error, if there is one and it takes it."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")


def notice(code: str, **fields: object) -> None:
    """Say a notice."""
    say(messages.notice_text(code, {name: str(value) for name, value in fields.items()}))


# ------------------------------------------------------------------------ results


def put(text: str) -> None:
    """A result on standard output, at once.

    Raises:
        HelixError: ``output_closed`` or ``output_failed``.
        BrokenPipeError: nobody reads it any more.
    """
    if sys.stdout is None:
        raise HelixError("output_closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError) as exc:
        _drop_output()
        if isinstance(exc, BrokenPipeError):
            raise
        if sys.platform == "win32" and isinstance(exc, OSError) and exc.errno == errno.EINVAL:  # what it says there
            raise BrokenPipeError(errno.EPIPE, str(exc)) from exc
        raise HelixError("output_failed", reason=texts.why(exc)) from exc


def check_output() -> None:
    """Refuse to begin what would have nowhere to go. Raises HelixError ``output_closed``."""
    if sys.stdout is None:
        raise HelixError("output_closed")


def _drop_output() -> None:
    """Standard output takes no more: what Python still holds back for it goes nowhere, in silence."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


# ------------------------------------------------------------------------ inputs


def read_input(code: str, path: Path | str) -> str:
    """The text of a file, or of standard input for ``-``, whatever encoding it is in; a guess is said.

    Raises:
        InputError: ``code``, with ``path`` and ``reason``: it cannot be read, or it is no text.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        data = _stdin_bytes() if str(path) == "-" else _file_bytes(Path(path))
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES >> 20} MiB")
        text, guessed = texts.decode(data)
    except (OSError, ValueError) as exc:
        raise InputError(code, path=name, reason=texts.why(exc)) from exc
    if guessed:
        notice("encoding_guessed", path=name, encoding=guessed)
    return text


def _file_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES + 1)


def _stdin_bytes() -> bytes:
    if sys.stdin is None:
        raise ValueError("it is closed")
    raw = getattr(sys.stdin, "buffer", None)
    if isinstance(raw, io.BufferedIOBase):
        return raw.read(_MAX_BYTES + 1)
    return sys.stdin.read(_MAX_BYTES + 1).encode("utf-8", "surrogatepass")


def may_learn() -> bool:
    """Whether replies may be learnt from. What is wrong with the settings is said."""
    chosen, wrong = settings.read()
    if wrong is not None:
        notice(settings.notice_of(wrong), **wrong)
    return chosen.learn


# ------------------------------------------------------------------------ Ctrl-C


@contextmanager
def ctrl_c_cancels() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a second one interrupts at once."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        cancel.set()

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
