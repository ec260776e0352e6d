"""The process that draws formulas: answers, refusals, and a process that dies."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from helix_app.gui.formulas import child
from helix_app.gui.formulas.child import ChildTypesetter, TypesettingError
from helix_app.gui.formulas.typeset import Drawing, typeset


@pytest.fixture(scope="module")
def typesetter() -> Iterator[ChildTypesetter]:
    """A process for all tests here: it takes a second to start."""
    made = ChildTypesetter()
    yield made
    made.close()


def the_process() -> multiprocessing.process.BaseProcess:
    return next(one for one in multiprocessing.active_children() if one.name == "helix-formulas")


def test_it_draws_what_would_be_drawn_here(typesetter: ChildTypesetter) -> None:
    assert typesetter(r"\frac{a}{b}", True) == typeset(r"\frac{a}{b}", True)


def test_it_says_what_it_cannot_draw_and_goes_on(typesetter: ChildTypesetter) -> None:
    typesetter("x", False)
    before = the_process().pid
    with pytest.raises(TypesettingError, match="nosuchword"):
        typesetter(r"\nosuchword", False)
    assert isinstance(typesetter("x", False), Drawing)
    assert the_process().pid == before


def test_a_process_that_died_is_replaced(typesetter: ChildTypesetter) -> None:
    typesetter("x", False)
    the_process().kill()
    the_process().join(5)
    with pytest.raises(TypesettingError, match="ended"):
        typesetter("y", False)
    assert isinstance(typesetter("y", False), Drawing)


def test_a_formula_that_takes_too_long_is_given_up(
    typesetter: ChildTypesetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    typesetter("x", False)
    monkeypatch.setattr(child, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(TypesettingError, match="too long"):
        typesetter(r"\frac{a}{b} + \sqrt{c}" * 20, True)


def test_closed_it_leaves_no_process_behind() -> None:
    before = {one.pid for one in multiprocessing.active_children()}
    made = ChildTypesetter()
    made("x", False)
    assert {one.pid for one in multiprocessing.active_children()} > before
    made.close()
    assert {one.pid for one in multiprocessing.active_children()} <= before
    made.close()
