"""Events find their way: each part of a window says which kinds it takes, and what is called with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Handlers = Mapping[type, Callable[[Any], None]]  # what is called with an event of each kind


class Router:
    """Hands events to whoever takes their kind, in the order they were added; an unknown event is ignored."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[Any], None]]] = {}

    def add(self, handlers: Handlers) -> None:
        """Let these be called, too."""
        for kind, handle in handlers.items():
            self._handlers.setdefault(kind, []).append(handle)

    def route(self, event: object) -> None:
        """Hand an event on."""
        for handle in tuple(self._handlers.get(type(event), ())):  # parts may come meanwhile
            handle(event)
