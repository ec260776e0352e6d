"""Files as they lie in memory, mapped once for all that look at them."""

from __future__ import annotations

import mmap
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from helix_app.modelfiles.stamps import stamp

_lock = threading.Lock()
_maps: weakref.WeakValueDictionary[str, mmap.mmap] = weakref.WeakValueDictionary()


def whole_file(path: Path) -> np.ndarray[Any, Any]:
    """The bytes of a file, read-only. It stays mapped, by one descriptor, as long as any part of it is used.

    Raises:
        OSError: it cannot be opened or mapped.
        ValueError: it is empty.
    """
    key = stamp(path)
    with _lock:
        mapped = _maps.get(key)
        if mapped is None:
            with path.open("rb") as file:
                mapped = _maps[key] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, dtype=np.uint8)
