"""How likely each drafted token is accepted: what was seen, latest first, and what is believed before."""

from __future__ import annotations

import pytest

from helix_app.engine.control.acceptance import Acceptance


def test_positions_count_only_when_reached() -> None:
    made = Acceptance("draft", 4)
    for _ in range(100):
        made.learn(4, 1)  # the first stands, the second never does
    beliefs = made.conditional()
    assert beliefs[0] > 0.9
    assert beliefs[1] < 0.15
    assert beliefs[2] == pytest.approx(beliefs[1])  # never reached: it believes what the one before does
    assert made.expected_tokens(4) == pytest.approx(
        1 + beliefs[0] * (1 + beliefs[1] * (1 + beliefs[2] * (1 + beliefs[3])))
    )
    assert made.rolling == pytest.approx(0.25)


def test_the_latest_rounds_weigh_most() -> None:
    made = Acceptance("draft", 2)
    for _ in range(50):
        made.learn(1, 1)
    for _ in range(15):
        made.learn(1, 0)
    assert made.conditional()[0] < 0.5


def test_before_the_first_round_every_position_has_the_guess_of_its_source() -> None:
    long, short = Acceptance("ngram:6", 3).conditional(), Acceptance("ngram:2", 3).conditional()
    assert len(set(long)) == len(set(short)) == 1
    assert 0 < short[0] < long[0] < 1  # a long match deserves more trust
    assert Acceptance("named by nobody", 1).conditional() == [0.5]


def test_a_rejection_says_nothing_of_the_positions_behind_it() -> None:
    made, other = Acceptance("draft", 3), Acceptance("draft", 3)
    made.learn(3, 0)
    other.learn(1, 0)
    assert made.conditional() == other.conditional()


def test_more_drafted_tokens_than_positions_are_no_error() -> None:
    made = Acceptance("draft", 2)
    made.learn(5, 5)
    assert all(belief > 0.5 for belief in made.conditional())
    assert made.expected_tokens(9) == made.expected_tokens(2)


def test_expected_tokens_are_one_without_a_draft_and_grow_with_it() -> None:
    made = Acceptance("draft", 4)
    made.learn(4, 3)
    expected = [made.expected_tokens(k) for k in range(5)]
    assert expected[0] == 1.0
    assert expected == sorted(expected)
    assert expected[4] < 5.0


def test_the_rolling_rate_begins_with_the_fourth_token_and_follows_the_latest() -> None:
    made = Acceptance("draft", 4)
    made.learn(3, 3)
    assert made.rolling is None
    made.learn(1, 1)
    assert made.rolling == 1.0
    for _ in range(30):
        made.learn(4, 0)
    assert made.rolling is not None
    assert made.rolling < 0.05


def test_a_record_that_restarts_is_a_new_one() -> None:
    made = Acceptance("model", 3)
    for _ in range(10):
        made.learn(3, 0)
    made.restart()
    assert made.rolling is None
    assert made.conditional() == Acceptance("model", 3).conditional()
