"""From a load that was stopped for its memory to the dialog about it, and to the load that a person wants then."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.look.theme import Theme
from helix_app.gui.models.fit_dialog import FitDialog
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.routing import Handlers
from helix_app.protocol.events import Failed
from helix_app.protocol.fit import Fit, Way

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
        dialog.way_chosen.connect(self._on_way)
        dialog.anyway_chosen.connect(self._models.load_anyway)
        dialog.finished.connect(dialog.deleteLater)
        self.opened.emit(dialog)
        dialog.open()
        return True

    def _on_way(self, way: Way) -> None:
        if way.kind == "context":
            self._models.load_refused(context_length=int(way.value))
        elif way.kind == "draft":
            self._models.load_refused(draft="none")
        elif way.kind == "quantisation":
            self._models.load_refused(target=way.value)
