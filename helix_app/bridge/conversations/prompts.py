"""Prompts that are looked at for a window while they are written: one after the other, and the latest alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QThread, Signal, Slot

from helix_app.bridge.worker import OwnThread
from helix_app.engine.text.prompt_child import PromptChild
from helix_app.protocol.conversations.prompts import PromptAsked, PromptCounted


class Looks(Protocol):
    """What gives the answers."""

    def __call__(self, asked: PromptAsked) -> PromptCounted:
        """One answer. Never raises."""
        ...

    def stop(self) -> None:
        """Let nobody wait for an answer any more; from any thread."""
        ...

    def close(self) -> None:
        """End."""
        ...


class _Counter(QObject):
    """Signals: told(list of PromptCounted)."""

    told = Signal(list)

    def __init__(self, look: Looks) -> None:
        super().__init__()
        self._look = look
        self._lock = threading.Lock()
        self._latest: dict[bool, PromptAsked] = {}

    def put(self, asked: PromptAsked) -> None:
        """Take the place of an earlier question of the same kind. From any thread."""
        with self._lock:
            self._latest[asked.tokens] = asked

    @Slot()
    def do_next(self) -> None:
        """Answer what waits, if it has not been answered already. Never raises."""
        while True:
            with self._lock:
                if not self._latest:
                    return
                asked = self._latest.pop(next(iter(self._latest)))
            self.told.emit([self._look(asked)])

    @Slot()
    def end(self) -> None:
        """End what answers, and the thread."""
        self._look.close()
        QThread.currentThread().quit()


class Prompts(OwnThread):
    """Counts the tokens of prompts.

    Signals:
        news(list): PromptCounted.
    """

    news = Signal(list)
    _next_asked = Signal()
    _end_asked = Signal()

    def __init__(self, make: Callable[[], Looks] = PromptChild, parent: QObject | None = None) -> None:
        look = make()
        counter = _Counter(look)
        super().__init__(counter, "helix-prompts", parent)
        self._look, self._counter = look, counter
        self._next_asked.connect(self._counter.do_next)
        self._end_asked.connect(self._counter.end)
        self._counter.told.connect(self.news)

    @Slot(object)
    def ask(self, asked: PromptAsked) -> None:
        """Look at a prompt; ``news`` tells, unless a later one comes before."""
        if self._begin():
            self._counter.put(asked)
            self._next_asked.emit()

    @Slot()
    def shutdown(self) -> None:
        """End, without waiting for an answer. May be called twice."""
        if self._over:
            return
        self._over = True
        if self.thread_.isRunning():
            self._look.stop()
            self._end_asked.emit()
            self.thread_.wait()
