"""A small file that several processes write: one at a time, and whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from helix_app.base.files.replacing import new_file, replace

_LOCK_SECONDS = 5.0  # far longer than it takes to write so little


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes the file meanwhile. Raises TimeoutError (an OSError) when somebody does for too long."""
    lock = filelock.FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except NotImplementedError:  # a file system without locks
        yield
        return
    try:
        yield
    finally:
        lock.release()


def write_whole(path: Path, text: str) -> None:
    """Replace the file. Raises OSError; what was there stays then."""
    fd, name = new_file(path.parent, ".settings-", ".json")
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
