"""How a window learns that the one before it crashed.

Each window has a file in the logs folder, into which the interpreter writes where every thread stood should the process
crash, and which is gone when it ends properly. A lock beside it says whether its process still lives.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import filelock

from helix_app import __version__
from helix_app.base.errors import InputError
from helix_app.base.process import paths

log = logging.getLogger(__name__)
# codes are of exceptions that Windows may handle yet
_FATAL = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (?!code 0x)(.+)$", re.MULTILINE)
_MOST = 20_000  # characters of a trace


@dataclass(frozen=True)
class Crash:
    """A window of before that crashed.

    Attributes:
        began: when it was started, and which version it was, as a line of text.
        trace: where its threads stood.
        cause: what the system called it, such as "Segmentation fault".
    """

    began: str
    trace: str
    cause: str


class Session:
    """This process as a window that is to end properly: ``begin`` it, and ``end`` it when it does."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self._lock: filelock.BaseFileLock | None = None

    def begin(self) -> tuple[Crash, ...]:
        """Watch this process from now on; what windows of before left behind, once. Never raises."""
        try:
            folder = sessions_dir()
            folder.mkdir(parents=True, exist_ok=True)
            found = _left_behind(folder)
            path = folder / f"{os.getpid()}.txt"
            lock = filelock.FileLock(path.with_suffix(".lock"))
            lock.acquire(timeout=0)
            self._lock = lock
            self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115
            began = time.strftime("%Y-%m-%d %H:%M:%S")
            self._file.write(f"Helix {__version__}, started {began}\n")
            self._file.flush()
            faulthandler.enable(self._file)
        except (OSError, ValueError, NotImplementedError, InputError, filelock.Timeout) as exc:
            log.info("crashes are not noted: %s", exc)
            return ()
        return found

    def end(self) -> None:
        """It ends properly. May be called twice."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            with suppress(OSError):
                os.unlink(self._file.name)
            self._file = None
        if self._lock is not None:
            self._lock.release()
            with suppress(OSError):
                os.unlink(self._lock.lock_file)
            self._lock = None


def sessions_dir() -> Path:
    """Where the windows that run have their files."""
    return paths.log_dir() / "running"


def _left_behind(folder: Path) -> tuple[Crash, ...]:
    """The windows whose process is gone, and nothing of them afterwards."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        lock = filelock.FileLock(path.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            continue  # it lives
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            path.unlink()
        except OSError:  # another window was faster
            continue
        finally:
            lock.release()
            with suppress(OSError):
                os.unlink(lock.lock_file)
        crash = _crash(text)
        if crash is not None:
            found.append(crash)
    return tuple(found)


def _crash(text: str) -> Crash | None:
    """What the file of a window says; None where it was ended from outside.

    By its person's leaving, by another program or with the computer: these cannot be told apart.
    """
    began, _, trace = text.partition("\n")
    fatal = list(_FATAL.finditer(trace))
    if not fatal:
        log.info("a window was ended from outside: %s", began)
        return None
    begin = fatal[-1].start()
    return Crash(began, trace[begin : begin + _MOST].strip(), fatal[-1][1].strip())
