"""Replies that join a running one: what is handed to ``EngineClient.stream`` beside its first request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from helix_app.protocol.requests import GenerateRequest


@dataclass(frozen=True, eq=False)
class Joining:
    """A reply that is to be written beside others, and the event that ends it alone."""

    request: GenerateRequest
    cancel: threading.Event = field(default_factory=threading.Event)


class Intake:
    """Takes replies for one stream, from any thread, until that stream is over.

    Whoever gave the intake to a stream may put further replies into it while the stream runs: their events come in the
    same stream, told apart by ``request_id``, each reply with its own Finished or Failed. The stream ends, and closes
    its intake, once no reply is left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Joining] = []
        self._closed = False

    def __bool__(self) -> bool:
        """Whether any reply waits to be taken."""
        with self._lock:
            return bool(self._waiting)

    def put(self, joining: Joining) -> bool:
        """Add a reply; False, and nothing comes of it, when the stream is over."""
        with self._lock:
            if not self._closed:
                self._waiting.append(joining)
            return not self._closed

    def take(self) -> list[Joining]:
        """All replies that came since the last time, in their order. For the stream alone."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            return taken

    def close_if_empty(self) -> bool:
        """Take no more, unless some wait; whether it is closed. For the stream, which ends then."""
        with self._lock:
            self._closed = self._closed or not self._waiting
            return self._closed

    def close(self) -> list[Joining]:
        """Take no more; those that were not taken, for whoever has to answer them."""
        with self._lock:
            self._closed = True
            taken, self._waiting = self._waiting, []
            return taken
