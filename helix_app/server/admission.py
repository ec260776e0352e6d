"""Who may begin, and when: a bounded queue that is fair between keys, and a rate for each key.

Fairness is start-time fair queueing (Goyal et al., 1996) over tokens: whose replies cost least so far is next. A reply
is charged its longest length when it begins and, when it ends, gets back what it did not write. ``priority`` orders the
replies of one key; between keys it counts nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


class QueueFull(Exception):
    """Too many replies wait already."""


@dataclass(eq=False)
class Ticket:
    """A reply's turn.

    Attributes:
        key: whose it is.
        charge: tokens it is charged.
        turn: set when it may begin.
    """

    key: str
    priority: int
    charge: int
    number: int
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False

    def __lt__(self, other: Ticket) -> bool:
        return (-self.priority, self.number) < (-other.priority, other.number)


class FairQueue:
    """Lets so many replies run at once. For one event loop; nothing here waits.

    Attributes:
        running: replies that have their turn.
        waiting: those that do not.
    """

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self._max_running, self._max_waiting = max_running, max_waiting
        self._queues: dict[str, list[Ticket]] = {}  # heaps
        self._served: dict[str, float] = {}
        self._holders: dict[str, int] = {}  # tickets of a key, waiting or running
        self._numbers = itertools.count()
        self._virtual = 0.0  # what the key whose turn came last had cost before
        self.running = self.waiting = 0

    def enter(self, key: str, priority: int, charges: Sequence[int]) -> list[Ticket]:
        """Take a turn for each of these replies, or for none. Raises QueueFull."""
        free = max(0, self._max_running - self.running - self.waiting)
        if self.waiting + len(charges) - free > self._max_waiting:
            raise QueueFull
        if key not in self._holders:  # whoever comes anew has no credit for the time away
            self._served[key] = max(self._served.get(key, 0.0), self._virtual)
        tickets = [Ticket(key, priority, charge, next(self._numbers)) for charge in charges]
        self._holders[key] = self._holders.get(key, 0) + len(tickets)
        for ticket in tickets:
            heapq.heappush(self._queues.setdefault(key, []), ticket)
        self.waiting += len(tickets)
        self._admit()
        return tickets

    def leave(self, ticket: Ticket, used: int = 0) -> None:
        """A reply is over after ``used`` tokens, or is given up while it waits. May be called twice."""
        if ticket.gone:
            return
        ticket.gone = True
        if ticket.turn.is_set():
            self.running -= 1
            self._served[ticket.key] += used - ticket.charge
        else:
            self.waiting -= 1
        self._holders[ticket.key] -= 1
        if not self._holders[ticket.key]:
            del self._holders[ticket.key]
        self._admit()
        if not self._holders:
            self._served.clear()
            self._queues.clear()
            self._virtual = 0.0

    def _admit(self) -> None:
        while self.running < self._max_running:
            for key in [key for key, heap in self._queues.items() if not self._trim(heap)]:
                del self._queues[key]
            if not self._queues:
                return
            key = min(self._queues, key=lambda name: (self._served[name], self._queues[name][0].number))
            ticket = heapq.heappop(self._queues[key])
            self._virtual = self._served[key]
            self._served[key] += ticket.charge
            self.waiting -= 1
            self.running += 1
            ticket.turn.set()

    @staticmethod
    def _trim(heap: list[Ticket]) -> bool:
        """Whether a live ticket is first; those that were given up are dropped."""
        while heap and heap[0].gone:
            heapq.heappop(heap)
        return bool(heap)


class RateLimit:
    """A bucket of requests for each key, refilled evenly; it holds a minute's worth."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._clock = per_minute, clock
        self._buckets: dict[str, tuple[float, float]] = {}  # requests left, at which time

    def wait_seconds(self, key: str) -> float:
        """0 when a request may come, which is counted then; else how long until one may."""
        if not self._per_minute:
            return 0.0
        now = self._clock()
        left, at = self._buckets.get(key, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - at) * self._per_minute / 60)
        if left < 1:
            self._buckets[key] = left, now
            return (1 - left) * 60 / self._per_minute
        self._buckets[key] = left - 1, now
        return 0.0
