"""Has this computer measured while the card of the first start is shown, and suggests a model that suits it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal

from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.suggestion import suggestion
from helix_app.gui.models.welcome import WelcomePage
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.inquiries import MachineAsked, MachineMeasured


class MachineDesk(QObject):
    """Asks once for main memory, and again for a card when one is found that models would run on.

    Signals:
        asked: a MachineAsked.
    """

    asked = Signal(object)

    def __init__(self, state: State, welcome: WelcomePage, models: ModelFlow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._welcome = state, welcome
        self._asked: set[str] = set()
        self._measured: MachineMeasured | None = None
        welcome.installEventFilter(self)
        welcome.pair_requested.connect(models.download)
        state.devices_changed.connect(self._ask)
        state.catalog_changed.connect(self._show)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {MachineMeasured: self.on_measured}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._ask()
        return super().eventFilter(watched, event)

    def on_measured(self, event: MachineMeasured) -> None:
        """What was measured; of a card it counts more, unless it could not be read."""
        known = self._measured
        if known is None or event.fastest is not None or known.fastest is None:
            self._measured = event
            self._show()

    def _ask(self) -> None:
        if self._welcome.isHidden():
            return
        best = next((item.value for item in self._state.devices), "cpu")
        for device in dict.fromkeys(("cpu", best)):
            if device not in self._asked:
                self._asked.add(device)
                self.asked.emit(MachineAsked(device))

    def _show(self) -> None:
        if self._measured is not None:
            made = suggestion(self._state.items, self._measured, self._state.devices)
            self._welcome.show_machine(self._measured, self._state.devices, made)
