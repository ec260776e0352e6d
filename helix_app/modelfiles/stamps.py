"""What tells one state of a file, or one set of libraries, from another: for the names of what caches keep."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from helix_app import __version__


def stamp(path: Path) -> str:
    """Place, size and times of a file: another text for another content.

    The time of the last change of its entry is among them, so that a file that was replaced by one of the same size
    with its time set back differs too.

    Raises:
        OSError: the file cannot be looked at.
    """
    stat = path.stat()
    return f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}"


@functools.cache
def versions(*packages: str) -> str:
    """Helix's own version and those of the packages that made what is kept."""
    found = [f"helix {__version__}"]
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} ?")
    return ", ".join(found)
