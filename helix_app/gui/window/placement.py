"""Where the window and its docks are, as base64 text in the settings."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow

from helix_app.base.settings import Settings


def restore(window: QMainWindow, settings: Settings) -> None:
    """Put the window where it was; what cannot be read is left as it is."""
    if settings.window_geometry:
        window.restoreGeometry(QByteArray.fromBase64(settings.window_geometry.encode()))
    if settings.window_state:
        window.restoreState(QByteArray.fromBase64(settings.window_state.encode()))


def placement(window: QMainWindow, *, docks: bool) -> dict[str, object]:
    """The settings that say where the window is and, with ``docks``, where its docks are."""
    values: dict[str, object] = {"window_geometry": _text(window.saveGeometry())}
    if docks:
        values["window_state"] = _text(window.saveState())
    return values


class DockPlace(QObject):
    """Whether a dock is shown: on pages that have room for it, unless the person closed it.

    Signals:
        shown_changed: the dock was closed or came back.
    """

    shown_changed = Signal(bool)

    def __init__(self, window: QMainWindow, dock: QDockWidget) -> None:
        super().__init__(window)
        self._window, self._dock = window, dock
        self._wanted = True
        self._room = True
        self._state = ""  # of the docks, when a page without them was turned to
        dock.visibilityChanged.connect(self.on_visibility_changed)

    def restored(self) -> None:
        """The window was put where it was: the dock is as the person left it."""
        self._wanted = not self._dock.isHidden()

    def set_room(self, room: bool) -> None:
        """Another page is shown, with room for the dock or without."""
        if self._room and not room:
            self._wanted = not self._dock.isHidden()
            self._state = _text(self._window.saveState())
        self._room = room
        self._dock.setVisible(room and self._wanted)

    def on_visibility_changed(self, _visible: bool) -> None:
        """The dock was closed or came back."""
        shown = not self._dock.isHidden()
        if self._room:
            self._wanted = shown
        self.shown_changed.emit(shown)

    def placement(self) -> dict[str, object]:
        """The settings that say where the window and its docks are."""
        values = placement(self._window, docks=self._room)
        if self._state and not self._room:
            values["window_state"] = self._state
        return values


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
