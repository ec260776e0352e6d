"""The library and searches of the hub, each on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.bridge.worker import thread_for
from helix_app.hub.transfer.failures import Cancelled
from helix_app.protocol.events import Failed
from helix_app.protocol.library import (
    AddModels,
    FetchFile,
    FileNamed,
    FilesListed,
    HubSearched,
    KeepToken,
    LibraryAsked,
    LibraryFailed,
    LibraryNews,
    ListFiles,
    ListLibrary,
    RemoveModel,
    SearchHub,
    TokenFound,
)

if TYPE_CHECKING:
    from helix_app.hub.search import Repository

STOP_MS = 3000


@dataclass(frozen=True)
class _Work:
    """Something to do: ``news`` does it, ``failed`` tells that it went wrong."""

    news: Callable[[], Iterator[LibraryNews]]
    failed: Callable[[Failed], LibraryNews]


class _Worker(QObject):
    """Does one thing after the other, on the thread that it lives on.

    Signals:
        told: a LibraryNews.
    """

    told = Signal(object)

    @Slot(object)
    def run(self, work: _Work) -> None:
        """Do it. Never raises."""
        try:
            for news in work.news():
                self.told.emit(news)
        except Exception as error:
            self.told.emit(work.failed(failure(error)))


class Library(QObject):
    """Answers what is asked of the library and of the hub, in the order of asking; a search ends the one before.

    Signals:
        news: a list of LibraryNews.
        changed: models came or went: the catalog is to be read again.
        fetch_requested: the model of this id is to be downloaded.
    """

    news = Signal(list)
    changed = Signal()
    fetch_requested = Signal(str)
    _disk_asked = Signal(object)
    _hub_asked = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._over = False
        self._stopped: bool | None = None
        self._token_asked = False  # of the disk's thread
        self._searching = threading.Event()  # set to end the search that runs
        self._cancel = threading.Event()  # ends everything
        self._known: dict[str, Repository] = {}  # what was looked into; of the hub's thread
        self._disk, self._hub = _Worker(), _Worker()
        self.threads = (thread_for(self._disk, "helix-library"), thread_for(self._hub, "helix-hub"))
        self._disk_asked.connect(self._disk.run)
        self._hub_asked.connect(self._hub.run)
        for worker in (self._disk, self._hub):
            worker.told.connect(self._on_told)

    @Slot(object)
    def ask(self, asked: LibraryAsked) -> None:
        """Do what is asked; the news tell of it."""
        if self._over:
            return
        for thread in self.threads:
            if not thread.isRunning():
                thread.start()
        if isinstance(asked, SearchHub):
            self._searching.set()
            cancel = self._searching = threading.Event()
            self._hub_asked.emit(
                _Work(lambda: self._search(asked.query, cancel), lambda failed: HubSearched(asked.query, failed=failed))
            )
        elif isinstance(asked, ListFiles):
            self._hub_asked.emit(
                _Work(lambda: self._files(asked.repo), lambda failed: FilesListed(asked.repo, failed=failed))
            )
        elif isinstance(asked, FetchFile):
            self._hub_asked.emit(_Work(lambda: self._take(asked.repo, asked.file), LibraryFailed))
        elif isinstance(asked, KeepToken):
            self._hub_asked.emit(_Work(lambda: self._keep(asked.token), LibraryFailed))
        else:
            self._disk_asked.emit(_Work(lambda: self._do(asked), LibraryFailed))

    @Slot()
    def shutdown(self) -> bool:
        """Give up what runs and end the threads; False when one would not end. May be called twice."""
        if self._stopped is not None:
            return self._stopped
        self._over = True
        self._cancel.set()
        self._searching.set()
        for thread in self.threads:
            thread.quit()
        self._stopped = [thread.wait(STOP_MS) for thread in self.threads] == [True, True]
        return self._stopped

    # ------------------------------------------------------------------ on the threads

    def _search(self, query: str, cancel: threading.Event) -> Iterator[LibraryNews]:
        from helix_app.hub.search import search_models

        try:
            yield HubSearched(query, search_models(query, cancel))
        except Cancelled:
            return

    def _files(self, repo: str) -> Iterator[LibraryNews]:
        from helix_app.hub.search import found_files, look_into

        try:
            found = self._known[repo] = look_into(repo, self._cancel)
        except Cancelled:
            return
        yield FilesListed(repo, found_files(found))

    def _take(self, repo: str, file: str) -> Iterator[LibraryNews]:
        from helix_app.hub.search import look_into, take_file

        try:
            found = self._known.get(repo) or look_into(repo, self._cancel)
        except Cancelled:
            return
        yield FileNamed(repo, file, take_file(found, file))

    def _do(self, asked: LibraryAsked) -> Iterator[LibraryNews]:
        """What concerns this computer alone; the library as it is then follows, also after a failure."""
        from helix_app.hub.library.listing import add_models, library
        from helix_app.hub.library.removal import remove

        failed: Failed | None = None
        try:
            if isinstance(asked, AddModels):
                add_models(asked.paths)
            elif isinstance(asked, RemoveModel):
                remove(asked.id)
        except HelixError as exc:
            failed = exc.as_event()
        yield library(read=False)  # at once
        yield library()
        if failed is not None:
            yield LibraryFailed(failed)
        if not isinstance(asked, ListLibrary):
            self.changed.emit()
        if not self._token_asked:  # with the list told, and where a keyring that waits for a person holds up no list
            self._token_asked = True
            self._hub_asked.emit(_Work(self._token, LibraryFailed))

    def _keep(self, token: str) -> Iterator[LibraryNews]:
        from helix_app.hub.access import keep_token

        keep_token(token)
        yield from self._token()

    def _token(self) -> Iterator[LibraryNews]:
        from helix_app.hub.access import find_token

        yield TokenFound(find_token()[1])

    # ------------------------------------------------------------------ on this thread

    @Slot(object)
    def _on_told(self, event: LibraryNews) -> None:
        if self._over:
            return
        self.news.emit([event])
        if isinstance(event, FileNamed):
            self.changed.emit()
            self.fetch_requested.emit(event.model_id)
