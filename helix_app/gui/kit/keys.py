"""Keys as this computer calls them."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence


def spelled(keys: QKeySequence | str) -> str:
    """``Ctrl+Return`` as the computer and its language write it: ``Strg+Return``."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
