"""The choice of combinations has every pair, is small, and the rest is left to the long form."""

from __future__ import annotations

import itertools

import pytest

from tests.covering import choose

SIZES = {"draft": 7, "k": 4, "sampling": 5}
CASES = [
    tuple(zip(SIZES, values, strict=True)) for values in itertools.product(*(range(size) for size in SIZES.values()))
]


@pytest.mark.parametrize("strength", [1, 2, 3])
def test_every_combination_occurs(strength: int) -> None:
    chosen = choose(CASES, strength)
    want = {part for case in CASES for part in itertools.combinations(case, strength)}
    assert {part for i in chosen for part in itertools.combinations(CASES[i], strength)} == want
    assert len(chosen) == {1: 7, 2: len(chosen), 3: len(CASES)}[strength]
    assert len(choose(CASES, 2)) < 1.5 * 7 * 5


def test_the_choice_is_the_same_whatever_the_order() -> None:
    chosen = {CASES[i] for i in choose(CASES, 2)}
    back = CASES[::-1]
    assert {back[i] for i in choose(back, 2)} == chosen


def test_a_single_parameter_keeps_all_its_values() -> None:
    assert choose([(("k", i),) for i in range(5)], 2) == set(range(5))
