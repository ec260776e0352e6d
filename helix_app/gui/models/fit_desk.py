"""From a load that was stopped for its memory to the dialog about it, and to the load that a person wants then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.look.theme import Theme
from helix_app.gui.models.dialogs.fit_dialog import FitDialog
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.routing import Handlers
from helix_app.protocol.events import Failed
from helix_app.protocol.models.fit import Fit, Way

UNFIT = ("load_tight", "load_short")  # codes of loads that were stopped


class FitDesk(QObject):
    """Remembers what the engine said of a load, and opens the dialog when that ends it.

    Signals:
        opened: the dialog, just before it is shown.
    """

    opened = Signal(object)

    def __init__(self, theme: Theme, models: ModelFlow, window: QWidget, parent: QObject | None = None) -> None:
        """``window`` is a widget in the window that the dialog belongs to."""
        super().__init__(parent)
        self._theme, self._models, self._inside = theme, models, window
        self._fit: Fit | None = None

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {Fit: self.on_fit}

    def on_fit(self, event: Fit) -> None:
        """What a load would take that is about to be stopped."""
        self._fit = event

    def on_failed(self, event: Failed) -> bool:
        """Whether this is the end of such a load; the dialog is open then."""
        fit, self._fit = self._fit, None
        if event.code not in UNFIT or fit is None:
            return False
        dialog = FitDialog(self._theme, fit, self._inside.window())
        asked = self._models.asked_last  # what the dialog shows, whatever is asked for while it is open
        dialog.way_chosen.connect(lambda way: self._models.load(**_with_way(asked, way)))
        dialog.anyway_chosen.connect(lambda: self._models.load_anyway(asked))
        dialog.finished.connect(dialog.deleteLater)
        self.opened.emit(dialog)
        dialog.open()
        return True


def _with_way(asked: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """The settings of a load with one change that makes it fit."""
    if way.kind == "context":
        return {**asked, "context_length": int(way.value), "cache_tokens": 0}  # one context
    if way.kind == "draft":
        return {**asked, "draft": "none"}
    if way.kind == "pool":
        return {**asked, "cache_tokens": int(way.value)}
    devices: dict[str, str] = dict(asked["devices"])
    if asked["target"] in devices:  # chosen for this model, of which the other file is another form
        devices[way.value] = devices[asked["target"]]
    return {**asked, "target": way.value, "devices": devices}
