"""Has this computer measured while the card of the first start is shown, and suggests a model that suits it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.suggestion import suggestion
from helix_app.gui.models.welcome import WelcomePage
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.inquiries import MachineAsked, MachineMeasured

WAIT_MS = 15_000  # for devices


class MachineDesk(QObject):
    """Asks for the memory of the best device once devices are known: an engine that is being started reads memory, too.

    Where nobody finds devices, it asks for main memory after a while, and for that of a device that is found later.

    Signals:
        asked: a MachineAsked.
    """

    asked = Signal(object)

    def __init__(self, state: State, welcome: WelcomePage, models: ModelFlow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._welcome = state, welcome
        self._asked: set[bool] = set()  # by whether devices were known
        self._measured: MachineMeasured | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._ask)
        welcome.installEventFilter(self)
        welcome.pair_requested.connect(models.download)
        state.devices_changed.connect(self._ask)
        state.catalog_changed.connect(self._show)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {MachineMeasured: self.on_measured}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and not self._state.devices:
            self._timer.start()
        elif event.type() == QEvent.Type.Show:
            self._ask()
        return super().eventFilter(watched, event)

    def on_measured(self, event: MachineMeasured) -> None:
        """What was measured: a card that could be read counts more than main memory, and of two results the faster."""
        known = self._measured
        if known is not None and known.fastest is not None:
            if event.fastest is None or (event.device == known.device and event.fastest < known.fastest):
                return
            if event.device == "cpu" and known.device != "cpu":
                return
        self._measured = event
        self._state.set_machine(event)
        self._show()

    def _ask(self) -> None:
        self._timer.stop()
        known = bool(self._state.devices)
        if not self._welcome.isHidden() and known not in self._asked:
            self._asked.add(known)
            self.asked.emit(MachineAsked(self._state.devices[0].value if known else "cpu"))

    def _show(self) -> None:
        if self._measured is not None:
            made = suggestion(self._state.items, self._measured, self._state.devices)
            self._welcome.show_machine(self._measured, self._state.devices, made)
