"""A shorter import of everything that comes after PySide6.

PySide6 has each later import ask whether a module wants other names for the methods of Qt (``__feature__``), and reads
the source of every new module to see whether it uses PySide6 at all. No module here wants any.
"""

from __future__ import annotations

import builtins


def import_plainly() -> None:
    """From now on an import is what it was before PySide6 was imported; does nothing where that asks for nothing."""
    asking = getattr(builtins, "__feature_import__", None)
    before = getattr(builtins, "__orig_import__", None)
    if asking is not None and before is not None and builtins.__import__ is asking:
        builtins.__import__ = before
