"""Servers are asked for their models on threads of their own, and their keys are kept there."""

from __future__ import annotations

import threading
from contextlib import suppress

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base import texts
from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.base.process.keys import KeyStore
from helix_app.base.remote import RemoteModel, base_url
from helix_app.engine.remote.server import models_of
from helix_app.protocol.remote import RemoteAsked, RemoteFound


class Remotes(QObject):
    """Asks servers; of one that does not answer nobody waits for the end.

    Signals:
        news: a list with a RemoteFound.
    """

    news = Signal(list)
    _told = Signal(object)

    def __init__(self, keys: KeyStore | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keys = keys or KeyStore()
        self._over = False
        self._told.connect(self._on_told)

    @Slot(object)
    def ask(self, asked: RemoteAsked) -> None:
        """Find out what a server offers."""
        if not self._over:
            threading.Thread(target=self._run, args=(asked,), name="helix-remotes", daemon=True).start()

    @Slot()
    def shutdown(self) -> None:
        """Tell nothing any more. May be called twice."""
        self._over = True

    def _run(self, asked: RemoteAsked) -> None:
        try:
            found = self._look(asked)
        except Exception as error:
            found = RemoteFound(asked.address, failed=failure(error))
        if not self._over:
            with suppress(RuntimeError):  # the window is gone just now
                self._told.emit(found)

    def _look(self, asked: RemoteAsked) -> RemoteFound:
        url = base_url(asked.address)
        key = self._keys.get(url) if asked.key is None else asked.key
        models = models_of(RemoteModel(url), key)
        if asked.key is not None:  # the server takes it
            try:
                self._keys.set(url, key)
            except OSError as error:
                reason = texts.why(error)
                raise HelixError("remote_key_unkept", path=self._keys.path, reason=reason) from error
        return RemoteFound(url, models, keyed=bool(key))

    @Slot(object)
    def _on_told(self, found: RemoteFound) -> None:
        if not self._over:
            self.news.emit([found])
