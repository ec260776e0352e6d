"""What every view of a window begins with, and ends with."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QDialog

from helix_app.gui.settings.dialog import SettingsDialog
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


def settings_dialog(window: MainWindow) -> SettingsDialog:
    """The open settings dialog."""
    return next(d for d in window.findChildren(SettingsDialog) if d.isVisible())


def shown_dialog(window: MainWindow) -> QDialog:
    """The dialog that is open, in front of others."""
    return [d for d in window.findChildren(QDialog) if d.isVisible()][-1]


def put_back(window: MainWindow) -> None:
    """Have a window that showed a view ready for another: what its other pages show stays, all else is as it was."""
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.close()
    window.actions_.ghosts.setChecked(False)
    window.actions_.origins.setChecked(False)
    window.actions_.new_chat.trigger()
    window.chat.composer.editor.clear()
    settle()
    assert window.chat.is_empty
    assert window.pages.current is not None
    assert window.pages.current.name == "chat"
    assert not [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
