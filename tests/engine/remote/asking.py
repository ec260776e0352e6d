"""What tests ask a server, and what comes of it."""

from __future__ import annotations

import threading
from typing import Any

from helix_app.base import messages
from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.events import Event, Failed, TextDelta
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest


def request(text: str = "hello", name: str = "r", **changes: Any) -> GenerateRequest:
    return GenerateRequest(name, (ChatMessage("user", text),), **changes)


def load(client: RemoteClient, url: str, model: str = "") -> Event:
    *_, last = client.stream(LoadRequest(f"{url}#{model}" if model else url), threading.Event())
    return last


def reply(client: RemoteClient, asked: GenerateRequest | None = None) -> tuple[str, Event, list[Event]]:
    """Its text, its result and all its events."""
    seen = list(client.stream(asked or request(), threading.Event()))
    return "".join(e.text for e in seen if isinstance(e, TextDelta)), seen[-1], seen


def failed(result: Event) -> tuple[str, str]:
    """Its code and its sentence."""
    assert isinstance(result, Failed), result
    return result.code, messages.error_text(result.code, result.fields)
