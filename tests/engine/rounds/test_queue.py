"""Who waits: in order, and without looking at everybody."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from helix_app.engine.control.costs import CostTable
from helix_app.engine.rounds.queue import Feed, Waiting
from helix_app.engine.rounds.replies.reply import Reply


@dataclass(eq=False)
class Placed:
    """What the queue sees of a reply."""

    sequence_id: str
    order: tuple[int, int]


def placed(name: str, order: tuple[int, int]) -> Reply:
    return cast(Reply, Placed(name, order))


def test_the_first_is_always_the_one_with_the_least_order() -> None:
    chance, waiting = random.Random(1), Waiting()
    left: list[Reply] = []
    for number in range(400):
        if left and chance.random() < 0.45:
            gone = chance.choice(left) if chance.random() < 0.5 else min(left, key=lambda reply: reply.order)
            waiting.remove(gone)
            left.remove(gone)
            if chance.random() < 0.3:  # it ran for a while and was preempted
                waiting.add(gone)
                left.append(gone)
        else:
            left.append(placed(str(number), (chance.randrange(9), number)))
            waiting.add(left[-1])
        assert len(waiting) == len(left)
        assert set(waiting) == set(left)
        assert waiting.first() is min(left, key=lambda reply: reply.order, default=None)
        assert all(one.sequence_id in waiting for one in left)
    waiting.clear()
    assert waiting.first() is None
    assert len(waiting) == 0


def test_one_that_does_not_wait_cannot_be_removed() -> None:
    with pytest.raises(KeyError):
        Waiting().remove(placed("a", (0, 0)))


def test_the_first_of_many_replies_gets_room_where_rows_cost() -> None:
    """Few are let in until one reply is over, or for a while; where more rows cost next to nothing, all are."""
    for cost, places in ((1.0, 2), (0.3, 4), (0.01, 64)):
        costs = CostTable()
        costs.add(1, 0, 0.1)
        costs.relate({2: 1.0 + cost, 9: 1.0 + 8 * cost})
        session: Any = SimpleNamespace(costs=costs)
        feed = Feed(iter(()), threading.Event())
        assert feed.places(session, 64) == places
        assert replace(feed, ended=1).places(session, 64) == 64
        assert replace(feed, begun=feed.begun - 60).places(session, 64) == 64
    unknown: Any = SimpleNamespace(costs=CostTable())
    assert Feed(iter(()), threading.Event()).places(unknown, 64) == 64
