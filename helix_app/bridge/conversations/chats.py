"""Kept conversations for one window: what it asks is done on a thread of its own, one thing after the other."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from helix_app.bridge.conversations.chat_keeper import ChatKeeper
from helix_app.bridge.worker import OwnThread
from helix_app.protocol.conversations.chats import ChatAsked
from helix_app.store.chats.store import ChatStore

log = logging.getLogger(__name__)


class _Clerk(QObject):
    """Signals: told(list of ChatNews and Notice)."""

    told = Signal(list)

    def __init__(self, keeper: ChatKeeper) -> None:
        super().__init__()
        self._keeper = keeper
        self.asked: queue.SimpleQueue[ChatAsked] = queue.SimpleQueue()

    @Slot()
    def do_next(self) -> None:
        """Do the next request. The list follows when no other waits, for that might change it, too. Never raises."""
        said = self._keeper.do(self.asked.get())
        if self.asked.empty():
            said += self._keeper.listed()
        if said:
            self.told.emit(said)

    @Slot()
    def end(self) -> None:
        """Close the file and end the thread; all that was asked before is done."""
        said = self._keeper.close()
        if said:
            self.told.emit(said)
        QThread.currentThread().quit()


class Chats(OwnThread):
    """Keeps, finds and exports the conversations of one window.

    Signals:
        news(list): ChatNews and Notice, in order.
    """

    news = Signal(list)
    _next_asked = Signal()
    _end_asked = Signal()

    def __init__(self, make_store: Callable[[], ChatStore] = ChatStore, parent: QObject | None = None) -> None:
        clerk = _Clerk(ChatKeeper(make_store))
        super().__init__(clerk, "helix-chats", parent)
        self._clerk = clerk
        self._next_asked.connect(self._clerk.do_next)
        self._end_asked.connect(self._clerk.end)
        self._clerk.told.connect(self.news)

    @Slot(object)
    def ask(self, asked: ChatAsked) -> None:
        """Do what a window asks for; ``news`` tells what came of it."""
        if not self._begin():
            log.warning("asked after the end: %s", type(asked).__name__)
            return
        self._clerk.asked.put(asked)
        self._next_asked.emit()

    @Slot()
    def shutdown(self) -> None:
        """End the thread once all that was asked is done and the file is closed. May be called twice."""
        if self._over:
            return
        self._over = True
        if self.thread_.isRunning():
            self._end_asked.emit()
            self.thread_.wait()
            QCoreApplication.sendPostedEvents(self)  # what came of the last requests
