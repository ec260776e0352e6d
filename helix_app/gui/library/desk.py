"""The page of models and its ways to the rest of the window."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QObject, Signal

from helix_app.gui.library.page import ModelsPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.load_view import LoadView
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.library import FileNamed, FilesListed, HubSearched, LibraryChanged, LibraryFailed, TokenFound
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import ModelReady

LISTS = (LibraryChanged, TokenFound, LibraryFailed, HubSearched, FilesListed, FileNamed)
NEWS = (*LISTS, DownloadProgress, DownloadDone, DownloadFailed)  # they have the page made


class LibraryDesk(QObject):
    """Has the page, and lets what is picked there be loaded.

    Signals:
        asked: a request of ``protocol/library.py``.
        download_requested, pause_requested: about the model of this id.
        told: what happened, for the status bar.
        show_requested: the page is to be shown.
        page_wanted: there is news for the page, which is not made yet.
    """

    asked = Signal(object)
    download_requested = Signal(str)
    pause_requested = Signal(str)
    told = Signal(str)
    show_requested = Signal()
    page_wanted = Signal()

    def __init__(self, theme: Theme, state: State, models: ModelFlow, loads: LoadView, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._state, self._models, self._loads = theme, state, models, loads
        loads.welcome.more_requested.connect(self.show_suggested)

    @cached_property
    def page(self) -> ModelsPage:
        """The page; it is made now if it was not wanted before."""
        page = ModelsPage(self._theme, self._state)
        page.asked.connect(self.asked)
        page.download_requested.connect(self.download_requested)
        page.pause_requested.connect(self.pause_requested)
        page.told.connect(self.told)
        page.picked.connect(self._models.pick)
        page.fetched.connect(self._loads.leave_out)
        return page

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return dict.fromkeys((*NEWS, ModelReady), self.on_news)

    def on_news(self, event: object) -> None:
        """Hand it to the page; it is made for this, but not for a model that is loaded, which it need not know of."""
        if "page" not in self.__dict__:
            if isinstance(event, ModelReady):
                return
            self.page_wanted.emit()
        self.page.handlers()[type(event)](event)

    def show_suggested(self) -> None:
        """Show what Helix suggests."""
        self.show_requested.emit()
        self.page.turn_to(self.page.catalogue)
