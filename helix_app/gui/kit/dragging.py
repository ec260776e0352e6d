"""Files that are dragged into the window, or pasted."""

from __future__ import annotations

from PySide6.QtCore import QDir, QMimeData, Qt
from PySide6.QtGui import QDropEvent


def local_files(source: QMimeData) -> list[str]:
    """Paths of the files that are dropped or pasted."""
    if not source.hasUrls():
        return []
    return [QDir.toNativeSeparators(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]


def accept_copy(event: QDropEvent) -> None:
    """Accept files to be read where they are, whatever their source proposes: one that moves them would delete them."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.setAccepted(event.dropAction() == Qt.DropAction.CopyAction)
