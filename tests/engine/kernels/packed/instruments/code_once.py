"""Machine code that one test process has made is there for all of a run: LLVM makes nothing twice."""

from __future__ import annotations

import hashlib
from pathlib import Path

import filelock
import pytest

from helix_app.engine.kernels.packed.library import Library


def make_code_once(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Keep in a folder what LLVM makes of the same assembly for the same processor. What is emitted is a test's own."""
    real = Library.machine_code
    folder.mkdir(exist_ok=True)

    def machine_code(library: Library, assembly: str) -> bytes:
        key = "|".join((*map(str, vars(library.processor).values()), assembly))
        file = folder / hashlib.sha256(key.encode()).hexdigest()
        with filelock.FileLock(file.with_suffix(".lock")):
            if not file.exists():
                file.write_bytes(real(library, assembly))
            return file.read_bytes()

    patch.setattr(Library, "machine_code", machine_code)
