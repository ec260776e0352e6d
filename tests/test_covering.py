"""The choice of combinations has every pair, is small, and the rest is left to the long form."""

from __future__ import annotations

import itertools

import pytest

from tests.covering import choose, leave_to_soak

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


def left_of(request: pytest.FixtureRequest) -> list[pytest.Function]:
    """What the suite keeps of the cases of the test that asks; collected anew, whichever of them run."""
    module = request.node.getparent(pytest.Module)
    assert module is not None
    cases = [item for item in module.collect() if isinstance(item, pytest.Function)]
    same = [item for item in cases if item.originalname == request.node.originalname]
    leave_to_soak(same)
    return [item for item in same if item.get_closest_marker("soak") is None]


@pytest.mark.covering
@pytest.mark.parametrize("a", range(4))
@pytest.mark.parametrize("b", ["x", "y", "z", "w"])
@pytest.mark.parametrize(("c", "d"), [(1.5, 2.5), (3.5, 4.5), (5.5, 6.5), (7.5, 8.5)])
def test_of_real_tests_few_are_left(request: pytest.FixtureRequest, a: int, b: str, c: float, d: float) -> None:
    """Of 64 cases; the values of each count, not the cases."""
    assert len(left_of(request)) < 40


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("a", [0, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("b", ["x", "y"])
def test_what_is_left_to_the_long_form_anyway_covers_nothing(request: pytest.FixtureRequest, a: int, b: str) -> None:
    assert {item.callspec.params["b"] for item in left_of(request)} == {"x", "y"}
