"""Helix's own folders as ``doctor`` looks at them: how large, whether they can be written, what lies in them.

Changes nothing. Imports no torch.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base import texts
from helix_app.base.files import replacing
from helix_app.base.process import paths

CRASH_LINES = 20
_MOST_FILES = 100_000  # of a folder whose size is summed


@dataclass(frozen=True)
class FolderFact:
    """A folder of Helix: its bytes, None where nobody may look; whether files can be made in it."""

    name: str
    path: str
    bytes: int | None
    writable: bool


def helix_folders() -> tuple[FolderFact, ...]:
    """The folders of settings, data, models, caches and logs."""
    places = {
        "settings": paths.config_dir(),
        "data": paths.data_dir(),
        "models": paths.models_dir(),
        "cache": paths.cache_dir(),
        "logs": paths.log_dir(),
    }
    return tuple(FolderFact(name, str(path), folder_bytes(path), can_write(path)) for name, path in places.items())


def folder_bytes(folder: Path) -> int | None:
    """Bytes of all files below a folder, 0 for one that is not there, None for one that cannot be read."""
    total = count = 0
    try:
        if not folder.exists():
            return 0
        os.listdir(folder)
        for root, _, names in os.walk(folder):
            for name in names:
                try:
                    total += os.lstat(os.path.join(root, name)).st_size
                except OSError:
                    continue
                count += 1
                if count > _MOST_FILES:
                    return total
    except OSError:
        return None
    return total


def can_write(folder: Path) -> bool:
    """Whether a file can be made in it, or in the nearest folder above it that exists: tried, not asked."""
    try:
        place = folder
        while not place.exists() and place != place.parent:
            place = place.parent
        descriptor, name = replacing.new_file(place, ".helix-")
        os.close(descriptor)
        replacing.remove(name)
        return True
    except OSError:
        return False


def disk_free(folder: Path) -> int | None:
    """Bytes free where a folder is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def settings_error(file: Path) -> str:
    """Why the settings cannot be read; empty where they can, or where there are none yet. Changes nothing."""
    try:
        raw: Any = texts.read_json(file)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as exc:
        return f"{type(exc).__name__}: {exc}"
    return "" if isinstance(raw, dict) else "it holds no settings"


def crash_lines(file: Path) -> tuple[str, ...]:
    """The last lines of a log; none where there is no such file."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-CRASH_LINES:])
