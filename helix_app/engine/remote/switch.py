"""Two engines behind one interface: this computer's, and a server's. One of them has a model at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from helix_app.engine.remote.client import RemoteClient, is_for_server
from helix_app.protocol.events import EngineClient, Event, Failed
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import ModelReady, Unloaded
from helix_app.protocol.requests import DevicesRequest, LoadRequest, Request, UnloadRequest


class SwitchClient:
    """An ``EngineClient`` that gives each request to the engine whose model answers.

    A server's model frees this computer's once it can be used; a load that fails leaves whatever answered before.

    Attributes:
        local: this computer's engine.
    """

    def __init__(self, local: EngineClient, remote: RemoteClient) -> None:
        self.local, self._remote = local, remote
        self._away = self._loaded = False  # the server's answers; any does

    def start(self) -> None:
        """Let this computer's engine get ready, if it can."""
        start = getattr(self.local, "start", None)
        if start is not None:
            start()

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """See ``events.EngineClient``."""
        if is_for_server(request):
            yield from self._to_server(request, cancel)
        elif isinstance(request, LoadRequest):
            yield from self._to_local(request, cancel)
        elif isinstance(request, UnloadRequest):
            self._away = self._loaded = False
            yield from self.local.stream(request, cancel)
        elif self._away and not isinstance(request, DevicesRequest):
            yield from self._remote.stream(request, cancel, others)
        else:
            yield from self.local.stream(request, cancel, others)

    def close(self) -> None:
        """End both."""
        self._remote.close()
        self.local.close()

    def _to_server(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        for event in self._remote.stream(request, cancel):
            if isinstance(event, Unloaded) and self._loaded:  # stopped: what answers stays
                event = Failed("load_cancelled")
            if isinstance(event, Failed):
                yield replace(event, kept=self._loaded)
                continue
            if isinstance(event, ModelReady) and not self._away:
                for freed in self.local.stream(UnloadRequest(), threading.Event()):
                    if isinstance(freed, Failed):
                        yield replace(freed, kept=self._loaded)
                        return
                self._away = True
            self._loaded = self._loaded or isinstance(event, ModelReady)
            yield event

    def _to_local(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        for event in self.local.stream(request, cancel):
            if isinstance(event, ModelReady):
                self._away, self._loaded = False, True
            if self._away and isinstance(event, Failed):
                event = replace(event, kept=True)
            if self._away and isinstance(event, Unloaded):  # stopped: nothing answers, as after any load that was
                self._away = False
            if isinstance(event, Unloaded) or (isinstance(event, Failed) and not event.kept):
                self._loaded = False
            yield event
