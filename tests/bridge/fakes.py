"""A hub without models and a window without widgets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from helix_app.base.errors import HelixError, InputError
from helix_app.bridge.controller import Hub, SessionController
from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Event, TextDelta
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import CatalogItem, LoadChoice, LoadRequest

FAKE = "tests.engine.host.fake_engines:Scripted"
Client = HostClient | LocalClient


class FakeHub:
    """A hub whose downloads wait until they are let through or cancelled.

    Attributes:
        threads: names of the threads it was called on.
        asked: what the catalog was asked for.
        forgetting: how many tables there are to forget, or what goes wrong.
    """

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = {}
        self.threads: set[str] = set()
        self.asked: list[tuple[str, ...]] = []
        self.forgetting: int | HelixError | ZeroDivisionError = 2

    def hub(self) -> Hub:
        return Hub(self.resolve, self.download, self.catalog, self.forget)

    def resolve(self, choice: LoadChoice) -> LoadRequest:
        self._note_thread()
        if choice.target == "unknown":
            raise InputError("model_unknown", name="unknown")
        return LoadRequest(choice.target, draft=choice.draft)

    def download(self, model_id: str, cancel: threading.Event) -> Iterator[Event]:
        self._note_thread()
        if model_id == "faulty":
            raise ZeroDivisionError("on purpose")
        gate = self.gates.setdefault(model_id, threading.Event())
        yield DownloadProgress(model_id, "download", 1, 2)
        while not gate.wait(0.01):
            if cancel.is_set():
                yield DownloadFailed(model_id, "download_cancelled")
                return
        yield DownloadDone(model_id, f"/models/{model_id}")

    def catalog(self, opened: Sequence[str]) -> tuple[CatalogItem, ...]:
        self._note_thread()
        self.asked.append(tuple(opened))
        return (CatalogItem("m", "M", 1, 0, "MIT", ""),)

    def forget(self) -> int:
        self._note_thread()
        if isinstance(self.forgetting, Exception):
            raise self.forgetting
        return self.forgetting

    def _note_thread(self) -> None:
        thread = QThread.currentThread()
        self.threads.add(thread.objectName())


class Watcher(QObject):
    """Keeps what a controller says, as a window would see it."""

    def __init__(self, controller: SessionController, qtbot: QtBot) -> None:
        super().__init__()
        self.seen: list[Event] = []
        self.busy: list[bool] = []
        self._qtbot = qtbot
        controller.events.connect(self.seen.extend)
        controller.busy_changed.connect(self.busy.append)

    def wait_for(self, wanted: Event | type, count: int = 1) -> Event:
        """Wait until an event equal to ``wanted``, or of that type, was seen ``count`` times; the last one."""
        self._qtbot.waitUntil(lambda: len(self._matching(wanted)) >= count, timeout=20_000)
        return self._matching(wanted)[count - 1]

    def text(self) -> str:
        return "".join(event.text for event in self.seen if isinstance(event, TextDelta))

    def _matching(self, wanted: Event | type) -> list[Event]:
        if isinstance(wanted, type):
            return [event for event in self.seen if isinstance(event, wanted)]
        return [event for event in self.seen if event == wanted]


def ready(event: Event) -> str:
    """The name of the model that a load brought."""
    assert isinstance(event, ModelReady)
    return event.target_name
