"""Intake: who may join, and that nobody is lost at its end."""

from __future__ import annotations

import threading

from helix_app.protocol.intake import AskedEvent, Intake, Joining
from helix_app.protocol.requests import GenerateRequest


def joining(name: str) -> Joining:
    return Joining(GenerateRequest(name))


def test_replies_are_taken_once_in_their_order() -> None:
    intake, first, second = Intake(), joining("a"), joining("b")
    assert not intake.waiting
    assert intake.put(first)
    assert intake.put(second)
    assert intake.waiting
    assert intake.take() == [first, second]
    assert not intake.waiting
    assert intake.take() == []


def test_who_was_ended_while_waiting_is_not_wanted() -> None:
    intake, first, second = Intake(), joining("a"), joining("b")
    assert not intake.wanted
    intake.put(first)
    intake.put(second)
    first.cancel.set()
    assert intake.wanted
    second.cancel.set()
    assert not intake.wanted
    assert intake.waiting


def test_it_closes_only_while_nobody_waits() -> None:
    intake = Intake()
    intake.put(joining("a"))
    assert not intake.close_if_empty()
    intake.take()
    assert intake.close_if_empty()
    assert not intake.put(joining("b"))
    assert intake.close_if_empty()


def test_who_is_not_answered_is_left_at_the_end() -> None:
    intake = Intake()
    for name in "abc":
        intake.put(joining(name))
    intake.take()
    intake.put(joining("d"))
    intake.answered("b")
    intake.answered("the first of the stream")
    assert [left.request.request_id for left in intake.close()] == ["a", "c", "d"]
    assert intake.close() == []


def test_one_or_all_are_cancelled_whether_taken_or_not() -> None:
    intake, replies = Intake(), [joining(name) for name in "abc"]
    for reply in replies[:2]:
        intake.put(reply)
    intake.take()
    intake.put(replies[2])
    intake.cancel("a")
    assert [reply.cancel.is_set() for reply in replies] == [True, False, False]
    intake.answered("b")
    intake.cancel()
    assert [reply.cancel.is_set() for reply in replies] == [True, False, True]


def test_a_reply_put_while_the_stream_ends_is_taken_or_refused() -> None:
    """Never neither: a thousand ends with somebody putting at that moment."""
    for _ in range(1000):
        intake, put = Intake(), list[bool]()
        thread = threading.Thread(target=lambda intake=intake, put=put: put.append(intake.put(joining("a"))))
        thread.start()
        taken = 0
        while not intake.close_if_empty():
            taken += len(intake.take())
        thread.join()
        assert put == [taken == 1]


def test_an_asked_event_is_what_it_is_told_each_time() -> None:
    answers = iter([False, True])
    event = AskedEvent(lambda: next(answers))
    assert [event.is_set(), event.is_set()] == [False, True]
