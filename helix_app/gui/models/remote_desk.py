"""From a server that a person names to one of its models, which answers."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from helix_app.base.remote import is_remote, remote_model
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.dialogs.remote_dialog import RemoteDialog
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.remote import RemoteFound


class RemoteDesk(QObject):
    """Opens the dialog and takes what was chosen in it.

    Attributes:
        dialog: the one that is open, if any.

    Signals:
        asked: a RemoteAsked.
    """

    asked = Signal(object)

    def __init__(self, theme: Theme, state: State, models: ModelFlow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme, self._state, self._models = theme, state, models
        self.dialog: RemoteDialog | None = None
        models.remote_requested.connect(self.open)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {RemoteFound: self.on_found}

    def open(self) -> None:
        """Let a server be chosen; the one that was used last is suggested."""
        target = self._state.settings.target
        last = remote_model(target).url if is_remote(target) else self._state.settings.remote_address
        parent = self.parent()
        dialog = RemoteDialog(self._theme, last, parent if isinstance(parent, QWidget) else None)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked.connect(self.asked)
        dialog.chosen.connect(self.on_chosen)
        dialog.finished.connect(lambda _: self._closed(dialog))
        self.dialog = dialog
        dialog.open()
        if last:
            dialog.on_look()

    def on_found(self, news: RemoteFound) -> None:
        """A server answered, or did not."""
        if self.dialog is not None:
            self.dialog.on_found(news)

    def on_chosen(self, target: str) -> None:
        """Let this model answer."""
        self._state.change(remote_address=remote_model(target).url)
        self._models.pick("target", target)

    def _closed(self, dialog: RemoteDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
