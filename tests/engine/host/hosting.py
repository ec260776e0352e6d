"""What the tests of engine clients share."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator

from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Event, Notice, TextDelta
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import Request

FAKE = "tests.engine.host.fake_engines:Scripted"
Client = HostClient | LocalClient


def closed_after(client: Client) -> Iterator[Client]:
    """The client, closed after its test, with nothing left behind."""
    yield client
    client.close()
    assert not multiprocessing.active_children()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("helix-host")]


def events_of(client: Client, request: Request) -> list[Event]:
    return list(client.stream(request, threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def notices(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Notice)]


def ready(events: list[Event]) -> ModelReady:
    return [event for event in events if isinstance(event, ModelReady)][-1]


def until(stream: Iterator[Event], kind: type) -> list[Event]:
    """Events up to and including the first of this kind."""
    seen = []
    for event in stream:
        seen.append(event)
        if isinstance(event, kind):
            return seen
    raise AssertionError(f"no {kind.__name__} in {seen}")
