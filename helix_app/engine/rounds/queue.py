"""Who waits for a place in the scheduler: replies in their order, and requests that are not even looked at yet."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

from helix_app.engine.rounds.replies.reply import Reply
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Event
from helix_app.protocol.intake import Joining
from helix_app.protocol.requests import GenerateRequest

_FIRST_SECONDS = 4.0  # that the first of many replies is given room
_SLOWER = 2.0  # times a single row, that a pass may take meanwhile


class Waiting:
    """Replies by their order; nothing here takes time in proportion to how many wait, but going over them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Reply] = {}
        self._heap: list[tuple[tuple[int, int], int, Reply]] = []  # may hold some that no longer wait
        self._added = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Reply]:
        return iter(list(self._by_id.values()))

    def __contains__(self, sequence_id: object) -> bool:
        return sequence_id in self._by_id

    def add(self, reply: Reply) -> None:
        """Let it wait. Its id must differ from those of the others."""
        self._by_id[reply.sequence_id] = reply
        self._added += 1
        heapq.heappush(self._heap, (reply.order, self._added, reply))

    def first(self) -> Reply | None:
        """Whose turn is next; it goes on waiting."""
        while self._heap:
            reply = self._heap[0][2]
            if self._by_id.get(reply.sequence_id) is reply:
                return reply
            heapq.heappop(self._heap)
        return None

    def remove(self, reply: Reply) -> None:
        """It waits no longer. Raises KeyError for one that does not wait."""
        del self._by_id[reply.sequence_id]

    def clear(self) -> None:
        """Nobody waits."""
        self._by_id.clear()
        self._heap.clear()


@dataclass
class Feed:
    """Requests that come as there is room for them: until then they cost neither time nor memory.

    Attributes:
        cancel: ends their replies; no more requests are taken then.
        ended: how many replies are over.
    """

    requests: Iterator[GenerateRequest]
    cancel: threading.Event
    ended: int = 0
    begun: float = field(default_factory=time.monotonic)

    def places(self, session: Session, max_running: int) -> int:
        """How many replies may be on at once.

        Where every row costs, a crowd writes its first reply much later than that reply would be written alone. Until
        one is over, or for a while, so few are let in that a pass takes at most twice as long as for one.
        """
        single = session.costs.expect(1, 0)
        if self.ended or single is None or time.monotonic() - self.begun > _FIRST_SECONDS:
            return max_running
        places = 1
        while places < max_running and (session.costs.expect(places + 1, 0) or 0.0) <= _SLOWER * single:
            places += 1
        return places

    def give(self, join: Callable[[Joining], Iterator[Event]]) -> Generator[Event, None, bool]:
        """Queue one request by ``join``. False when there are no more, or none are wanted."""
        request = None if self.cancel.is_set() else next(self.requests, None)
        if request is None:
            return False
        yield from join(Joining(request, self.cancel))
        return True
