"""Replies that join a running one: what is handed to ``EngineClient.stream`` beside its first request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from helix_app.protocol.requests import GenerateRequest


@dataclass(frozen=True, eq=False)
class Joining:
    """A reply that is to be written beside others, and the event that ends it alone."""

    request: GenerateRequest
    cancel: threading.Event = field(default_factory=threading.Event)


class AskedEvent(threading.Event):
    """An event that is set while ``ask`` says so; for those who look at one again and again, not for those who wait."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        super().__init__()
        self._ask = ask

    def is_set(self) -> bool:
        """Whether it is set now."""
        return self._ask()


class Intake:
    """Takes replies for one stream, from any thread, until that stream is over.

    Whoever gave the intake to a stream may put further replies into it while the stream runs: their events come in the
    same stream, told apart by ``request_id``, each reply with its own Finished or Failed. The stream ends, and closes
    its intake, once no reply is left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Joining] = []
        self._taken: dict[str, Joining] = {}  # and not answered yet
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Whether any reply waits to be taken."""
        with self._lock:
            return bool(self._waiting)

    @property
    def wanted(self) -> bool:
        """Whether any reply waits to be taken that was not ended meanwhile."""
        with self._lock:
            return any(not joining.cancel.is_set() for joining in self._waiting)

    @property
    def unanswered(self) -> bool:
        """Whether any reply that was put has no result yet."""
        with self._lock:
            return bool(self._waiting or self._taken)

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
            self._taken.update((joining.request.request_id, joining) for joining in taken)
            return taken

    def answered(self, request_id: str) -> None:
        """A reply has its result; any other id is ignored. For the stream alone."""
        with self._lock:
            self._taken.pop(request_id, None)

    def cancel(self, request_id: str = "") -> None:
        """End the reply of this id, or every one, that has no result."""
        with self._lock:
            for joining in (*self._taken.values(), *self._waiting):
                if request_id in ("", joining.request.request_id):
                    joining.cancel.set()

    def close_if_empty(self) -> bool:
        """Take no more, unless some wait; whether it is closed. For the stream, which ends then."""
        with self._lock:
            self._closed = self._closed or not self._waiting
            return self._closed

    def close(self) -> list[Joining]:
        """Take no more; those that have no result, for whoever has to answer them."""
        with self._lock:
            self._closed = True
            unanswered = [*self._taken.values(), *self._waiting]
            self._waiting, self._taken = [], {}
            return unanswered
