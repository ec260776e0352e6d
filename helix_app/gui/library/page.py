"""The page of models: what is here, what Helix suggests, what the hub has, and downloads."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.kit.dragging import accept_copy, local_files
from helix_app.gui.kit.model_choices import model_label
from helix_app.gui.library.catalogue import Catalogue
from helix_app.gui.library.download_list import DownloadList
from helix_app.gui.library.hub_view import HubView
from helix_app.gui.library.in_use import use_of
from helix_app.gui.library.rows import SIDE, WIDEST
from helix_app.gui.library.shelf import Shelf
from helix_app.gui.library.wording import use_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.events import Failed
from helix_app.protocol.library import (
    AddModels,
    FileNamed,
    FilesListed,
    HubSearched,
    LibraryChanged,
    LibraryFailed,
    LibraryItem,
    ListLibrary,
    RemoveModel,
    TokenFound,
)
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import ModelReady


class ModelsPage(QWidget):
    """Library, catalog, search and downloads.

    Attributes:
        shelf, catalogue, hub: the three lists; ``tabs`` are the buttons that turn them.
        downloads: what is on its way.
        error: why something could not be done.

    Signals:
        asked: a request of ``protocol/library.py``.
        picked: a setting (``target`` or ``draft``) and the model for it.
        fetched: a model is downloaded from here.
        download_requested, pause_requested: about the model of this id.
        told: what happened, for the status bar.
    """

    asked = Signal(object)
    picked = Signal(str, str)
    fetched = Signal(str)
    download_requested = Signal(str)
    pause_requested = Signal(str)
    told = Signal(str)

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._theme, self._state = theme, state
        self._named: dict[tuple[str, str], str] = {}  # ids of files of the hub
        self._looked = False
        self._problem: Failed | None = None  # of the list, as last told
        self.downloads = DownloadList(theme)
        self.shelf = Shelf(theme, state)
        self.catalogue = Catalogue(theme, state, self.downloads.running)
        self.hub = HubView(theme, state, self._file_coming)
        self.error = ErrorBox(theme)
        self.error.hide()
        self.tabs: list[ThemedButton] = []
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setMaximumWidth(WIDEST)
        head = QVBoxLayout(top)
        head.setContentsMargins(SIDE, 16, SIDE, 8)
        head.setSpacing(8)
        title = QLabel(self.tr("Models"))
        title.setFont(self._theme.fonts.title)
        head.addWidget(title)
        row = QHBoxLayout()
        row.setSpacing(4)
        group = QButtonGroup(self)
        named = (
            (self.tr("On this computer"), self.shelf),
            (self.tr("Suggested"), self.catalogue),
            (self.tr("Search the hub"), self.hub),
        )
        for text, widget in named:
            tab = ThemedButton(self._theme, text, kind="ghost")
            tab.setCheckable(True)
            group.addButton(tab)
            row.addWidget(tab)
            self.tabs.append(tab)
            self._stack.addWidget(widget)
            tab.clicked.connect(lambda _=False, widget=widget: self.turn_to(widget))
        row.addStretch()
        head.addLayout(row)
        head.addWidget(self.error)
        self.tabs[0].setChecked(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(self._stack, 1)
        column.addWidget(self.downloads)

    def _connect(self) -> None:
        rows = self.shelf.list
        rows.picked.connect(self.picked)
        rows.removed.connect(self.on_remove)
        self.catalogue.picked.connect(self.picked)
        self.catalogue.download_requested.connect(self.fetch)
        self.hub.asked.connect(self.asked)
        self.shelf.added.connect(lambda paths: self.add(paths))
        self.shelf.look_requested.connect(self.look)
        self.downloads.resume_requested.connect(self.fetch)
        self.downloads.pause_requested.connect(self.pause_requested)
        self.downloads.remove_requested.connect(lambda model_id: self.asked.emit(RemoveModel(model_id)))
        self.error.dismissed.connect(self.error.hide)
        self._state.settings_changed.connect(self._on_settings_changed)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {
            LibraryChanged: self.on_library_changed,
            TokenFound: self.hub.on_token_found,
            LibraryFailed: self.on_failed,
            HubSearched: self.hub.on_searched,
            FilesListed: self.hub.on_listed,
            FileNamed: self.on_file_named,
            DownloadProgress: self.on_download_progress,
            DownloadDone: self.on_download_done,
            DownloadFailed: self.on_download_failed,
            ModelReady: lambda _event: self.look_again(),
        }

    # ------------------------------------------------------------------ what the person does

    def turn_to(self, widget: QWidget) -> None:
        """Show the library, the catalog or the search."""
        self._stack.setCurrentWidget(widget)
        self.tabs[self._stack.currentIndex()].setChecked(True)
        if widget is self.hub:
            self.hub.field.setFocus()

    def look(self) -> None:
        """Look which models are here."""
        self._looked = True
        self.asked.emit(ListLibrary())

    def look_again(self) -> None:
        """The same where somebody has looked already."""
        if self._looked:
            self.look()

    def fetch(self, model_id: str) -> None:
        """Download a model, or go on with it."""
        self.fetched.emit(model_id)
        self.download_requested.emit(model_id)
        self._refresh()

    def add(self, paths: tuple[str, ...]) -> None:
        """Take files and folders into the library."""
        self.error.hide()
        self.turn_to(self.shelf)
        self.asked.emit(AddModels(tuple(paths)))

    def on_remove(self, item: LibraryItem) -> None:
        """Take a model off the list; ask before files are deleted."""
        self.error.hide()
        if item.removal == "forget":
            self.asked.emit(RemoveModel(item.id))
            return
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Delete a model"))
        box.setText(self.tr("Delete {model} from this computer?").format(model=item.name))
        box.setInformativeText(item.path)
        delete = box.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        delete.clicked.connect(lambda: self.asked.emit(RemoveModel(item.id)))

        def keep_if_used() -> None:
            use = use_of(item, self._state)
            if use:
                box.reject()
                self.told.emit(use_text(use, item.name))

        for signal in (self._state.model_changed, self._state.occupied_changed):
            signal.connect(keep_if_used)  # a load may begin while this is open, or a comparison
            box.finished.connect(lambda _, signal=signal: signal.disconnect(keep_if_used))
        box.open()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._looked:
            self.look()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = tuple(local_files(event.mimeData()))
        if paths:
            accept_copy(event)
            self.add(paths)

    # ------------------------------------------------------------------ news

    def on_library_changed(self, news: LibraryChanged) -> None:
        """The library as it is now."""
        self.shelf.list.show_items(news.items)
        self.downloads.show_unfinished(news.unfinished)
        self.hub.show_access(news)
        if news.problem is not None and news.problem != self._problem:  # once, for lists come often
            self.error.add_failure(news.problem)
        self._problem = news.problem
        self._refresh()

    def on_failed(self, news: LibraryFailed) -> None:
        """Something could not be done."""
        self.error.show_failure(news.failed)

    def on_file_named(self, news: FileNamed) -> None:
        """A file of the hub is about to be downloaded."""
        self._named[(news.repo, news.file)] = news.model_id
        self.fetched.emit(news.model_id)

    def on_download_progress(self, event: DownloadProgress) -> None:
        """How far a download is."""
        began = not self.downloads.running(event.model_id)
        self.downloads.show_progress(event, self._name(event.model_id))
        if began:
            self._refresh()

    def on_download_done(self, event: DownloadDone) -> None:
        """A model is here."""
        self.told.emit(self.tr("{model} is on this computer").format(model=self._name(event.model_id)))
        self.downloads.drop(event.model_id)
        self._over()

    def on_download_failed(self, event: DownloadFailed) -> None:
        """A download ended without a model."""
        self.downloads.show_failed(event, self._name(event.model_id))
        if event.code != "download_cancelled":
            told = self.tr("{model} was not downloaded: see Models").format(model=self._name(event.model_id))
            self.told.emit(told)
        self._over()

    # ------------------------------------------------------------------ inside

    def _over(self) -> None:
        self.look_again()
        self.hub.ask_again()
        self._refresh()

    def _refresh(self) -> None:
        self.catalogue.refresh()
        self.hub.found.refresh()

    def _name(self, model_id: str) -> str:
        row = self.downloads.row(model_id)
        name = model_label(model_id, self._state.items)
        return row.called if row is not None and name == model_id else name

    def _file_coming(self, repo: str, file: str) -> bool:
        return self.downloads.running(self._named.get((repo, file), ""))

    def _on_settings_changed(self) -> None:
        if self.isVisible():
            self.look_again()  # it may be offline now
