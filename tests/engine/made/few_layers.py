"""A real model with fewer layers: its matrices, its vocabulary and its rounding at a fraction of the work."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

_KEY, _UINT32 = b".block_count", 4


def with_layers(model: Path, count: int, made: Path) -> Path:
    """A copy of a GGUF file whose header says that its first ``count`` layers are all; the others stay unread.

    Returns:
        ``made``. Raises ValueError where the header does not say how many layers there are.
    """
    shutil.copyfile(model, made)
    with made.open("r+b") as file:
        before, found, after = file.read(1 << 16).partition(_KEY)
        kind, layers = struct.unpack("<II", after[:8]) if found else (0, 0)
        if kind != _UINT32 or not count < layers:
            raise ValueError(f"{model} does not say how many layers it has")
        file.seek(len(before) + len(_KEY) + 4)
        file.write(struct.pack("<I", count))
    return made
