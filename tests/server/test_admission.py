"""Turns: bounded, fair between keys whatever they ask, in order of priority within one; and a rate for each key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.server.admission import FairQueue, QueueFull, RateLimit, Ticket


def served(queue: FairQueue, tickets: list[Ticket]) -> list[Ticket]:
    """The tickets in the order in which they have their turn, each using its whole charge."""
    order: list[Ticket] = []
    while len(order) < len(tickets):
        now = [ticket for ticket in tickets if ticket.turn.is_set() and not ticket.gone]
        assert now, "nobody has a turn, and some wait"
        order += now
        for ticket in now:
            queue.leave(ticket, ticket.charge)
    return order


def test_so_many_run_and_so_many_wait() -> None:
    queue = FairQueue(2, 3)
    tickets = queue.enter("", 0, [5] * 5)
    assert [ticket.turn.is_set() for ticket in tickets] == [True, True, False, False, False]
    assert (queue.running, queue.waiting) == (2, 3)
    with pytest.raises(QueueFull):
        queue.enter("other", 0, [1])
    queue.leave(tickets[0])
    assert tickets[2].turn.is_set()
    queue.enter("other", 0, [1])


def test_all_of_a_request_or_none() -> None:
    queue = FairQueue(1, 2)
    queue.enter("", 0, [1])
    with pytest.raises(QueueFull):
        queue.enter("", 0, [1] * 3)
    assert queue.waiting == 0


def test_a_key_that_floods_does_not_hold_others_up() -> None:
    queue = FairQueue(1, 100)
    flood = queue.enter("flood", 0, [10] * 20)
    calm = queue.enter("calm", 0, [10] * 2)
    order = [ticket.key for ticket in served(queue, flood + calm)]
    assert order[:5] == ["flood", "calm", "flood", "calm", "flood"]


def test_fairness_counts_what_was_written_not_what_was_asked() -> None:
    queue = FairQueue(1, 100)
    shorts = queue.enter("short", 0, [1000] * 3)
    longs = queue.enter("long", 0, [1000] * 3)
    order = []
    while len(order) < 6:
        ticket = next(t for t in shorts + longs if t.turn.is_set() and not t.gone)
        order.append(ticket.key)
        queue.leave(ticket, 10 if ticket.key == "short" else 1000)
    assert order == ["short", "long", "short", "short", "long", "long"]


def test_who_comes_late_has_no_credit_for_the_time_before() -> None:
    queue = FairQueue(1, 100)
    early = queue.enter("early", 0, [10] * 6)
    for ticket in early[:3]:
        queue.leave(ticket, 10)
    late = queue.enter("late", 0, [10] * 3)
    order = [ticket.key for ticket in served(queue, early[3:] + late)]
    assert order == ["early", "late", "early", "late", "early", "late"]


def test_priority_orders_the_replies_of_one_key_alone() -> None:
    queue = FairQueue(1, 100)
    running = queue.enter("a", 0, [1])
    low, high = queue.enter("a", 0, [1]), queue.enter("a", 5, [1])
    other = queue.enter("b", -5, [1])
    order = served(queue, running + low + high + other)
    assert order.index(other[0]) < order.index(low[0])  # another key's turn does not wait for priorities
    assert order.index(high[0]) < order.index(low[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-2, 2), st.booleans()), max_size=25))
def test_nothing_is_lost_whatever_is_given_up(asked: list[tuple[str, int, bool]]) -> None:
    queue = FairQueue(2, 100)
    tickets = [queue.enter(key, priority, [3])[0] for key, priority, _ in asked]
    kept = []
    for ticket, (_, _, gives_up) in zip(tickets, asked):
        if gives_up:
            queue.leave(ticket)
            queue.leave(ticket)
        else:
            kept.append(ticket)
    served(queue, kept)
    assert (queue.running, queue.waiting) == (0, 0)
    assert len(queue.enter("d", 0, [1] * 102)) == 102


def test_a_rate_refills_evenly() -> None:
    now = 0.0
    rate = RateLimit(60, lambda: now)
    assert [rate.wait_seconds("a") for _ in range(60)] == [0.0] * 60
    assert rate.wait_seconds("a") == pytest.approx(1.0)
    assert rate.wait_seconds("b") == 0.0
    now = 1.0
    assert rate.wait_seconds("a") == 0.0
    assert rate.wait_seconds("a") > 0
    assert RateLimit(0).wait_seconds("a") == 0.0
