"""Files that take the place of others, in ways that Windows has no trouble with."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

_HELD = (5, 32, 33)  # of Windows: access denied, a sharing violation, a part that is locked
_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)  # seconds


def replace(source: Path | str, target: Path | str) -> None:
    """``os.replace``, which on Windows is tried again for a second while somebody has one of the two open.

    Virus scanners and indexers open what was just written, and whoever reads a file keeps it from being replaced there.

    Raises:
        OSError: it does not succeed; both are as they were.
    """
    _patiently(lambda: os.replace(source, target))


def remove(path: Path | str) -> None:
    """Remove a file that need not be there; as patient as ``replace``. Raises OSError."""
    _patiently(lambda: Path(path).unlink(missing_ok=True))


def new_file(folder: Path, prefix: str, suffix: str = "") -> tuple[int, str]:
    """A new file that its owner alone can read: a descriptor that writes bytes, and the path.

    ``tempfile.mkstemp`` does the same, but before 2026 it goes through names for hours in a folder of Windows
    that takes no files (CPython's issue 66305).

    Raises:
        OSError: there can be none.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
    path = os.path.join(os.path.abspath(folder), f"{prefix}{secrets.token_hex(8)}{suffix}")  # which nobody has
    return os.open(path, flags, 0o600), path


def new_folder(folder: Path, prefix: str) -> Path:
    """A new folder of its owner's own, as ``tempfile.mkdtemp`` makes one. Raises OSError."""
    path = folder / f"{prefix}{secrets.token_hex(8)}"
    path.mkdir(mode=0o700)
    return path


def _patiently(work: Callable[[], None]) -> None:
    for seconds in _WAITS:
        try:
            return work()
        except OSError as exc:
            if getattr(exc, "winerror", None) not in _HELD:
                raise
        time.sleep(seconds)
    return work()
