"""Where the window and its docks are, as base64 text in the settings."""

from __future__ import annotations

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from helix_app.settings import Settings


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


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
