"""Formulas as drawings: what comes out, and what is refused."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from helix_app.gui.formulas.typeset import EM, INK, UnsupportedFormula, typeset

KNOWN = [
    r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
    r"\begin{aligned} a &= b \\ &= -c \end{aligned}",
    r"\begin{align} a &= b \\ c &= d \end{align}",
    r"f(x) = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2} \implies \sum_{n=1}^\infty \dfrac{1}{n^2}",
    r"\ce{2H2 + O2 -> 2H2O}",
    r"\boxed{x = 42} \tag{1} \label{eq}",
    r"\underbrace{a + b}_{\text{sum}}, \hat{x}, \overline{AB}, \mathbb{R}^n, \operatorname{rank}(A), \binom{n}{k}",
]


@pytest.mark.parametrize("display", [True, False])
@pytest.mark.parametrize("latex", KNOWN)
def test_what_models_write_is_drawn(latex: str, display: bool) -> None:
    drawing = typeset(latex, display)
    root = ET.fromstring(drawing.svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "path", "rect"}  # what Qt can paint
    painted = [element for element in root.iter() if element.tag.endswith(("path", "rect"))]
    assert {element.get("fill") for element in painted} <= {INK, "none"}  # or it would be black in a dark window
    assert drawing.width > EM / 4
    assert drawing.ascent > 0
    assert drawing.ascent + drawing.descent > EM / 4


def test_a_formula_hangs_below_the_baseline_where_it_should() -> None:
    assert typeset("x", False).descent < 2.5
    assert typeset("y", False).descent > typeset("x", False).descent
    assert typeset(r"\frac{a}{b}", True).descent > 6


def test_a_formula_in_a_line_is_lower() -> None:
    for latex in (r"\int_0^1 x", r"\sum_{i=1}^n i", r"\frac{a}{b}"):
        line, display = typeset(latex, False), typeset(latex, True)
        assert line.ascent + line.descent < display.ascent + display.descent


def test_it_can_ask_for_the_large_style_in_a_line() -> None:
    assert typeset(r"\displaystyle\sum_{i=1}^n i", False) == typeset(r"\sum_{i=1}^n i", True)


@pytest.mark.parametrize("latex", [r"\phantom{x}", r"\nosuchword{x}", r"\text{速度}", "{" * 60 + "x" + "}" * 60])
def test_what_cannot_be_drawn_as_it_is_meant_is_refused(latex: str) -> None:
    with pytest.raises(UnsupportedFormula):
        typeset(latex, False)


def test_a_sign_stands_at_its_number() -> None:
    assert typeset("x = -1", False).width < typeset("x = 2 - 1", False).width - EM / 2
