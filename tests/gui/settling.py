"""What every view of a window begins with."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake


def settle() -> None:
    """Let the window lay itself out and paint."""
    for _ in range(4):
        QApplication.processEvents()


def end(window: MainWindow) -> None:
    """Close a window and have it gone, or every later theme would restyle it too."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def load(window: MainWindow) -> None:
    """A window with its model loaded."""
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.start()
    window.on_event(fake.ready())
