"""Files that are dragged into the window, or pasted."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDir, QEvent, QMimeData, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

_OFFERED = QEvent.Type(QEvent.registerEventType())


def local_files(source: QMimeData) -> list[str]:
    """Paths of the files that are dropped or pasted."""
    if not source.hasUrls():
        return []
    return [QDir.toNativeSeparators(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]


class FilesOffered(QEvent):
    """Files that a field makes nothing of, offered to its window, which accepts what it can do something with.

    Attributes:
        files: their paths.
        pasted: they are to be taken now, and not only asked about.
    """

    def __init__(self, files: list[str], *, pasted: bool) -> None:
        super().__init__(_OFFERED)
        self.files, self.pasted = files, pasted
        self.ignore()


def window_takes(field: QWidget, files: list[str], *, pasted: bool = False) -> bool:
    """Whether the window of a field makes something of files; with ``pasted`` it does so now."""
    event = FilesOffered(files, pasted=pasted)
    QCoreApplication.sendEvent(field.window(), event)
    return event.isAccepted()


def accept_copy(event: QDropEvent) -> None:
    """Accept files to be read where they are, whatever their source proposes: one that moves them would delete them."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.setAccepted(event.dropAction() == Qt.DropAction.CopyAction)
