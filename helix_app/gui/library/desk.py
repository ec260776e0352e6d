"""The page of models and its ways to the rest of the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from helix_app.gui.library.page import ModelsPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State


class LibraryDesk(QObject):
    """Has the page, and lets what is picked there be loaded.

    Attributes:
        page: the page.

    Signals:
        asked: a request of ``protocol/library.py``.
        download_requested, pause_requested: about the model of this id.
        told: what happened, for the status bar.
        show_requested: the page is wanted.
    """

    asked = Signal(object)
    download_requested = Signal(str)
    pause_requested = Signal(str)
    told = Signal(str)
    show_requested = Signal()

    def __init__(self, theme: Theme, state: State, models: ModelFlow, loads: LoadView, parent: QObject) -> None:
        super().__init__(parent)
        self.page = ModelsPage(theme, state)
        self.page.asked.connect(self.asked)
        self.page.download_requested.connect(self.download_requested)
        self.page.pause_requested.connect(self.pause_requested)
        self.page.told.connect(self.told)
        self.page.picked.connect(models.pick)
        self.page.fetched.connect(loads.leave_out)
        loads.welcome.more_requested.connect(self.show_suggested)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return self.page.handlers()

    def show_suggested(self) -> None:
        """Show what Helix suggests."""
        self.show_requested.emit()
        self.page.turn_to(self.page.catalogue)
