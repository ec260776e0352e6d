"""Logging: to stderr and to a rotating file. Standard output stays free for results."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
from pathlib import Path

from helix_app.base.errors import InputError
from helix_app.base.process import paths

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_MOST_BYTES = 2_000_000
_LOGIN = re.compile(r"(?<=://)[^/\s'\"]+@")  # name and password in an address


class _Formatter(logging.Formatter):
    """Addresses lose the name and password in them, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return _LOGIN.sub("***@", super().format(record))


class _Rotating(logging.handlers.RotatingFileHandler):
    """Writes on where the file cannot be put aside: Windows renames none that another window has open."""

    def doRollover(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None  # type: ignore[assignment]  # opened again by the next record
        try:
            os.rename(self.baseFilename, self.baseFilename)  # refused where the other name would be
        except OSError:
            self.maxBytes += _MOST_BYTES  # not tried again for every record
            return
        super().doRollover()
        self.maxBytes = _MOST_BYTES


def log_file() -> Path:
    """Path of the log file of this process, or of the window's where none is set up."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.handlers.RotatingFileHandler):
            return Path(handler.baseFilename)
    try:
        return paths.log_dir() / "helix.log"
    except InputError:
        return Path("helix.log")


def setup(*, verbose: bool = False, to_file: bool = True, name: str = "helix") -> None:
    """Set the root logger up for this process.

    A windowed program has no stderr (``sys.stderr is None``): then only the file is written. A log
    folder that cannot be written is no reason to fail. ``name`` keeps the engine's child process
    from rotating its parent's file.
    """
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:
        stream = logging.StreamHandler(sys.stderr)
        stream.setLevel(logging.DEBUG if verbose else logging.WARNING)
        if not verbose:  # a traceback is for the log file; whoever reads here is told in a sentence
            stream.addFilter(lambda record: not record.exc_info)
        handlers.append(stream)
    if to_file:
        try:
            paths.log_dir().mkdir(parents=True, exist_ok=True)
            handlers.append(
                _Rotating(
                    paths.log_dir() / f"{name}.log",
                    maxBytes=_MOST_BYTES,
                    backupCount=3,
                    encoding="utf-8",
                    delay=True,
                )
            )
        except (OSError, InputError):
            pass
    logging.raiseExceptions = False  # a log file that cannot be written is no reason for a traceback
    for handler in handlers:  # whoever reads at a terminal is told in words, not where in the program they come from
        told = isinstance(handler, logging.FileHandler) or verbose
        handler.setFormatter(_Formatter(FORMAT if told else "%(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=handlers, force=True)
    for noisy in ("urllib3", "filelock", "httpx", "httpcore", "huggingface_hub", "transformers"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
