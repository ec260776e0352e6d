"""Where tables of what a model writes are: one shipped with the program, one that grows on this computer.

What they hold and how they are read is the engine's (``engine/drafts/ngrams/ngram_table.py``).
"""

from __future__ import annotations

import logging
import os
import zlib
from pathlib import Path

from helix_app.base.errors import HelixError
from helix_app.base.process import paths

log = logging.getLogger(__name__)
_HEADER_BYTES = 32
_SUFFIX = ".table"


def shipped_table(model_id: str | None) -> Path | None:
    """The table that comes with Helix for this model of the catalog, if there is one."""
    path = paths.resource("ngram", f"{model_id}{_SUFFIX}")
    return path if model_id is not None and path.is_file() else None


def learned_table(model: Path, model_id: str | None) -> Path:
    """Where replies of this model are learnt into; a file of the person's own goes by its whole path."""
    name = model_id or f"{model.stem}-{zlib.crc32(str(model.resolve()).encode('utf-8', 'surrogateescape')):08x}"
    return _folder() / f"{name}{_SUFFIX}"


def forget() -> int:
    """Forget everything that was learnt on this computer; returns the number of tables.

    They are wiped where they are, so that an engine that has one open forgets too.

    Raises:
        HelixError: the folder cannot be read or a file not written; all others are wiped then.
    """
    failure: OSError | None = None
    wiped = 0
    try:
        names = sorted(entry.name for entry in os.scandir(_folder()) if entry.name.endswith(_SUFFIX))
    except FileNotFoundError:
        return 0
    except OSError as exc:
        raise HelixError("forget_failed", folder=_folder(), detail=str(exc)) from exc
    for name in names:
        try:
            _wipe(_folder() / name)
            wiped += 1
        except OSError as exc:
            failure = exc
    if failure is not None:
        raise HelixError("forget_failed", folder=_folder(), detail=str(failure)) from failure
    return wiped


def _wipe(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(_HEADER_BYTES)
        file.write(bytes(max(0, path.stat().st_size - _HEADER_BYTES)))


def _folder() -> Path:
    return paths.data_dir() / "ngram"
